// What was sent to a provider, put together again from the records alone (spec/capture.md §4).

import assert from 'node:assert/strict'

import type { CapturedRecord } from './captured.ts'

export interface SentAgain {
  readonly messages: readonly unknown[]
  readonly instructions: readonly unknown[]
  readonly tools: readonly unknown[]
  readonly parameters: Readonly<Record<string, unknown>>
}

/** A call of a model: its records before and after, the latter where there is one. */
export interface Pair {
  readonly invoked: CapturedRecord
  readonly outcome: CapturedRecord | undefined
}

const OUTCOMES = new Set(['agent_response_generated', 'agent_failed'])

/** Every call with its outcome. No outcome is without its call, and no call has two. */
export function pairsIn(records: readonly CapturedRecord[]): readonly Pair[] {
  const outcomes = records.filter(({ action }) => OUTCOMES.has(action))
  const calls = records.filter(({ action }) => action === 'model_invoked')
  const pairs = calls.map((invoked) => {
    const own = outcomes.filter(({ parent_id }) => parent_id === invoked.id)
    assert.ok(own.length <= 1)
    return { invoked, outcome: own[0] }
  })
  assert.equal(pairs.filter(({ outcome }) => outcome !== undefined).length, outcomes.length)
  return pairs
}

export function sentAgain(records: readonly CapturedRecord[], invoked: CapturedRecord): SentAgain {
  const { parameters, prompt } = JSON.parse(invoked.said.request ?? '{}')
  const { instructions, tools } = prompt ?? promptOf(records, invoked)
  return { messages: messagesOf(records, invoked), instructions, tools, parameters }
}

function messagesOf(records: readonly CapturedRecord[], { details, said }: CapturedRecord): unknown[] {
  const { messages } = JSON.parse(said.request ?? '{}')
  const earlier = records.find(({ id }) => id === details?.continues)
  if (details?.continues === undefined) return messages
  assert.ok(earlier !== undefined)
  return [...messagesOf(records, earlier).slice(0, Number(details.messages_kept)), ...messages]
}

function promptOf(records: readonly CapturedRecord[], { prompt_version }: CapturedRecord) {
  if (prompt_version === undefined) return { instructions: [], tools: [] }
  const announced = records.find((one) => one.action === 'prompt_changed' && one.prompt_version === prompt_version)
  return JSON.parse(announced?.said.prompt ?? '')
}
