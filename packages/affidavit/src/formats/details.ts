// Members of details that are judged: one value each, or a refusal that names the place.

import { labelProblem } from '../bytes/label.ts'
import { isTimestamp } from '../clock/clock.ts'
import { DraftFault } from './draft-fault.ts'
import { MAX_LABEL_BYTES, MAX_WORD_BYTES, WORD } from './fields.ts'

/** As an entry or a draft has them. */
export type Details = Readonly<Record<string, unknown>>

export function labelOf(value: unknown, path: string): string {
  if (typeof value !== 'string') return refuse(path, value === undefined ? 'say why' : 'must be a text')
  const problem = labelProblem(value, MAX_LABEL_BYTES)
  return problem === undefined ? value : refuse(path, problem)
}

export function wordOf(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length <= MAX_WORD_BYTES && WORD.test(value)) return value
  return refuse(path, 'must be a word of lower-case letters, digits and _')
}

export function instantOf(value: unknown, path: string): string {
  if (typeof value === 'string' && isTimestamp(value)) return value
  return refuse(path, 'must be UTC, RFC 3339 with milliseconds: 2026-11-21T09:30:00.000Z')
}

export function refuse(path: string, problem: string): never {
  throw new DraftFault(path, problem)
}
