// Anchors: checkpoints kept outside the log. They show what a log cannot show of itself: a cut tail, a rewrite.

import { utf8 } from '../bytes/text.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { isRecordStart, isStartOfRecord, tornHead } from '../formats/torn-record.ts'
import { checkpointOfSize, countLines, type KeptCheckpoint, lineName, type Signed, timesOf } from './checkpoints.ts'
import { countAll, type Finding, type FindingList, finding } from './finding.ts'
import { type ComputedTree, compareHead, firstContradiction } from './heads.ts'
import type { AxisReport } from './report.ts'
import { type HeldCheckpoint, isAmong, isCounted, keysOfLog, type NamedKeys } from './trust.ts'

/** Checkpoints kept outside the log. */
export interface Anchor {
  /** `local`: under the ledger's own account or host. `archive`: in its archive. `external`: kept by whoever verifies. */
  readonly kind: 'local' | 'archive' | 'external'
  /** For people: `same directory`, a path. */
  readonly where: string
  readonly notes: readonly string[]
  /** Places of the anchor that could not be read. */
  readonly faults: readonly string[]
  /** The bytes of a last record whose end is not there. */
  readonly torn?: Uint8Array
  /** `shared`: the checkpoint log of a folder that other ledgers may use too. `given`: an archive that whoever verifies named. */
  readonly use?: 'shared' | 'given'
  /** What keeps it from being read. */
  readonly away?: string
  /** When it was read; a checkpoint that is not older need not be in it. */
  readonly readAt?: UnixMillis
  /** Reads its notes once more: what was committed before the log was read may have been on its way out then. */
  readonly readAgain?: () => Promise<readonly string[]>
  /** What it held when everything else was read. */
  readonly later?: readonly string[]
}

/** The anchors, with what has come to them since they were read. */
export function withLater(anchors: readonly Anchor[]): Promise<readonly Anchor[]> {
  return Promise.all(
    anchors.map(async (anchor) =>
      anchor.readAgain === undefined ? anchor : { ...anchor, later: await anchor.readAgain() },
    ),
  )
}

export interface AnchorEvidence {
  readonly origin: string
  readonly signed: Signed
  readonly named: NamedKeys
  readonly tree: ComputedTree
  readonly anchors: readonly Anchor[]
  /** Every checkpoint of a size from `from` on that the log keeps; absent where not all of them are at hand. */
  readonly keptAll?: { readonly from: number; readonly checkpoints: readonly KeptCheckpoint[] }
  /** The other ledgers of the database: they write into the same checkpoint log. */
  readonly others?: readonly KeptLedger[]
  /** Anchors that speak of what is newer than the log in question, or of a ledger that it continues. */
  readonly speaking?: readonly Anchor['where'][]
}

/** What a database keeps of a ledger for its checkpoint log. */
export interface KeptLedger {
  readonly origin: string
  readonly checkpoints: readonly KeptCheckpoint[]
}

/** What an anchor that speaks of this log attests. */
export interface Anchored {
  readonly kind: Anchor['kind']
  readonly where: string
  /** The largest size at which it agrees, under a key that counts. */
  readonly until: number
}

/** Holds the log against each anchor, and each anchor against the log. */
export function checkAnchors(evidence: AnchorEvidence, findings: FindingList): Anchored[] {
  return evidence.anchors.flatMap((anchor) => {
    const before = countAll(findings)
    const agreed = checkAnchor(anchor, evidence, findings)
    const until = agreed.findLast((checkpoint) => isCounted(checkpoint, evidence.signed))?.size
    if (until !== undefined) return [{ kind: anchor.kind, where: anchor.where, until }]
    if (countAll(findings) === before) checkSpeaks(anchor, evidence, findings)
    return []
  })
}

// Somebody kept it to have the ledger held against it: that it holds nothing to do so must not pass for agreement.
function checkSpeaks({ kind, where, use }: Anchor, { speaking = [] }: AnchorEvidence, findings: FindingList): void {
  if (kind === 'local' || (kind === 'archive' && use !== 'given') || speaking.includes(where)) return
  const problem = 'it holds no checkpoint of this ledger that a counted key has signed: it attests nothing'
  findings.add(finding('anchor-silent', { what: where }, problem))
}

/** The checkpoints of the anchor that agree with the log, ascending. */
function checkAnchor(anchor: Anchor, evidence: AnchorEvidence, findings: FindingList): readonly HeldCheckpoint[] {
  for (const fault of anchor.faults) findings.add(damaged(anchor, fault))
  if (anchor.kind === 'local') checkOwnRecords(anchor, evidence, findings)
  else if (anchor.torn !== undefined) findings.add(damaged(anchor, 'its end is cut off, or is no checkpoint'))
  const held = anchor.notes.flatMap((note) => openNote(note, anchor, evidence, findings))
  const { agreed, found } = firstContradiction(held, evidence.tree, 'anchor-mismatch')
  if (found !== undefined) findings.add(found)
  const { keptAll } = evidence
  if (keptAll !== undefined) {
    const above = agreed.filter(({ size }) => size >= keptAll.from)
    const kept = keptAll.checkpoints.filter(({ size }) => size >= keptAll.from)
    checkKept(anchor, above, kept, evidence, findings)
    if (anchor.kind === 'local') checkReleased(anchor, above, evidence, keptAll, findings)
  }
  return agreed
}

