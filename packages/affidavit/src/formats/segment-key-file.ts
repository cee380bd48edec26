// The keys of segments in a file, for somebody who verifies an archive without its ledger (spec/archive.md §10). Pure.

import { createSecretKey, type KeyObject } from 'node:crypto'

import { fromHex, isHex, toHex } from '../bytes/hex.ts'
import { JsonFault, type JsonRules, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'

export interface SegmentKeyFile {
  /** NAME/INCARNATION. */
  readonly ledger: string
  /** By the id of the segment, which each opens alone. */
  readonly keys: ReadonlyMap<string, KeyObject>
}

const RULES: JsonRules = { ...PLAIN_JSON, maxDepth: 4, unsafeIntegers: 'refused' }
const KEY_DIGITS = 64
const ID_DIGITS = 32

/** The text of the file: whoever has it reads what is in these segments. */
export function formatSegmentKeys({ ledger, keys }: SegmentKeyFile): string {
  const segments = Object.fromEntries([...keys].map(([id, key]) => [id, toHex(key.export())]))
  return `${JSON.stringify({ affidavit_segment_keys: 1, ledger, segments }, undefined, 2)}\n`
}

/** What is wrong is said without a word of the file. */
export function parseSegmentKeys(bytes: Uint8Array): SegmentKeyFile | { readonly problem: string } {
  const value = parsed(decodeUtf8(bytes))
  if (!isMembers(value) || value.affidavit_segment_keys !== 1) return { problem: 'it is no file of keys of segments' }
  const { affidavit_segment_keys: _, ledger, segments, ...others } = value
  if (Object.keys(others).length > 0) return { problem: 'it has a member that such a file has not' }
  if (typeof ledger !== 'string' || !isMembers(segments)) return { problem: 'ledger or segments are missing' }
  const keys = new Map<string, KeyObject>()
  for (const [id, key] of Object.entries(segments)) {
    const secret = typeof key === 'string' && isHex(key, KEY_DIGITS) ? fromHex(key) : undefined
    if (!isHex(id, ID_DIGITS) || secret === undefined)
      return { problem: `segment ${keys.size + 1} has no id, or no key` }
    keys.set(id, createSecretKey(secret))
  }
  return { ledger, keys }
}

function parsed(text: string | undefined): JsonValue | undefined {
  if (text === undefined) return undefined
  try {
    return parseJson(text, RULES)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return undefined
  }
}

function isMembers(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
