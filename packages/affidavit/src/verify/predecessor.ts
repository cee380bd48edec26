// The ledgers before a restore: entry 0 of the one that follows swears to the last checkpoint of the one before, so that its
// history stands under the same signature (spec/verification.md §4).

import { utf8 } from '../bytes/text.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { type Anchor, checkAnchors } from './anchors.ts'
import { checkpointOfSize, type KeptCheckpoint, readSigned, type Signed, signerFindings } from './checkpoints.ts'
import type { KeyEntry } from './entries.ts'
import { createFindings, type Finding, type FindingList, finding } from './finding.ts'
import type { JoinedLog } from './join.ts'
import { checkProducers, compareWithTree } from './log.ts'
import { namedKeys, type Trust } from './trust.ts'

/** What entry 0 of a ledger says of the one before. */
export interface Succession {
  /** The ledger that follows. */
  readonly by: string
  readonly origin: string
  /** The last signed note that came back with the database. */
  readonly checkpoint: string
}

/** The ledger that the one with these entries follows, where it says so. */
export function successionOf(by: string, keyEntries: readonly KeyEntry[]): Succession | undefined {
  const start = keyEntries.find(({ seq }) => seq === 0)
  const { previous_ledger: origin, previous_checkpoint: checkpoint } = start?.details ?? {}
  return typeof origin === 'string' && typeof checkpoint === 'string' ? { by, origin, checkpoint } : undefined
}

export interface PredecessorEvidence {
  readonly succession: Succession
  readonly trust: Trust
  /** Absent where the database has no such ledger. */
  readonly joined: JoinedLog | undefined
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly anchors: readonly Anchor[]
}

/** Weighs the evidence of a ledger that another one follows; answers what was not checked of it. */
export function judgePredecessor(evidence: PredecessorEvidence, findings: FindingList): string[] {
  const { succession, joined } = evidence
  const { by, origin } = succession
  if (joined === undefined) {
    const problem = `${by} follows it and swears to its last checkpoint, but the database has it no more`
    findings.add(finding('predecessor-missing', { what: origin }, problem))
    return []
  }
  const found = createFindings()
  found.addAll(joined.findings)
  const notChecked = judge(evidence, joined, found)
  findings.addAll({ first: found.first.map((one) => placedIn(origin, one)), counts: found.counts })
  return notChecked.map((line) => `${origin}: ${line}`)
}

function placedIn(origin: string, found: Finding): Finding {
  const within = found.what ?? (found.seq === undefined ? undefined : `seq ${found.seq}`)
  return { ...found, what: within === undefined ? origin : `${origin}, ${within}` }
}

function judge(evidence: PredecessorEvidence, joined: JoinedLog, findings: FindingList): string[] {
  const { succession, checkpoints, anchors } = evidence
  const { origin, by, checkpoint } = succession
  const own = evidence.trust.kind === 'pinned' ? evidence.trust.keys.filter(({ name }) => name === origin) : []
  const trust: Trust = own.length > 0 ? { kind: 'pinned', keys: own } : { kind: 'first use' }
  const named = namedKeys(joined.keyEntries)
  const signed = readSigned({ origin, trust, checkpoints }, named, findings)
  compareWithTree(signed, joined, findings)
  const sworn: Anchor = { kind: 'external', where: `entry 0 of ${by}`, notes: [checkpoint], faults: [] }
  const common = { origin, signed, named, tree: joined }
  checkAnchors({ ...common, anchors: [sworn], keptAll: { from: 0, checkpoints } }, findings)
  const until = sizeOf(checkpoint)
  // A backup has lines and checkpoints as of its own time: what came later was lost, and only the trees are compared.
  const older = speakingOf(origin, anchors, (size) => size <= until)
  checkAnchors({ ...common, anchors: older }, findings)
  checkProducers(joined, findings)
  for (const found of signerFindings(signed, trust, joined.size)) findings.add(found)
  const newer = speakingOf(origin, anchors, (size) => size > until)
  for (const anchor of newer) if (anchor.kind === 'external') findings.add(lost(anchor, signed, by))
  return [
    ...(joined.size > until ? [`entries ${until} to ${joined.size - 1}: chained, but no checkpoint covers them`] : []),
    ...newer.map(({ where }) => `what ${where} says of entries behind ${until - 1}: a restore did not bring them back`),
  ]
}

// What an auditor has seen and a restore lost is gone: by accident or not, the restore alone does not say.
function lost({ where, notes }: Anchor, { read }: Signed, by: string): Finding {
  const opened = notes.map((note) => read(note, where))
  const sizes = opened.flatMap((one) => ('held' in one ? [one.held.size] : []))
  if (sizes.length === 0) return finding('anchor-untrusted', { what: where }, 'its newer checkpoints cannot be judged')
  const problem = `it has the ${checkpointOfSize(Math.max(...sizes))}: entries below it are not here since ${by} began`
  return finding('restored-older', { what: where }, problem)
}

function speakingOf(origin: string, anchors: readonly Anchor[], fits: (size: number) => boolean): Anchor[] {
  const cut = anchors.map(({ kind, where, notes }) => ({
    kind,
    where,
    notes: notes.filter((note) => note.startsWith(`${origin}\n`) && fits(sizeOf(note))),
    faults: [],
  }))
  return cut.filter(({ notes }) => notes.length > 0)
}

function sizeOf(note: string): number {
  const parsed = parseNote(utf8(note))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  return 'code' in body ? 0 : body.size
}
