// Anchors: checkpoints kept outside the log. They show what a log cannot show of itself: a cut tail, a rewrite.

import { utf8 } from '../bytes/text.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { checkpointOfSize, countLines, type KeptCheckpoint, lineName, type Signed } from './checkpoints.ts'
import { type Finding, type FindingList, finding } from './finding.ts'
import { type ComputedTree, compareHead, firstContradiction } from './heads.ts'
import type { AxisReport } from './report.ts'
import { type HeldCheckpoint, isAmong, keysOfLog, logSigners, type NamedKeys } from './trust.ts'

/** Checkpoints kept outside the log. */
export interface Anchor {
  /** `local`: under the ledger's own account or host. `external`: kept by whoever verifies. */
  readonly kind: 'local' | 'external'
  /** For people: `same directory`, a path. */
  readonly where: string
  readonly notes: readonly string[]
  /** Places of the anchor that could not be read. */
  readonly faults: readonly string[]
  /** The bytes of a last record whose end is not there. */
  readonly torn?: Uint8Array
}

export interface AnchorEvidence {
  readonly origin: string
  readonly signed: Signed
  readonly named: NamedKeys
  readonly tree: ComputedTree
  readonly anchors: readonly Anchor[]
  /** Every checkpoint of a size from `from` on that the log keeps; absent where not all of them are at hand. */
  readonly keptAll?: { readonly from: number; readonly checkpoints: readonly KeptCheckpoint[] }
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
    const agreed = checkAnchor(anchor, evidence, findings)
    const until = agreed.findLast((checkpoint) =>
      logSigners(checkpoint).some((key) => isAmong(key, evidence.signed.trusted)),
    )?.size
    return until === undefined ? [] : [{ kind: anchor.kind, where: anchor.where, until }]
  })
}

/** The checkpoints of the anchor that agree with the log, ascending. */
function checkAnchor(anchor: Anchor, evidence: AnchorEvidence, findings: FindingList): readonly HeldCheckpoint[] {
  for (const fault of anchor.faults) findings.add(damaged(anchor, fault))
  const held = anchor.notes.flatMap((note) => openNote(note, anchor, evidence, findings))
  const { agreed, found } = firstContradiction(held, evidence.tree, 'anchor-mismatch')
  if (found !== undefined) findings.add(found)
  const { keptAll, origin } = evidence
  if (keptAll !== undefined) {
    const above = agreed.filter(({ size }) => size >= keptAll.from)
    const kept = keptAll.checkpoints.filter(({ size }) => size >= keptAll.from)
    checkKept(anchor, above, kept, evidence, findings)
    if (anchor.kind === 'local') checkReleased(anchor, above, kept, origin, findings)
  }
  return agreed
}

// The log writes its checkpoint log itself, so that damage there is no accident of somebody else's.
function damaged({ kind, where }: Anchor, problem: string): Finding {
  return finding(kind === 'local' ? 'checkpoint-log-altered' : 'anchor-unreadable', { what: where }, problem)
}

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

// A crash can keep a record from being written, until the ledger is opened again; a torn record is the start of one.
function checkReleased(
  { where, torn }: Anchor,
  agreed: readonly HeldCheckpoint[],
  kept: readonly KeptCheckpoint[],
  origin: string,
  findings: FindingList,
): void {
  const there = new Set(agreed.map(({ size }) => size))
  const last = agreed.at(-1)?.size ?? -1
  const missing = kept.filter(({ size }) => size <= last && !there.has(size))
  const [first] = missing
  if (first !== undefined) {
    const more = missing.length > 1 ? `, and ${missing.length - 1} more` : ''
    const problem = `the ${checkpointOfSize(first.size)}${more} is not in it; opening the ledger releases what a crash held back`
    findings.add(finding('anchor-record-missing', { what: where }, problem))
  }
  if (torn !== undefined && !isTornRecord(torn, kept, origin))
    findings.add(finding('checkpoint-log-altered', { what: where }, 'its end is not the start of a record of the log'))
}

// A file that was growing when the power went can end in zeros.
function isTornRecord(torn: Uint8Array, kept: readonly KeptCheckpoint[], origin: string): boolean {
  const text = Buffer.from(torn)
  let end = text.length
  while (end > 0 && text[end - 1] === 0) end--
  const start = text.subarray(0, end)
  const firstLine = Buffer.from(`${origin}
`)
  const shared = Math.min(start.length, firstLine.length)
  if (!start.subarray(0, shared).equals(firstLine.subarray(0, shared))) return true
  return kept.some(({ note, cosignatures }) =>
    [
      `${note}
`,
      ...cosignatures.map(
        (line) => `${note}${line}

`,
      ),
    ].some((record) => Buffer.from(record).subarray(0, start.length).equals(start)),
  )
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
    ...silent.map(({ where }) => `${where}: no checkpoint of this ledger in it that a counted key has signed`),
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
