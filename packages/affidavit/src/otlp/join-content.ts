// What was told of one call in several places becomes one (spec/otlp.md §4).

import type { CallContent, CallTexts, Message, Part, Told } from './step.ts'

/** What the call itself tells counts; where it tells nothing, what was told beside it, in that order. */
export function joined(call: CallTexts, beside: readonly CallContent[]): CallTexts {
  return {
    instructions: call.instructions ?? first(beside, ({ instructions }) => instructions),
    input: call.input ?? messagesIn(beside, ({ input }) => input),
    output: call.output ?? messagesIn(beside, ({ output }) => output),
    toolDefinitions: call.toolDefinitions ?? first(beside, ({ toolDefinitions }) => toolDefinitions),
  }
}

export function reasonsIn(beside: readonly CallContent[]): readonly string[] | undefined {
  const reasons = beside.flatMap(({ finishReasons }) => finishReasons ?? [])
  return reasons.length === 0 ? undefined : reasons
}

function first<Value>(
  beside: readonly CallContent[],
  pick: (one: CallContent) => Value | undefined,
): Value | undefined {
  return beside.map(pick).find((one) => one !== undefined)
}

function messagesIn(
  beside: readonly CallContent[],
  pick: (one: CallContent) => Told<readonly Message[]> | undefined,
): Told<readonly Message[]> | undefined {
  const told = beside.map(pick).filter((one) => one !== undefined)
  const [only, another] = told
  return another === undefined ? only : { state: 'told', value: told.flatMap(messagesOf) }
}

// Among others, what could not be read or was hidden has its place, and says so.
function messagesOf(told: Told<readonly Message[]>): readonly Message[] {
  if (told.state === 'told') return told.value
  const part: Part =
    told.state === 'redacted' ? { type: 'redacted' } : { type: 'unread', content: told.text, why: told.why }
  return [{ role: 'unknown', parts: [part] }]
}
