// The keys that an export brings along: the one it was signed with, and how a pinned older one leads to it.

import { equalBytes } from '../bytes/compare.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { Hash } from '../crypto/sha256.ts'
import { parseCheckpointLog } from '../formats/checkpoint-log.ts'
import { parseEntry } from '../formats/entry.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { leafHash } from '../merkle/hash.ts'
import type { KeyEntry } from './entries.ts'
import { type FindingList, finding } from './finding.ts'
import type { FileFault, Folder } from './folder.ts'

/** An entry of `keys.jsonl`: believed only where the tree has it at its place. */
export interface KeyLine extends KeyEntry {
  readonly leaf: Hash
}

/** More than a vkey takes, of whatever algorithm. */
const MAX_VKEY_BYTES = 8_192
/** What is read whole of a listed file: the history of some ten thousand keys. */
export const MAX_LISTED_BYTES = 16_777_216

/** The key in `log.vkey`. It is the export's own claim, never a reason to trust it. */
export function readLogKey(folder: Folder, findings: FindingList): VerifierKey | undefined {
  const bytes = readListed(folder, 'log.vkey', MAX_VKEY_BYTES, findings)
  if (bytes === undefined) return undefined
  const text = decodeUtf8(bytes) ?? ''
  const key = parseVerifierKey(text.slice(0, -1))
  if (!text.endsWith('\n') || 'code' in key) {
    findings.add(finding('signer-file-altered', { what: 'log.vkey' }, 'it is no line with a verifier key'))
    return undefined
  }
  return key
}

/** The entries in `keys.jsonl`: the first of the log, then each that announces a key. */
export function readKeyLines(folder: Folder, findings: FindingList): KeyLine[] {
  const bytes = readListed(folder, 'keys.jsonl', MAX_LISTED_BYTES, findings)
  if (bytes === undefined) return []
  const keys: KeyLine[] = []
  for (const line of linesOf(bytes)) {
    const key = parseKeyLine(line)
    const expected = keys.length === 0 ? 'logging_started' : 'key_rotated'
    if (typeof key === 'string') findings.add(altered(key))
    else if (key.action !== expected) findings.add(altered(`${key.action} stands where ${expected} is expected`))
    else if (key.seq <= (keys.at(-1)?.seq ?? -1)) findings.add(altered('its entries are not in the order of seq'))
    else keys.push(key)
  }
  if (keys[0]?.seq !== 0) findings.add(altered('it does not begin with entry 0'))
  return keys
}

function parseKeyLine(line: Uint8Array): KeyLine | string {
  const parsed = parseEntry(line)
  if ('fault' in parsed) return parsed.fault.problem
  const { seq, action, details = {} } = parsed.entry
  return { seq, action, details, leaf: leafHash(line) }
}

/** Finds each key entry whose bytes are not what the log has at its place; `leafAt` is the settled tree. */
export function checkKeyLine(key: KeyLine, inTree: Hash | undefined, findings: FindingList): void {
  if (inTree === undefined || equalBytes(key.leaf, inTree)) return
  const problem = 'its bytes are not those of the log at this place'
  findings.add(finding('entry-altered', { seq: key.seq, what: 'keys.jsonl' }, problem))
}

/** The checkpoints in `rotations.log`, which both keys of a change have signed. */
export function readRotations(folder: Folder, findings: FindingList): readonly string[] {
  const what = 'rotations.log'
  const bytes = folder.read(what, MAX_LISTED_BYTES)
  if (bytes === 'missing') return []
  if (typeof bytes === 'string') {
    findings.add(finding('signer-file-altered', { what }, sayFault(bytes)))
    return []
  }
  const log = parseCheckpointLog(bytes)
  if ('code' in log) {
    findings.add(finding('signer-file-altered', { what }, `it is no checkpoint log (${log.code})`))
    return []
  }
  if (log.torn !== undefined) findings.add(finding('signer-file-altered', { what }, 'its last record is cut off'))
  return log.records.map(({ note }) => note)
}

/** A file that every export has. */
export function readListed(folder: Folder, what: string, limit: number, findings: FindingList): Uint8Array | undefined {
  const bytes = folder.read(what, limit)
  if (typeof bytes !== 'string') return bytes
  findings.add(finding('file-missing', { what }, sayFault(bytes)))
  return undefined
}

export function sayFault(fault: FileFault): string {
  if (fault === 'missing') return 'the file is missing'
  return fault === 'too long' ? 'it is longer than such a file can be' : 'it is no plain file'
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at)
    lines.push(bytes.subarray(at, end === -1 ? bytes.length : end))
    at = end === -1 ? bytes.length : end + 1
  }
  return lines
}

function altered(problem: string): ReturnType<typeof finding> {
  return finding('file-altered', { what: 'keys.jsonl' }, problem)
}
