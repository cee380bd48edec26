// Masking of JSON values: texts, numbers that read as identifiers, and keys.

import { type JsonValue, pathText } from '../bytes/json.ts'
import type { DetectedType, Detection } from './detector.ts'
import { lookWith } from './look.ts'
import { maskWord } from './mask.ts'
import { rewriteJson } from './rewrite-json.ts'

export interface MaskedJson {
  /** The same value where nothing was found. */
  readonly value: JsonValue
  /** `patient.contacts[2]`; a key by the object that it stands in. */
  readonly masked: readonly { readonly path: string; readonly type: DetectedType }[]
}

/**
 * Masks what `detect` finds in each text of `value`, with its keys before it: {"dob":"1980-02-03"} is looked at as
 * "dob: 1980-02-03". A number that is masked becomes a text.
 * @throws JsonFault for nesting deeper than 512, and what `detect` throws
 */
export function maskJson(value: JsonValue, detect: (text: string) => readonly Detection[]): MaskedJson {
  const rewritten = rewriteJson(value, lookWith(detect), maskWord, undefined)
  return {
    value: rewritten.value,
    masked: rewritten.replaced.map(({ path, type }) => ({ path: pathText(path), type })),
  }
}
