import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import type { AuditRecord } from '../src/formats/fields.ts'
import type { Request } from '../src/otlp/receipt.ts'
import type { Signal } from '../src/otlp/telemetry.ts'
import { ownBody } from './otlp-bodies.ts'
import { newLedger, newReceiver, recordsIn } from './telemetry-stories.ts'

const BODIES = [
  'openinference-clinic-traces',
  'traceloop-contract-traces',
  'claude-code-logs',
  'gen-ai-1.36-logs',
  'gen-ai-1.36-traces',
  'gen-ai-latest-traces',
  'ai-sdk-legacy-traces',
]

/** Messages that are logs of the same time have the order in which they come. */
const WHOLE = ['gen-ai-1.36-logs']

/** Each span and each log record of a body, as a request of its own. */
function requestsOf(name: string): readonly Request[] {
  const signal: Signal = name.endsWith('-logs') ? 'logs' : 'traces'
  if (WHOLE.includes(name)) return [{ body: ownBody(`${name}.json`), signal, encoding: 'json' }]
  const [outer, inner, leaf] =
    signal === 'logs' ? ['resourceLogs', 'scopeLogs', 'logRecords'] : ['resourceSpans', 'scopeSpans', 'spans']
  const body = JSON.parse(Buffer.from(ownBody(`${name}.json`)).toString())
  const made: Request[] = []
  for (const { [inner]: scopes, ...resource } of body[outer]) {
    for (const { [leaf]: items, ...scope } of scopes) {
      for (const item of items) {
        const one = { [outer]: [{ ...resource, [inner]: [{ ...scope, [leaf]: [item] }] }] }
        made.push({ body: Buffer.from(JSON.stringify(one)), signal, encoding: 'json' })
      }
    }
  }
  return made
}

const SOAK = process.env.AFFIDAVIT_SOAK === '1'
const ALL = BODIES.flatMap(requestsOf)

/** What does not depend on the order. In which conversation an item is does, where it does not say so itself. */
function sumOf(records: readonly AuditRecord[]): object {
  const first = records.filter(({ details = {} }) => details.supplements === undefined)
  const count = (action: string) => first.filter((record) => record.action === action).length
  const tokens = records.flatMap(({ details }) => (details?.tokens === undefined ? [] : [details.tokens as Tokens]))
  return {
    models: count('model_invoked'),
    // What carries a call to its tool is told by itself where it comes before the call.
    tools: first.filter(({ action, details }) => action === 'tool_invoked' && details?.layer !== 'mcp_client').length,
    decided: count('approval_decided'),
    conflicts: records.filter(({ details }) => details?.conflicts_with !== undefined).length,
    input: tokens.reduce((sum, { input = 0 }) => sum + input, 0),
    output: tokens.reduce((sum, { output = 0 }) => sum + output, 0),
  }
}

interface Tokens {
  readonly input?: number
  readonly output?: number
}

describe('whatever the order in which items come, one by one, some of them again, and to a process that began anew', () => {
  test('each call, each tool and each decision is told once, and tokens are counted once', async (t) => {
    const told = async (order: readonly number[], anewAt: number): Promise<object> => {
      const ledger = await newLedger(t)
      let receiver = newReceiver(t, ledger)
      for (const [i, at] of order.entries()) {
        const request = ALL[at]
        assert.ok(request !== undefined)
        if (i === anewAt) {
          await receiver.tellWaiting('all')
          receiver = newReceiver(t, ledger)
        }
        await receiver.receive(request)
      }
      await receiver.tellWaiting('all')
      return sumOf(await recordsIn(ledger))
    }
    const inOrder = ALL.map((_, i) => i)
    const expected = await told(inOrder, -1)
    const order = fc
      .tuple(fc.shuffledSubarray(inOrder, { minLength: ALL.length }), fc.subarray(inOrder, { maxLength: 8 }))
      .map(([once, again]) => [...once, ...again])
    await fc.assert(
      fc.asyncProperty(order, fc.nat(ALL.length), async (items, anewAt) => {
        assert.deepEqual(await told(items, anewAt), expected)
      }),
      { numRuns: SOAK ? 200 : 3 },
    )
  })
})
