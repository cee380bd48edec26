// The line of a destroyed entry in an export of everything (spec/export.md §1): its place and leaf hash, the manifest that it went under, and
// what its stub shows. It begins as no entry does.

import { canonicalJson, ENTRY_JSON, JsonFault, type JsonValue, parseJson } from '../bytes/json.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { MAX_ENTRY_BYTES } from './fields.ts'
import { type DisposedStub, parseStub } from './stub.ts'

/** What is left of a destroyed entry. */
export interface DestroyedEntry extends Omit<DisposedStub, 'mark'> {
  readonly seq: number
  /** The leaf hash: 64 lower-case hex digits. */
  readonly integrity_hash: string
  /** SHA-256 of the manifest that its stub names. */
  readonly manifest: string
}

const BEGINS = utf8('{"_destroyed":')

/** Whether bytes are to be read as the line of a destroyed entry. */
export function isDestroyedLine(bytes: Uint8Array): boolean {
  return BEGINS.every((byte, at) => bytes[at] === byte)
}

/** @throws RangeError where parseDestroyedLine would not give back the same entry */
export function destroyedLine({ seq, integrity_hash, manifest, ...shown }: DestroyedEntry): Uint8Array {
  const line = utf8(canonicalJson({ _destroyed: { integrity_hash, manifest, seq }, ...shown }, ENTRY_JSON))
  if (parseDestroyedLine(line) === undefined) throw new RangeError(`no line can stand for the entry at seq ${seq}`)
  return line
}

/** Reads a line strictly. Never throws on any bytes. */
export function parseDestroyedLine(bytes: Uint8Array): DestroyedEntry | undefined {
  const text = bytes.length > MAX_ENTRY_BYTES ? undefined : decodeUtf8(bytes)
  const value = text === undefined ? undefined : canonicalIn(text)
  if (!isMembers(value)) return undefined
  const { _destroyed, ...shown } = value
  if (!isMembers(_destroyed) || shown._stub !== undefined) return undefined
  const { seq, integrity_hash, manifest, ...others } = _destroyed
  if (Object.keys(others).length > 0 || !isSeq(seq) || !isHash(integrity_hash) || !isHash(manifest)) return undefined
  const mark = { manifest, state: 'disposed' }
  const parsed = parseStub(utf8(canonicalJson({ _stub: mark, ...shown }, ENTRY_JSON)))
  if ('problem' in parsed) return undefined
  const { mark: _, ...stub } = parsed.stub
  return { seq, integrity_hash, manifest, ...stub }
}

function canonicalIn(text: string): JsonValue | undefined {
  try {
    const value = parseJson(text, ENTRY_JSON)
    return canonicalJson(value, ENTRY_JSON) === text ? value : undefined
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return undefined
  }
}

function isMembers(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSeq(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isHash(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}
