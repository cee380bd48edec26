// What the result of a tool says about how the call went (spec/import.md §6, spec/capture.md §1). Only clear marks count;
// everything else is success.

import type { JsonValue } from '../bytes/json.ts'

export type ToolOutcome = 'success' | 'error' | 'denied'
export type Decision = 'approved' | 'denied' | 'unrecognised'

/** The ways in which tools and gateways spell a refusal of authority. */
const DENIALS = ['access_denied', 'forbidden', 'not_authorized', 'permission_denied', 'unauthorized']
const APPROVALS = ['accept', 'accepted', 'allow', 'allowed', 'approve', 'approved', 'grant', 'granted', 'yes']
const REFUSALS = ['declined', 'denied', 'deny', 'no', 'refuse', 'refused', 'reject', 'rejected']

/** `denied` before `error`: a refusal of authority usually comes as an error too. */
export function outcomeOfText(text: string, flagged: 'error' | 'unflagged'): ToolOutcome {
  const object = lenientObject(text)
  if (object !== undefined && isDenial(object)) return 'denied'
  if (flagged === 'error' || /^\s*error\b/i.test(text)) return 'error'
  return object !== undefined && isError(object) ? 'error' : 'success'
}

type JsonObject = { readonly [name: string]: JsonValue }

// Results come from foreign systems: a repeated key or a big number must not hide that the call was denied.
function lenientObject(text: string): JsonObject | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const value: JsonValue = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// A member that is null says nothing.
function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}

function isDenial(object: JsonObject): boolean {
  const error = member(object, 'error')
  const words = isObject(error) ? [member(error, 'code'), member(error, 'type')] : [error]
  return member(object, 'denied') === true || words.some(isDenialWord)
}

function isDenialWord(word: JsonValue | undefined): boolean {
  return typeof word === 'string' && DENIALS.includes(word.toLowerCase().replaceAll(/[\s-]+/g, '_'))
}

function isError(object: JsonObject): boolean {
  const error = member(object, 'error')
  const named = error !== undefined && error !== false && error !== '' && error !== 0
  return named || member(object, 'is_error') === true || member(object, 'status') === 'error'
}

/** What the value at the place of a decision means. */
export function decisionOf(value: string | boolean | undefined, outcome: ToolOutcome): Decision {
  if (outcome === 'denied') return 'denied'
  if (typeof value === 'boolean') return value ? 'approved' : 'denied'
  const word = (value ?? '').trim().toLowerCase()
  if (APPROVALS.includes(word)) return 'approved'
  return REFUSALS.includes(word) ? 'denied' : 'unrecognised'
}
