// What came after a checkpoint that the caller trusts: the tree below it is taken as it swears, what follows was read.

import { equalBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import { type Frontier, rootOfFrontier } from '../merkle/growth.ts'
import { type Anchor, anchorAxis, checkAnchors, type KeptLedger, unanchored } from './anchors.ts'
import { type KeptCheckpoint, readSigned, signerAxis, signerFindings, timeAxis } from './checkpoints.ts'
import { type ContentEvidence, contentAxis, contentNotChecked } from './content.ts'
import { createFindings, type Finding, finding } from './finding.ts'
import type { ReleasedHolds } from './hold-releases.ts'
import type { JoinedLog } from './join.ts'
import { compareWithTree, completeness, producerGaps, timesAsserted, uninterpreted, withReleases } from './log.ts'
import { type Report, report } from './report.ts'
import { createNoteReader, type HeldCheckpoint, type NamedKeys, type Trust, walkTrust } from './trust.ts'

const TRUSTED = 'the trusted checkpoint'

export interface SinceEvidence {
  readonly origin: string
  readonly trust: Trust
  /** The signed note that the caller names. */
  readonly note: string
  /** Keys that the log names below it, and the checkpoints below it that changed them. */
  readonly named: NamedKeys
  readonly checkpoints: readonly KeptCheckpoint[]
}

/** Opens the checkpoint to begin from. Only one that a counted key has signed is ground to stand on. */
export function openSince({ origin, trust, note, named, checkpoints }: SinceEvidence): HeldCheckpoint | Finding {
  const opened = createNoteReader(origin, trust, named)(note, TRUSTED)
  if ('found' in opened) return finding('since-untrusted', { what: TRUSTED }, opened.found.problem)
  // What is wrong with the others is said where the range is judged.
  const { held } = readSigned({ origin, trust, checkpoints }, named, createFindings())
  const { counted } = walkTrust(origin, [...held, opened.held], trust, named)
  if (counted.some(({ lines }) => lines === opened.held.lines)) return opened.held
  return finding('since-untrusted', { what: TRUSTED }, 'no key that counts has signed it')
}

/** What is wrong with the stored tree of the trusted checkpoint's size; `undefined` frontier: it cannot be read. */
export function checkBase(since: HeldCheckpoint, frontier: Frontier | undefined, size: number): Finding | undefined {
  const what = `${TRUSTED} of size ${since.size}`
  if (since.size > size) {
    const problem = `it covers ${since.size} entries, but the log has ${size}: the last ${since.size - size} are gone`
    return finding('tail-cut', { seq: size, what }, problem)
  }
  if (frontier === undefined) return finding('node-altered', { what }, 'stored nodes of its tree cannot be read')
  if (equalBytes(rootOfFrontier(frontier), since.root)) return undefined
  return finding('anchor-mismatch', { what }, 'the log has another history, or other tree nodes, below it')
}

export interface RangeEvidence {
  readonly origin: string
  readonly trust: Trust
  readonly since: HeldCheckpoint
  readonly named: NamedKeys
  /** What was read behind the trusted checkpoint; roots of smaller trees where the stored nodes prove them. */
  readonly joined: JoinedLog
  /** Those of the trusted checkpoint's size and above, and those below that changed keys. */
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly anchors: readonly Anchor[]
  /** The other ledgers of the database. */
  readonly others: readonly KeptLedger[]
  /** What was looked at of sealed content. */
  readonly content: ContentEvidence
  /** By whose leave holds were released. */
  readonly released: ReleasedHolds
  readonly notChecked: readonly string[]
}

/** Weighs the evidence of a range. Adds to the findings of `joined`. */
export function judgeRange(evidence: RangeEvidence): Report {
  const { origin, trust, since, named, joined, checkpoints, anchors, others, content } = evidence
  const { findings, size } = joined
  const signed = readSigned({ origin, trust, checkpoints }, named, findings, [since])
  compareWithTree({ held: signed.held.filter((held) => held.size >= since.size) }, joined, findings)
  const keptAll = { from: since.size, checkpoints }
  const anchored = checkAnchors({ origin, signed, named, tree: joined, anchors, keptAll, others }, findings)
  for (const found of [...producerGaps(joined.producers, 'unknown'), ...signerFindings(signed, trust, size)])
    findings.add(found)
  const root = joined.roots.get(size)
  return report({
    subject: { kind: 'range', origin, size, ...(root === undefined ? {} : { root: toHex(root) }) },
    checked: joined.checked,
    findings,
    entries: size === 0 ? 'none' : 'some',
    axes: {
      content: contentAxis(content, origin),
      order: { verdict: 'intact', says: 'intact' },
      completeness: completeness(joined, since.size),
      signer: withReleases(signerAxis(signed, trust), evidence.released),
      time: timeAxis(signed),
      anchor: anchorAxis(anchored, size),
    },
    notChecked: [
      ...(since.size === 0 ? [] : [`entries 0 to ${since.size - 1}: taken from the trusted checkpoint, not read`]),
      ...evidence.notChecked,
      ...contentNotChecked(content),
      ...uninterpreted(joined),
      'the first number of each producer, rows outside the range, the search indexes: verify the whole ledger',
      ...unanchored(anchors, anchored, size),
      timesAsserted,
    ],
  })
}

/** The report where there is no ground to stand on: nothing was read behind the checkpoint. */
export function groundless(origin: string, found: readonly Finding[]): Report {
  const findings = createFindings()
  for (const one of found) findings.add(one)
  const unknown = { verdict: 'not checked', says: 'not checked: there is no ground to begin from' }
  const axes = { content: unknown, order: unknown, completeness: unknown, time: unknown, anchor: unknown }
  return report({
    subject: { kind: 'range', origin },
    checked: 0,
    findings,
    entries: 'some',
    axes: { ...axes, signer: { verdict: 'unsigned', says: 'not checked: there is no ground to begin from' } },
    notChecked: ['every entry: begin from a checkpoint that you trust, or verify the whole ledger'],
  })
}
