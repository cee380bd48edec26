// The checkpoints kept with a log: which hold, which count, and what they say of signer and time.

import { toHex } from '../bytes/hex.ts'
import { formatVerifierKey, sameVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { type Finding, type FindingList, finding } from './finding.ts'
import type { AxisReport } from './report.ts'
import {
  createNoteReader,
  type HeldCheckpoint,
  logSigners,
  type NamedKeys,
  type NoteReader,
  type Trust,
  type TrustWalk,
  walkTrust,
} from './trust.ts'

/** A checkpoint as kept with the log. */
export interface KeptCheckpoint {
  /** The size it is listed under. */
  readonly size: number
  readonly note: string
  /** Cosignature lines kept apart from the note. */
  readonly cosignatures: readonly string[]
}

/** What the signatures of a log say. */
export interface Signed extends TrustWalk {
  readonly held: readonly HeldCheckpoint[]
  readonly read: NoteReader
}

/**
 * Opens the kept checkpoints and follows their keys. Says of each what is wrong with it by itself.
 * @param others checkpoints that are held already, and count along
 */
export function readSigned(
  { origin, trust, checkpoints }: { origin: string; trust: Trust; checkpoints: readonly KeptCheckpoint[] },
  named: NamedKeys,
  findings: FindingList,
  others: readonly HeldCheckpoint[] = [],
): Signed {
  const read = createNoteReader(origin, trust, named)
  const held = [...checkpoints.flatMap((kept) => readKept(kept, read, findings)), ...others]
  return { read, held, ...walkTrust(origin, held, trust, named) }
}

function readKept(
  { size, note, cosignatures }: KeptCheckpoint,
  read: NoteReader,
  findings: FindingList,
): HeldCheckpoint[] {
  const what = checkpointOfSize(size)
  const opened = read(note, what)
  if ('found' in opened) {
    findings.add(asForeign(opened.found, what))
    return []
  }
  const { held } = opened
  if (held.size !== size) {
    findings.add(finding('checkpoint-misplaced', { what }, `it says size ${held.size}`))
    return []
  }
  if (held.lines.length !== countLines(note)) {
    findings.add(finding('foreign-signature', { what }, 'it carries a line of a key that the log does not name'))
  }
  // One note for each line: an idle ledger adds a line a minute, and a note carries a hundred at most.
  const text = note.slice(0, note.lastIndexOf('\n\n') + 2)
  const later = cosignatures.map((line) => readCosignature(read(`${text}${line}\n`, what), what))
  for (const line of later) if ('found' in line) findings.add(line.found)
  return [{ ...held, lines: [...held.lines, ...later.flatMap((line) => ('held' in line ? line.held.lines : []))] }]
}

export function checkpointOfSize(size: number): string {
  return `checkpoint of size ${size}`
}

function readCosignature(opened: ReturnType<NoteReader>, what: string): ReturnType<NoteReader> {
  if ('found' in opened) return { found: asForeign(opened.found, what) }
  const [line, more] = opened.held.lines
  if (line?.type === 'cosignature/v1' && more === undefined) return opened
  return { found: finding('foreign-signature', { what }, 'a line kept with it is no cosignature of the log') }
}

// The log keeps what it wrote itself: what none of its keys has signed, or what is another log's, was put there.
function asForeign(found: Finding, what: string): Finding {
  if (found.code !== 'no-trusted-signature' && found.code !== 'wrong-origin') return found
  return finding('foreign-checkpoint', { what }, found.problem)
}

/** Signature lines of a note. */
export function countLines(note: string): number {
  return note.slice(note.lastIndexOf('\n\n') + 2).split('\n').length - 1
}

/** What is wrong with a log of `size` entries as to who signed it. */
export function signerFindings({ held, counted }: Signed, trust: Trust, size: number): Finding[] {
  const newest = counted.at(-1)
  if (newest !== undefined) {
    return held.filter((checkpoint) => checkpoint.size > newest.size).map(notInForce)
  }
  if (size === 0) return []
  if (held.length === 0) return [finding('no-checkpoint', {}, 'the log has no checkpoint: nobody has signed it')]
  const whose = trust.kind === 'pinned' ? 'the pinned key' : 'the key that entry 0 names'
  return [finding('no-trusted-signature', {}, `no checkpoint is signed by ${whose}`)]
}

// Either a key that was replaced signs on, or a new one was announced that the old one never signed with.
function notInForce(checkpoint: HeldCheckpoint): Finding {
  const [key] = logSigners(checkpoint)
  const whose = key === undefined ? 'no key of the log' : formatVerifierKey(key)
  return finding(
    'key-not-in-force',
    { what: checkpointOfSize(checkpoint.size) },
    `it is signed by ${whose}, which is not in force there: no chain of checkpoints signed by both keys leads to it`,
  )
}

export function signerAxis({ counted, trusted }: TrustWalk, trust: Trust): AxisReport {
  const newest = counted.at(-1)
  if (newest === undefined) return { verdict: 'unsigned', says: 'unsigned' }
  const says = `${formatVerifierKey(newest.by)}, until ${newest.size}`
  if (trust.kind === 'first use') {
    const taken = 'taken from the ledger itself, compare it with one you were given'
    return { verdict: 'first-use key', says: `first-use key ${says}: ${taken}` }
  }
  const isPinned = (key: VerifierKey): boolean => trust.keys.some((pinned) => sameVerifierKey(pinned, key))
  const pinned = isPinned(newest.by) ? undefined : trusted.find(isPinned)
  // The key was changed since; the one that was pinned vouched for each that followed.
  const path = pinned === undefined ? '' : `${formatVerifierKey(pinned)}, which leads to `
  return { verdict: 'pinned key', says: `pinned key ${path}${says}` }
}

export function timeAxis({ counted }: TrustWalk): AxisReport {
  const seconds = counted.flatMap(timesOf)
  if (seconds.length === 0) return { verdict: 'asserted', says: 'asserted by the ledger in its records only' }
  const newest = seconds.reduce((a, b) => Math.max(a, b))
  return { verdict: 'asserted', says: `asserted by the ledger, last at ${instant(newest)}` }
}

/** Unix seconds for people. A signed time can be any number to 2^53 - 1, and calendars end before. */
export function instant(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} seconds after 1970` : date.toISOString()
}

/** Unix seconds, as claimed. */
export function timesOf({ lines }: Pick<HeldCheckpoint, 'lines'>): number[] {
  return lines.flatMap((line) => (line.type === 'cosignature/v1' ? [line.time] : []))
}

/** Names a signature: signing is deterministic, so key and time are all there is to it. */
export function lineName(line: HeldCheckpoint['lines'][number]): string {
  const key = `${line.key.name} ${toHex(line.key.publicKey)}`
  return line.type === 'cosignature/v1' ? `${key} at ${line.time}` : key
}
