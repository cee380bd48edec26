// The cover of an export: what it says of itself, who swore to it, and whether the files are the ones it lists.

import { toHex } from '../bytes/hex.ts'
import { sha256 } from '../crypto/sha256.ts'
import {
  asksForAll,
  COVER_FILE,
  type ExportCover,
  type ExportStatement,
  LISTED_FILES,
  type ListedName,
  parseCover,
  parseStatementText,
  STATEMENT_FILE,
} from '../formats/export.ts'
import { parseNote } from '../formats/note.ts'
import { createNoteVerifier } from '../formats/note-verifier.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { MAX_LISTED_BYTES, readListed } from './export-keys.ts'
import { type FindingList, finding } from './finding.ts'
import type { Folder } from './folder.ts'

const MAX_COVER_BYTES = 1_048_576
const MAX_STATEMENT_BYTES = 65_536

/** A statement whose signature holds. */
export interface HeldStatement extends ExportStatement {
  readonly by: VerifierKey
}

/** Reads `export.note`, which must carry one signature, by one of `keys`. */
export function readStatement(
  folder: Folder,
  keys: readonly VerifierKey[],
  findings: FindingList,
): HeldStatement | undefined {
  const bytes = readListed(folder, STATEMENT_FILE, MAX_STATEMENT_BYTES, findings)
  if (bytes === undefined) return undefined
  const place = { what: STATEMENT_FILE }
  const note = parseNote(bytes)
  const statement = 'code' in note ? undefined : parseStatementText(note.text)
  if ('code' in note || statement === undefined) {
    findings.add(finding('statement-altered', place, 'it is no statement about an export'))
    return undefined
  }
  const [line, more] = note.signatures
  if (line === undefined || more !== undefined) {
    findings.add(finding('statement-altered', place, 'it does not carry exactly one signature'))
    return undefined
  }
  const known = keys.filter(({ type, name, keyId }) => type === 'ed25519' && name === line.name && keyId === line.keyId)
  const by = known.find((key) => !('code' in createNoteVerifier(key)(note.text, line.signature)))
  if (by !== undefined) return { ...statement, by }
  findings.add(
    known.length === 0
      ? finding('foreign-signature', place, 'neither the key in log.vkey nor another one at hand has signed it')
      : finding('signature-invalid', place, 'the signature does not hold'),
  )
  return undefined
}

/**
 * Reads `export.json`; answers it unless it is known not to be the one that was sworn to. `sworn`: it is that one.
 * Without a statement that holds, neither is known.
 */
export function readCover(
  folder: Folder,
  statement: ExportStatement | undefined,
  findings: FindingList,
): { readonly cover: ExportCover | undefined; readonly sworn: boolean } {
  const none = { cover: undefined, sworn: false }
  const bytes = readListed(folder, COVER_FILE, MAX_COVER_BYTES, findings)
  if (bytes === undefined) return none
  const place = { what: COVER_FILE }
  if (statement !== undefined && toHex(sha256(bytes)) !== statement.coverSha256) {
    findings.add(finding('cover-altered', place, 'it is not the cover that was sworn to'))
    return none
  }
  const cover = parseCover(bytes)
  if ('code' in cover) {
    // What was sworn to and cannot be read may be of a later version; what was not, says nothing of itself.
    const later = cover.code === 'cover-unknown-version' && statement !== undefined
    findings.add(
      later
        ? finding('cover-unknown', place, `${cover.problem}, which this verifier does not know`)
        : finding('cover-altered', place, cover.problem),
    )
    return none
  }
  const problem = contradictionIn(cover)
  if (problem !== undefined) findings.add(finding('cover-altered', place, `it contradicts itself: ${problem}`))
  return { cover, sworn: statement !== undefined }
}

function contradictionIn(cover: ExportCover): string | undefined {
  const { query, tree_size, as_of_seq, count, destroyed, first_seq, last_seq } = cover
  if (as_of_seq !== tree_size - 1) return `as_of_seq is not the last of ${tree_size}`
  if ((count === 0) !== (first_seq === undefined) || (count === 0) !== (last_seq === undefined)) {
    return 'first_seq and last_seq stand there exactly where entries do'
  }
  if (asksForAll(query) && (count !== tree_size || first_seq !== 0 || last_seq !== as_of_seq)) {
    return `an export of everything has entries 0 to ${as_of_seq}`
  }
  // The newest entry of a ledger is never destroyed.
  if (destroyed !== undefined && (!asksForAll(query) || destroyed === 0 || destroyed >= count)) {
    return 'destroyed counts some of the entries of an export of everything'
  }
  return undefined
}

const OF_SIGNER: ReadonlySet<ListedName> = new Set<ListedName>(['checkpoint', 'log.vkey', 'rotations.log'])

/** Finds the files, but that of the entries, that are not the ones that the cover lists. */
export function compareListed(folder: Folder, cover: ExportCover, findings: FindingList): void {
  for (const name of LISTED_FILES) {
    const listed = cover.files[name]
    if (listed === undefined || name === 'entries.jsonl') continue
    const bytes = folder.read(name, Math.min(listed.bytes, MAX_LISTED_BYTES))
    if (bytes === 'missing') {
      // Every other file was missed already where it was read.
      if (name === 'rotations.log') findings.add(finding('file-missing', { what: name }, 'the file is missing'))
    } else if (typeof bytes === 'string' || toHex(sha256(bytes)) !== listed.sha256) {
      const code = OF_SIGNER.has(name) ? 'signer-file-altered' : 'file-altered'
      findings.add(finding(code, { what: name }, 'it is not the file that the cover lists'))
    }
  }
}
