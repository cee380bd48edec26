// Clients of OpenAI, audited, before a provider on loopback: what was recorded of some work, beside what the provider saw of it.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

import OpenAI from 'openai'
import OpenAI6 from 'openai-6'

import { auditOpenAI } from '../src/adapters/openai.ts'
import { type CapturedRecord, openWorld, type World } from './captured.ts'
import { type MockCall, type MockProvider, startMockProvider } from './mock-provider.ts'
import type { Streamed, Way } from './openai-ways.ts'
import { type Pair, pairsIn } from './sent-again.ts'

export const PARIS = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Paris"}' } as const
export const ROME = { id: 'call_2', name: 'get_weather', arguments: '{"city":"Rome"}' } as const
export const QUESTION = 'Weather in Zürich 🌞?'

// Two majors have the same calls in types that are not each other's: what is used of them in tests is in both.
export const MAJORS: readonly (readonly [name: string, Client: typeof OpenAI])[] = [
  ['openai 7', OpenAI],
  ['openai 6', OpenAI6 as unknown as typeof OpenAI],
]

type Options = Omit<NonNullable<ConstructorParameters<typeof OpenAI>[0]>, 'apiKey' | 'baseURL'>

export interface OpenAIWorld extends World {
  readonly provider: MockProvider
  /** A client of this major that the audit has. */
  client(Client: typeof OpenAI, options?: Options): OpenAI
  /** Does some work as a conversation of its own. */
  told(work: () => Promise<void>): Promise<Told>
}

export interface Told {
  /** Of the conversation. */
  readonly records: readonly CapturedRecord[]
  /** Of all. */
  readonly all: readonly CapturedRecord[]
  readonly pairs: readonly Pair[]
  readonly calls: readonly MockCall[]
}

export async function openaiWorld(t: TestContext): Promise<OpenAIWorld> {
  const provider = await startMockProvider()
  t.after(() => provider.close())
  const world = await openWorld(t)
  let conversations = 0
  return {
    ...world,
    provider,
    client: (Client, options = {}) =>
      auditOpenAI(new Client({ apiKey: 'secret', baseURL: `${provider.url}/v1`, ...options }), world.audit),
    async told(work) {
      const conversation_id = `c-${++conversations}`
      const earlier = provider.calls.length
      await world.audit.run({ conversation_id, actor_id: 'dr-adams' }, work)
      await provider.idle()
      // Who aborts does not wait for the outcome: it is on its way, and a ledger takes one record after the other.
      await world.audit.run({ conversation_id: 'after', actor_id: 'dr-adams' }, () =>
        world.audit.message('Is that all?'),
      )
      const all = await world.recorded()
      const records = all.filter((record) => record.conversation_id === conversation_id)
      return { records, all, pairs: pairsIn(records), calls: provider.calls.slice(earlier) }
    },
  }
}

/** Each call of the provider is a try of one pair of records; what was sent is what they tell. */
export function assertSent(way: Way, { pairs, all, calls }: Told): void {
  assert.ok(calls.length > 0)
  const tries = pairs.map(({ outcome }) => 1 + attemptsOf(outcome).length)
  assert.equal(
    tries.reduce((sum, n) => sum + n),
    calls.length,
  )
  let from = 0
  for (const [i, { invoked }] of pairs.entries()) {
    const until = from + (tries[i] ?? 0)
    for (const { body } of calls.slice(from, until)) assert.deepEqual(way.bodyAgain(all, invoked), JSON.parse(body))
    assert.equal(invoked.details?.operation, way.operation)
    from = until
  }
}

export function attemptsOf(outcome: CapturedRecord | undefined): readonly { n: number; status?: number }[] {
  const attempts = outcome?.details?.attempts
  // Details are what capture made them: a list of attempts.
  return Array.isArray(attempts) ? (attempts as never) : []
}

export async function readAll(way: Way, stream: Streamed): Promise<string> {
  let words = ''
  for await (const event of stream) words += way.words(event)
  return words
}
