// Calls of tools that answers asked for and that nobody ran yet: a call is the cause of the tool's records (spec/capture.md §1).

import { canonicalText } from './canonical-text.ts'
import { describeValue } from './describe-value.ts'
import type { SeenCall, ToolStep } from './steps.ts'

export interface AskedCall extends SeenCall {
  /** Id of the answer. */
  readonly answer: string
}

export interface AskedCalls {
  add(answer: string, calls: readonly SeenCall[]): void
  /**
   * The call that a step is, by the model's id of it; the newest, where a provider gives an id twice. Without an id it is the oldest of that name with
   * the same arguments, or the only one of that name.
   */
  take(step: Pick<ToolStep, 'name' | 'call_id' | 'arguments'>): AskedCall | undefined
  /** The newest call of this id, where nothing that is audited ran it: only its result tells of it. */
  takeReported(call_id: string): AskedCall | undefined
  putBack(call: AskedCall): void
}

const MAX_ASKED = 1_000
/** Characters of the arguments of those that are kept: the call of a tool may carry a whole file, and nobody need ever run it. */
const MAX_CHARACTERS = 4_194_304

export function createAskedCalls(): AskedCalls {
  let asked: AskedCall[] = []
  /** How often a tool of this name ran for one of several such calls, and nothing told for which. */
  const unmatched = new Map<string, number>()

  function find({ name, call_id, arguments: given }: Parameters<AskedCalls['take']>[0]): AskedCall | undefined {
    if (call_id !== undefined) return asked.findLast((call) => call.call_id === call_id)
    const same = asked.filter((call) => call.name === name)
    if (same.length < 2) return same[0]
    const text = comparable(given)
    return same.find((call) => comparable(call.arguments) === text)
  }

  function count(name: string, more: 1 | -1): void {
    unmatched.set(name, (unmatched.get(name) ?? 0) + more)
  }

  return {
    add(answer, calls) {
      asked = newestOf([...asked, ...calls.map((call) => ({ ...call, answer }))])
    },
    take(step) {
      const found = find(step)
      if (found !== undefined) asked = asked.filter((call) => call !== found)
      else if (asked.some(({ name }) => name === step.name)) count(step.name, 1)
      return found
    },
    takeReported(call_id) {
      const found = asked.findLast((call) => call.call_id === call_id)
      if (found === undefined) return undefined
      asked = asked.filter((call) => call !== found)
      if ((unmatched.get(found.name) ?? 0) === 0) return found
      count(found.name, -1)
      return undefined
    },
    putBack(call) {
      asked = [...asked, call]
    },
  }
}

/** Those that have room; all of the newest answer at least. */
function newestOf(calls: readonly AskedCall[]): AskedCall[] {
  const newest = calls.at(-1)?.answer
  let room = MAX_CHARACTERS
  const from = calls.findLastIndex(({ answer, arguments: given }) => {
    room -= lengthOf(given)
    return room < 0 && answer !== newest
  })
  return calls.slice(Math.max(from + 1, calls.length - MAX_ASKED))
}

const lengths = new WeakMap<object, number>()

function lengthOf(given: unknown): number {
  if (typeof given === 'string') return given.length
  if (typeof given !== 'object' || given === null) return 0
  const length = lengths.get(given) ?? describeValue(given).text.length
  lengths.set(given, length)
  return length
}

/** Text that is JSON is the value that it says. */
function comparable(value: unknown): string {
  return canonicalText(describeValue(value).text)
}