// The log writes its checkpoint log and its archive itself, so that damage there is no accident of somebody else's.
function damaged({ kind, where }: Anchor, problem: string): Finding {
  return finding(DAMAGED[kind], { what: where }, problem)
}

const DAMAGED = {
  local: 'checkpoint-log-altered',
  archive: 'archived-checkpoint-altered',
  external: 'anchor-unreadable',
} as const

interface NamedCheckpoint extends HeldCheckpoint {
  readonly what: string
}

/** The checkpoint, where it is one of this log; one of another log is nobody's fault. */
function openNote(
  note: string,
  anchor: Anchor,
  { origin, signed, tree }: AnchorEvidence,
  findings: FindingList,
): NamedCheckpoint[] {
  const opened = signed.read(note, anchor.where)
  if ('held' in opened) {
    const what = `${anchor.where}, ${checkpointOfSize(opened.held.size)}`
    if (anchor.kind === 'local' && opened.held.lines.length !== countLines(note))
      findings.add(damaged({ ...anchor, where: what }, 'it carries a line of a key that the log does not name'))
    return [{ ...opened.held, what }]
  }
  const found = closedNote(note, anchor, opened.found, origin, tree)
  if (found !== undefined) findings.add(found)
  return []
}

function closedNote(
  note: string,
  anchor: Anchor,
  { code, problem }: Finding,
  origin: string,
  tree: ComputedTree,
): Finding | undefined {
  if (code === 'wrong-origin') return undefined
  if (code !== 'no-trusted-signature') return damaged(anchor, problem)
  const parsed = parseNote(utf8(note))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  if ('code' in body) return damaged(anchor, `it holds a record that is no checkpoint (${body.code})`)
  if (body.origin !== origin) return undefined
  const head = { ...body, what: `${anchor.where}, ${checkpointOfSize(body.size)}` }
  // By a key that the log does not name: where the tree is another one too, the log was rewritten under another key.
  const contradiction = compareHead(head, tree, 0, 'anchor-mismatch')
  if (contradiction !== undefined) return contradiction
  const unknown = 'a checkpoint in it is signed by no key at hand'
  return anchor.kind === 'local'
    ? finding('checkpoint-log-altered', { what: head.what }, unknown)
    : finding('anchor-untrusted', { what: head.what }, unknown)
}

// What was released was committed before, with each of its lines: it stands in the log, or was removed from there.
function checkKept(
  { where }: Anchor,
  agreed: readonly NamedCheckpoint[],
  kept: readonly KeptCheckpoint[],
  { signed, named }: AnchorEvidence,
  findings: FindingList,
): void {
  const keys = keysOfLog(named)
  const sizes = new Set(kept.map(({ size }) => size))
  const held = Map.groupBy(signed.held, ({ size }) => size)
  for (const [size, records] of Map.groupBy(agreed, (checkpoint) => checkpoint.size)) {
    const what = checkpointOfSize(size)
    const there = held.get(size)?.flatMap(({ lines }) => lines.map(lineName))
    const released = records.flatMap((record) => record.lines).filter(({ key }) => isAmong(key, keys))
    if (size > 0 && !sizes.has(size))
      findings.add(finding('checkpoint-removed', { what }, `${where} has it, the ledger has it no more`))
    if (released.some((line) => there?.includes(lineName(line)) === false))
      findings.add(finding('cosignature-removed', { what }, `${where} has a line of it that the ledger has no more`))
  }
}

