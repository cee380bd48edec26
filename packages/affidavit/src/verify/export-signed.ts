// What is signed in an export: its checkpoint, the changes of keys before it, the statement about its cover.

import { equalBytes } from '../bytes/compare.ts'
import { fromHex } from '../bytes/hex.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { COVER_FILE, type ExportCover, STATEMENT_FILE } from '../formats/export.ts'
import { parseNote } from '../formats/note.ts'
import { formatVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { TreeHead } from '../merkle/head.ts'
import type { Signed } from './checkpoints.ts'
import { type HeldStatement, readCover, readStatement } from './export-cover.ts'
import { type KeyLine, readKeyLines, readListed, readLogKey, readRotations } from './export-keys.ts'
import { type FindingList, finding } from './finding.ts'
import type { Folder } from './folder.ts'
import {
  createNoteReader,
  type HeldCheckpoint,
  isAmong,
  keysOfLog,
  logSigners,
  type NamedKeys,
  type NoteReader,
  namedKeys,
  type Trust,
  walkTrust,
} from './trust.ts'

export interface SignedExport {
  readonly origin: string
  readonly named: NamedKeys
  readonly keyLines: readonly KeyLine[]
  readonly signed: Signed
  /** Checkpoints that both keys of a change have signed. */
  readonly rotations: readonly HeldCheckpoint[]
  /** Absent where it cannot be read, or is known not to be the one that was sworn to. */
  readonly cover: ExportCover | undefined
  /** The tree that the rest is held against; absent where nothing says which. */
  readonly head: TreeHead | undefined
}

const MAX_CHECKPOINT_BYTES = 1_048_576

export function readSignedExport(folder: Folder, trust: Trust, findings: FindingList): SignedExport {
  const logKey = readLogKey(folder, findings)
  const keyLines = readKeyLines(folder, findings)
  const named = namedKeys(keyLines)
  const note = readNote(folder, findings)
  const origin = originOf(trust, note, logKey)
  const read = createNoteReader(origin, trust, named)
  const checkpoint = note === undefined ? undefined : openCheckpoint(note, read, trust, named, findings)
  const rotations = readRotations(folder, findings).flatMap((rotation) => openRotation(rotation, read, findings))
  const held = [...rotations, ...(checkpoint === undefined ? [] : [checkpoint])]
  const signed: Signed = { read, held, ...walkTrust(origin, held, trust, named) }
  if (checkpoint !== undefined) checkSigner(checkpoint, signed, { origin, trust, named, logKey }, findings)

  const pinned = trust.kind === 'pinned' ? trust.keys : []
  const atHand = [...pinned, ...keysOfLog(named), ...(logKey === undefined ? [] : [logKey])]
  const statement = readStatement(folder, atHand, findings)
  const believed = checkStatement(statement, checkpoint, signed, origin, findings)
  const { cover, sworn } = readCover(folder, statement, findings)
  if (cover !== undefined) checkCover(cover, checkpoint, origin, findings)
  const head = headOf(sworn && believed ? cover : undefined, checkpoint, cover, note)
  return { origin, named, keyLines, signed, rotations, cover, head }
}

function readNote(folder: Folder, findings: FindingList): string | undefined {
  const bytes = readListed(folder, 'checkpoint', MAX_CHECKPOINT_BYTES, findings)
  if (bytes === undefined) {
    findings.add(finding('no-checkpoint', { what: 'checkpoint' }, 'without it nothing is signed'))
    return undefined
  }
  const text = decodeUtf8(bytes)
  if (text === undefined) {
    findings.add(finding('checkpoint-unreadable', { what: 'checkpoint' }, 'it is no checkpoint (note-not-utf8)'))
  }
  return text
}

function headInNote(note: string | undefined): (TreeHead & { origin: string }) | undefined {
  const parsed = parseNote(Buffer.from(note ?? ''))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  return 'code' in body ? undefined : body
}

// What the export says it is, in doubt so that a pinned key fits: a checkpoint whose first line was altered is not
// one of another log.
function originOf(trust: Trust, note: string | undefined, logKey: VerifierKey | undefined): string {
  const claimed = [headInNote(note)?.origin, logKey?.name].filter((origin) => origin !== undefined)
  const pinned = trust.kind === 'pinned' ? trust.keys.map(({ name }) => name) : []
  return claimed.find((origin) => pinned.includes(origin)) ?? claimed[0] ?? pinned[0] ?? ''
}

function openCheckpoint(
  note: string,
  read: NoteReader,
  trust: Trust,
  named: NamedKeys,
  findings: FindingList,
): HeldCheckpoint | undefined {
  const opened = read(note, 'checkpoint')
  if ('held' in opened) return opened.held
  const foreign = opened.found.code === 'no-trusted-signature' && namesTrusted(named, trust)
  findings.add(foreign ? finding('foreign-checkpoint', { what: 'checkpoint' }, opened.found.problem) : opened.found)
  return undefined
}

// Where the log itself names a key that is trusted, a checkpoint by somebody else is no mistake of whoever pinned it.
function namesTrusted(named: NamedKeys, trust: Trust): boolean {
  return trust.kind === 'first use' || trust.keys.some((key) => isAmong(key, keysOfLog(named)))
}

function openRotation(note: string, read: NoteReader, findings: FindingList): HeldCheckpoint[] {
  const opened = read(note, 'rotations.log')
  if ('held' in opened) return [opened.held]
  findings.add(opened.found)
  return []
}

interface Expected {
  readonly origin: string
  readonly trust: Trust
  readonly named: NamedKeys
  readonly logKey: VerifierKey | undefined
}

function checkSigner(
  checkpoint: HeldCheckpoint,
  { counted }: Signed,
  { origin, trust, named, logKey }: Expected,
  findings: FindingList,
): void {
  const signers = logSigners(checkpoint)
  if (logKey !== undefined && signers.length > 0 && !isAmong(logKey, signers)) {
    findings.add(finding('key-mismatch', { what: 'log.vkey' }, 'it is not the key that signed the checkpoint'))
  }
  if (counted.some(({ lines }) => lines === checkpoint.lines)) return
  const place = { what: 'checkpoint' }
  const [signer] = signers
  if (trust.kind === 'pinned' && trust.keys.every(({ name }) => name !== origin)) {
    findings.add(finding('wrong-origin', place, `it is of ${origin}, for which no key was pinned`))
  } else if (signer === undefined) {
    const code = namesTrusted(named, trust) ? 'foreign-checkpoint' : 'no-trusted-signature'
    findings.add(finding(code, place, 'no key of the log has signed it'))
  } else if (namesTrusted(named, trust)) {
    const problem = `it is signed by ${formatVerifierKey(signer)}, and no checkpoints signed by both keys lead to it`
    findings.add(finding('key-not-in-force', place, problem))
  } else {
    const problem = `it is signed by ${formatVerifierKey(signer)}, which was not pinned and follows from no pinned key`
    findings.add(finding('no-trusted-signature', place, problem))
  }
}

// An export is sworn to by the key that signed its checkpoint. Answers whether that is so.
function checkStatement(
  statement: HeldStatement | undefined,
  checkpoint: HeldCheckpoint | undefined,
  { trusted }: Signed,
  origin: string,
  findings: FindingList,
): boolean {
  if (statement === undefined) return false
  const place = { what: STATEMENT_FILE }
  if (statement.origin !== origin) {
    findings.add(finding('wrong-origin', place, `it is of ${statement.origin}, not of ${origin}`))
  }
  const signers = checkpoint === undefined ? [] : logSigners(checkpoint)
  const inForce = signers.filter((key) => isAmong(key, trusted))
  if (inForce.length === 0 || isAmong(statement.by, inForce)) return true
  const problem = `it is signed by ${formatVerifierKey(statement.by)}, the checkpoint is not`
  findings.add(finding('foreign-signature', place, problem))
  return false
}

function checkCover(cover: ExportCover, checkpoint: TreeHead | undefined, origin: string, findings: FindingList): void {
  if (cover.origin !== origin) {
    findings.add(finding('wrong-origin', { what: COVER_FILE }, `it is of ${cover.origin}, not of ${origin}`))
  }
  if (checkpoint !== undefined) compareHeads(cover, checkpoint, findings)
}

function compareHeads(cover: ExportCover, { size, root }: TreeHead, findings: FindingList): void {
  const place = { what: 'checkpoint' }
  if (cover.tree_size !== size) {
    findings.add(finding('checkpoint-misplaced', place, `it says size ${size}, ${COVER_FILE} says ${cover.tree_size}`))
  } else if (!equalBytes(coverHead(cover).root, root)) {
    findings.add(finding('root-mismatch', place, `its root is not the one that ${COVER_FILE} names`))
  }
}

function coverHead(cover: ExportCover): TreeHead {
  return { size: cover.tree_size, root: fromHex(cover.root_hash) ?? new Uint8Array() }
}

// What a believed key swore to comes first: where a checkpoint was exchanged, the rest is still judged by its own tree.
function headOf(
  sworn: ExportCover | undefined,
  checkpoint: TreeHead | undefined,
  cover: ExportCover | undefined,
  note: string | undefined,
): TreeHead | undefined {
  if (sworn !== undefined) return coverHead(sworn)
  if (checkpoint !== undefined) return checkpoint
  return cover === undefined ? headInNote(note) : coverHead(cover)
}
