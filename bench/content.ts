// What content costs: records with 2 kB of it against the same records without, and opening a conversation word for word.

import type { Draft } from 'affidavit'

import { parseAccessPolicy } from '../packages/affidavit/src/access/parse.ts'
import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import { wholeBody } from '../packages/affidavit/src/ledger/open-content.ts'
import { appendConcurrently, CALLERS } from './callers.ts'
import type { Context } from './context.ts'
import { createWorkload } from './drafts.ts'
import { openNew, stretch } from './ledgers.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'

const RECORDS = 4_096
const MESSAGES = 50
const POLICY =
  'affidavit_access: 1\nrevision: bench\npeople: { bench: { roles: [privacy_officer] } }\neverybody_else: []\n'
const WORDS = 'The potassium of the last three weeks is within range; nothing else in the chart asks for a call today. '

/** 2 kB that no other record has. */
function withContent(draft: Draft, n: number): Draft {
  const body = `${n} ${WORDS.repeat(20)}`.slice(0, 2_000)
  return { ...draft, content: [{ name: 'message', media_type: 'text/plain', body }] }
}

export async function measureContent({ ledgers, effort }: Context): Promise<Row[]> {
  return [await measureSealing(ledgers, effort), await measureReveal(ledgers, effort)]
}

async function measureSealing(ledgers: Context['ledgers'], effort: Context['effort']): Promise<Row> {
  await using plain = await openNew(ledgers.emptyFolder())
  await using sealed = await openNew(ledgers.emptyFolder())
  const workload = createWorkload(100_000)
  let from = 1
  const rounds = await repeat(effort === 'quick' ? 3 : 8, async () => {
    const drafts = [...stretch(workload, from, RECORDS)]
    const contents = drafts.map((draft, i) => withContent(draft, from + i))
    from += RECORDS
    return {
      without: await appendConcurrently(plain, drafts, CALLERS),
      with: await appendConcurrently(sealed, contents, CALLERS),
    }
  })
  return {
    measurement: 'content',
    what: `durable append with 2 kB of content, ${CALLERS} callers`,
    against: 'the same without content',
    unit: 'records/s',
    ...compare(
      rounds,
      (round) => round.with,
      (round) => round.without,
    ),
    budget: { kind: 'at least', ratio: 0.6 },
  }
}

async function measureReveal(ledgers: Context['ledgers'], effort: Context['effort']): Promise<Row> {
  const folder = ledgers.emptyFolder()
  await using made = await openNew(folder)
  await made.appendMany(Array.from({ length: MESSAGES }, (_, n) => withContent(message(n), n)))
  await made.close()
  await using ledger = await openFolder(folder, { access: parseAccessPolicy(POLICY, 'yaml', 'access.yaml') })
  const reading = ledger.as({ actor_id: 'bench' })
  const rounds = await repeat(effort === 'quick' ? 7 : 25, async () => ({
    millis: 1_000 * (await secondsOf(() => reveal(reading))),
  }))
  return {
    measurement: 'content',
    what: `reveal a conversation of ${MESSAGES} messages, on record`,
    against: '50 ms',
    unit: 'ms',
    ...compare(
      rounds,
      ({ millis }) => millis,
      () => 50,
    ),
    budget: { kind: 'at most', ratio: 1 },
  }
}

function message(n: number): Draft {
  const said = { action: 'agent_response_generated', actor_id: 'assistant', actor_type: 'agent' } as const
  return { ...said, conversation_id: 'revealed', details: { message_index: n } }
}

async function reveal(reading: ReturnType<Awaited<ReturnType<typeof openFolder>>['as']>): Promise<void> {
  for (const { contents } of await reading.reveal({ conversation_id: 'revealed' }, { reason: 'bench' })) {
    for (const content of contents) {
      if (content.state !== 'opened') throw new Error('a content does not open')
      await wholeBody(content.body)
    }
  }
}
