// Values and texts of strangers as content of a record, and what of them could not be captured (spec/capture.md §1, §7).

import { asLabel } from '../bytes/label.ts'
import { type Draft, type DraftContent, MAX_LABEL_BYTES } from '../formats/fields.ts'
import { describeValue } from './describe-value.ts'
import { firstOf } from './fit-details.ts'

export interface Captured {
  readonly content: DraftContent
  readonly text: string
  readonly uncaptured: readonly string[]
}

const MAX_UNCAPTURED = 32

/** A text is kept as it is, any other value as JSON. */
export function captured(name: string, value: unknown): Captured {
  const { text, media_type, uncaptured } = describeValue(value, name)
  return { content: { name, media_type, body: text }, text, uncaptured }
}

/** As `captured`; nothing for what is not there, or says nothing. */
export function capturedText(name: string, text: string | undefined): Captured | undefined {
  return text === undefined || text === '' ? undefined : captured(name, text)
}

/** The contents and the details of several values: one record has them all. */
export function contentsOf(...all: readonly (Captured | undefined)[]): {
  readonly content?: DraftContent[]
  readonly uncaptured?: readonly string[]
} {
  const there = all.filter((one) => one !== undefined)
  const uncaptured = there.flatMap((one) => one.uncaptured)
  return {
    ...(there.length === 0 ? {} : { content: there.map(({ content }) => content) }),
    ...(uncaptured.length === 0 ? {} : { uncaptured: firstOf(uncaptured, MAX_UNCAPTURED) }),
  }
}

/** A name from outside as a label: what no label can hold is replaced, and what is too long is cut. */
export function labelOf(text: string): string | undefined {
  return asLabel(text, MAX_LABEL_BYTES)
}

/** Why something was decided: a label, and where no label says all of it, its words as content. */
export function reasonOf(reason: string | undefined): {
  readonly outcome_reason?: NonNullable<Draft['outcome_reason']>
  readonly words?: Captured
} {
  const outcome_reason = reason === undefined ? undefined : labelOf(reason)
  if (reason === undefined || outcome_reason === undefined) return {}
  return outcome_reason === reason ? { outcome_reason } : { outcome_reason, words: captured('reason', reason) }
}
