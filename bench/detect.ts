// Looking for identifiers in what agents say and tools answer, against counting the numbers in the same text.

import { detectStructured } from '../packages/affidavit/src/classify/structured.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'

export async function measureDetect({ effort }: Context): Promise<Row[]> {
  const length = (effort === 'quick' ? 4 : 16) * 2 ** 20
  return [
    await measureText('a conversation', fill(conversation, length)),
    await measureText('answers of tools', fill(toolAnswer, length)),
  ]
}

async function measureText(what: string, text: string): Promise<Row> {
  const megabytes = text.length / 1e6
  const rounds = await repeat(5, async () => ({
    ours: megabytes / (await secondsOf(() => detectStructured(text))),
    numbers: megabytes / (await secondsOf(() => countNumbers(text))),
  }))
  return {
    measurement: 'detect',
    what: `identifiers in ${what} (at least 20 MB/s)`,
    against: 'counting numbers by a pattern',
    unit: 'MB/s',
    ...compare(
      rounds,
      ({ ours }) => ours,
      ({ numbers }) => numbers,
    ),
  }
}

function countNumbers(text: string): number {
  let count = 0
  for (const _ of text.matchAll(/\d+/g)) count++
  return count
}

// Joined and cut, so that the text lies in one piece, as one that was read does.
function fill(part: (n: number) => string, length: number): string {
  const parts: string[] = []
  for (let n = 0, filled = 0; filled < length; n++) {
    const next = part(n)
    parts.push(next)
    filled += next.length
  }
  return parts.join('')
}

function conversation(n: number): string {
  return (
    `Thank you for calling. I can see the appointment that was made on 12 October at ${8 + (n % 9)}:30, and nothing has been ` +
    `cancelled since. Could you confirm the number we have, (202) 456-${1000 + (n % 9000)}, and the date of birth, please? ` +
    `The referral was sent to ann.lee${n}@example.org yesterday; you will hear from them within ${2 + (n % 5)} working days.\n`
  )
}

function toolAnswer(n: number): string {
  return (
    `{"id":"01931b5e-${(n % 65_536).toString(16).padStart(4, '0')}-7abc-8def-0123456789ab","status":200,"mrn":${100_000 + n},` +
    `"updated_at":"2026-11-21T09:30:${10 + (n % 50)}.${100 + (n % 900)}Z","amount":${n * 31}.50,"card":"4111111111111111",` +
    '"items":[{"sku":"A-1204","count":3,"price":12.95}],"client_ip":"203.0.113.7"}\n'
  )
}
