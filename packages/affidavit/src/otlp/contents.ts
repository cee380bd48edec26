// Texts of telemetry as content of records, and what of them did not come (spec/otlp.md §5).

import { type Captured, captured } from '../capture/captured.ts'
import type { Told } from './step.ts'

/** Content under this name; nothing where nothing was told. */
export function toldContent(name: string, told: Told<unknown> | undefined): Captured | undefined {
  if (told === undefined || told.state === 'redacted') return undefined
  if (told.state === 'told') return told.value === '' ? undefined : captured(name, told.value)
  const text = captured(name, told.text)
  return { ...text, uncaptured: [...text.uncaptured, ...missingOf(name, told)] }
}

/** What of it is missing, in words: `request: cut off at the emitter`. */
export function missingOf(name: string, told: Told<unknown> | undefined): readonly string[] {
  if (told === undefined) return [`${name}: not told`]
  if (told.state === 'redacted' || (told.state === 'told' && hides(told.value)))
    return [`${name}: hidden by the emitter`]
  if (told.state === 'told') return []
  return [told.why === 'truncated' ? `${name}: cut off at the emitter` : `${name}: not in a form that is known`]
}

// Of messages some emitters hide parts.
function hides(value: unknown): boolean {
  return Array.isArray(value) && value.some((one: { readonly parts?: unknown } | null) => hasHiddenPart(one?.parts))
}

function hasHiddenPart(parts: unknown): boolean {
  return Array.isArray(parts) && parts.some((part: { readonly type?: unknown } | null) => part?.type === 'redacted')
}

/** All of them, none twice; nothing where there is none. */
export function someOf(...lists: readonly (readonly string[])[]): readonly string[] | undefined {
  const all = [...new Set(lists.flat())]
  return all.length === 0 ? undefined : all
}