// A crash can keep a record from being written, until the ledger is opened again: one of them, for a ledger releases before
// it signs again. Other processes may be signing now, or have signed and be about to release; what came late is looked at next time.
function checkReleased(
  { where, readAt = Number.POSITIVE_INFINITY, later = [] }: Anchor,
  agreed: readonly HeldCheckpoint[],
  { signed: { held }, origin }: Pick<AnchorEvidence, 'signed' | 'origin'>,
  { from, checkpoints }: NonNullable<AnchorEvidence['keptAll']>,
  findings: FindingList,
): void {
  const kept = checkpoints.filter(({ size }) => size >= from)
  const late = new Set(later.flatMap((note) => (originOf(note) === origin ? [Number(note.split('\n', 2)[1])] : [])))
  const there = new Set(agreed.map(({ size }) => size))
  const signedLater = held.filter((one) => there.size > 0 && signedAt(one) >= Math.floor(readAt / 1000))
  const young = new Set(signedLater.map(({ size }) => size))
  const last = agreed.at(-1)?.size ?? -1
  const inside = kept.filter(({ size }) => size <= last && !there.has(size) && !late.has(size))
  const behind = kept.filter(({ size }) => size > last && !young.has(size) && !late.has(size))
  const mayBeHeldBack = there.size === 0 && from === 0 ? 0 : 1
  const missing = [...inside, ...(behind.length > mayBeHeldBack ? behind : [])]
  const [first] = missing
  if (first === undefined) return
  const more = missing.length > 1 ? `, and ${missing.length - 1} more` : ''
  const problem = `the ${checkpointOfSize(first.size)}${more} is not in it; opening the ledger releases what a crash held back`
  findings.add(finding('anchor-record-missing', { what: where }, problem))
}

/** The first time that its lines claim, in seconds. */
function signedAt(checkpoint: HeldCheckpoint): number {
  const times = timesOf(checkpoint)
  return times.length === 0 ? 0 : times.reduce((a, b) => Math.min(a, b))
}

/** What the checkpoint log of a ledger holds besides its records. */
function checkOwnRecords(
  anchor: Anchor,
  { origin, keptAll, others = [] }: AnchorEvidence,
  findings: FindingList,
): void {
  const { where, torn, notes, use } = anchor
  const origins = [origin, ...others.map((other) => other.origin)]
  const isForeign = (note: string): boolean =>
    nameOf(originOf(note)) !== nameOf(origin) && !origins.includes(originOf(note))
  const foreign = use === 'shared' ? undefined : notes.find(isForeign)
  if (foreign !== undefined) {
    const problem = `it holds a record of ${originOf(foreign)}, which the database does not know`
    findings.add(finding('anchor-record-foreign', { what: where }, problem))
  }
  if (torn === undefined || keptAll?.from !== 0) return
  const kept = [...keptAll.checkpoints, ...others.flatMap(({ checkpoints }) => checkpoints)]
  if (isStartOfRecord(torn, kept)) return
  if (use === 'shared' && isRecordStart(torn) && !origins.includes(tornHead(torn).origin)) return
  findings.add(damaged(anchor, 'its end is not the start of a record of the log'))
}

/** Incarnations of `origin` that the checkpoint log has and the database has not: older backups that came back lost them. */
export function lostIncarnations(anchors: readonly Anchor[], origin: string, known: readonly string[]): string[] {
  const own = anchors.filter(({ kind }) => kind === 'local').flatMap(({ notes }) => notes.map(originOf))
  return [...new Set(own)].filter((other) => nameOf(other) === nameOf(origin) && ![origin, ...known].includes(other))
}

/** NAME of NAME/INCARNATION. */
function nameOf(origin: string): string {
  return origin.slice(0, Math.max(0, origin.lastIndexOf('/')))
}

function originOf(note: string): string {
  return note.split('\n', 1)[0] ?? ''
}

/** What the anchors are worth for a log of `size`. */
export function anchorAxis(anchored: readonly Anchored[], size: number): AxisReport {
  const best = anchored.toSorted((a, b) => rank(b) - rank(a))[0]
  if (best === undefined)
    return { verdict: 'none', says: 'none: a rewrite by whoever holds the key would not be noticed' }
  const tail = size - best.until
  const beyond = tail > 0 ? `; the last ${tail} ${tail === 1 ? 'entry is' : 'entries are'} unanchored` : ''
  return { verdict: best.kind, says: `${best.kind} (${best.where}), until ${best.until}${beyond}` }
}

function rank({ kind, until }: Anchored): number {
  return until + (kind === 'external' ? Number.MAX_SAFE_INTEGER / 2 : 0)
}

/** What the anchors leave open for a log of `size`. */
export function unanchored(anchors: readonly Anchor[], anchored: readonly Anchored[], size: number): string[] {
  const external = anchored.filter(({ kind }) => kind === 'external').map(({ until }) => until)
  const until = external.length === 0 ? undefined : Math.max(...external)
  const silent = anchors.filter(({ where }) => !anchored.some((other) => other.where === where))
  return [
    ...silent.map(
      ({ where, away }) => `${where}: ${away ?? 'no checkpoint of this ledger in it that a counted key has signed'}`,
    ),
    ...anchors.flatMap(({ where, torn }) =>
      torn === undefined ? [] : [`${where}: its last record was cut off while it was written, and was not read`],
    ),
    ...(until === undefined
      ? ['a rewrite of everything with the real key: no external anchor was given (--anchor)']
      : []),
    ...(until !== undefined && until < size
      ? [`a rewrite of the entries ${until} to ${size - 1} with the real key: the external anchor ends before`]
      : []),
  ]
}
