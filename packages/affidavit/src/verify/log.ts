// The verdict on a whole log: the joined stretches, the checkpoints kept with it, and the anchors outside it.

import { toHex } from '../bytes/hex.ts'
import { type Anchor, anchorAxis, checkAnchors, type KeptLedger, lostIncarnations, unanchored } from './anchors.ts'
import {
  checkpointOfSize,
  type KeptCheckpoint,
  readSigned,
  type Signed,
  signerAxis,
  signerFindings,
  timeAxis,
} from './checkpoints.ts'
import { type ContentEvidence, contentAxis, contentNotChecked, NO_CONTENT } from './content.ts'
import { type Finding, type FindingList, finding } from './finding.ts'
import { firstContradiction } from './heads.ts'
import { type ReleasedHolds, releasesSay } from './hold-releases.ts'
import type { JoinedLog } from './join.ts'
import { leftSays, unlooked } from './left.ts'
import { gapsOf } from './numbers.ts'
import { type AxisReport, type Report, report } from './report.ts'
import { namedKeys, type Trust } from './trust.ts'

export interface LogEvidence {
  readonly origin: string
  readonly trust: Trust
  readonly joined: JoinedLog
  /** Every one that the log keeps: what only an anchor has was removed. */
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly anchors: readonly Anchor[]
  /** The other ledgers of the database. */
  readonly others?: readonly KeptLedger[]
  /** Those of them that this one continues, which were judged before. */
  readonly predecessors?: readonly string[]
  /** By whose leave holds were released. */
  readonly released?: ReleasedHolds
  /** What was looked at of sealed content, here and in the predecessors. */
  readonly content?: ContentEvidence
  /** What else could not be checked, in words. */
  readonly notChecked: readonly string[]
}

/** Weighs the evidence of a whole log. Adds to the findings of `joined`. */
export function judgeLog(evidence: LogEvidence): Report {
  const { joined, origin, trust, anchors, checkpoints, others = [], predecessors = [], content = NO_CONTENT } = evidence
  const { findings, size } = joined
  const named = namedKeys(joined.keyEntries)
  const signed = readSigned(evidence, named, findings)
  compareWithTree(signed, joined, findings)
  const keptAll = { from: 0, checkpoints }
  const isJudged = (note: string): boolean => predecessors.some((other) => note.startsWith(`${other}\n`))
  const speaking = anchors.filter(({ notes }) => notes.some(isJudged)).map(({ where }) => where)
  const anchored = checkAnchors({ origin, signed, named, tree: joined, anchors, keptAll, others, speaking }, findings)
  for (const found of displaced(joined, anchors)) findings.add(found)
  checkProducers(joined, findings)
  for (const found of signerFindings(signed, trust, size)) findings.add(found)
  return report({
    subject: { kind: 'ledger', origin, size, ...rootOf(joined) },
    checked: joined.checked,
    findings,
    entries: size === 0 ? 'none' : 'some',
    axes: {
      content: contentAxis(content, origin),
      order: { verdict: 'intact', says: 'intact' },
      completeness: completeness(joined, 0),
      signer: withReleases(signerAxis(signed, trust), evidence.released ?? []),
      time: timeAxis(signed),
      anchor: anchorAxis(anchored, size),
    },
    notChecked: [
      ...evidence.notChecked,
      ...contentNotChecked(content),
      ...notChecked(evidence, signed),
      ...unanchored(anchors, anchored, size),
      timesAsserted,
    ],
  })
}

// Entry 0 knows that the checkpoint log is kept elsewhere: one in the ledger's own folder was put there for it.
function displaced({ keyEntries }: JoinedLog, anchors: readonly Anchor[]): Finding[] {
  const elsewhere = keyEntries[0]?.details.checkpoint_log === 'elsewhere'
  const own = anchors.find(({ kind, use }) => kind === 'local' && use !== 'shared')
  if (!elsewhere || own === undefined) return []
  const problem = 'entry 0 says that the checkpoint log is kept elsewhere; the settings that say where are gone'
  return [finding('anchor-record-missing', { what: own.where }, problem)]
}

/** The signer axis, and by whose leave holds were released. */
export function withReleases({ verdict, says }: AxisReport, released: ReleasedHolds): AxisReport {
  return { verdict, says: `${says}${releasesSay(released)}` }
}

function rootOf({ roots, size }: JoinedLog): { root?: string } {
  const root = roots.get(size)
  return root === undefined ? {} : { root: toHex(root) }
}

export const timesAsserted = 'times: the ledger’s own claims, no time-stamping authority has attested them'

/** Holds the kept checkpoints against the tree of the bytes. */
export function compareWithTree({ held }: Pick<Signed, 'held'>, tree: JoinedLog, findings: FindingList): void {
  const heads = held.map((checkpoint) => ({ ...checkpoint, what: checkpointOfSize(checkpoint.size) }))
  const { found } = firstContradiction(heads, tree, 'root-mismatch')
  if (found !== undefined) findings.add(found)
}

/** Finds the running numbers that never arrived. Producers go on counting in the next incarnation. */
export function checkProducers(
  { producers, keyEntries, left }: Pick<JoinedLog, 'producers' | 'keyEntries' | 'left'>,
  findings: FindingList,
): void {
  // As many numbers as there are entries that nobody could look at may stand in these.
  if (unlooked(left) > 0) return
  const restored = keyEntries.some(({ seq, details }) => seq === 0 && details.start === 'after-restore')
  for (const found of producerGaps(producers, restored ? 'unknown' : 0)) findings.add(found)
}

/** Numbers that are missing between each producer's first one and its last. */
export function producerGaps(producers: JoinedLog['producers'], first: 0 | 'unknown'): Finding[] {
  return [...producers].flatMap(([producer, numbers]) =>
    gapsOf(numbers, first === 0 ? 0 : (numbers[0]?.[0] ?? 0)).map(([from, to]) => {
      const lost = from === to ? `number ${from} never` : `numbers ${from} to ${to} never`
      return finding('producer-gap', { what: `producer ${producer}` }, `${lost} arrived`)
    }),
  )
}

/** What the entries from `from` on are complete of. */
export function completeness(joined: JoinedLog, from: number): Report['axes']['completeness'] {
  const { size } = joined
  if (size === 0) return { verdict: 'empty', says: 'no entries' }
  if (from === size) return { verdict: 'complete', says: `nothing came after the trusted checkpoint of size ${from}` }
  const [strange] = uninterpreted(joined)
  const continuing = from === 0 ? '' : ', continuing the trusted checkpoint'
  const says = `complete ${from}..${size - 1}${continuing}${strange === undefined ? '' : `; ${strange}`}${leftSays(joined.left)}`
  return { verdict: 'complete', says }
}

export function uninterpreted({ uninterpreted: count }: JoinedLog): string[] {
  return count === 0 ? [] : [`${count} entries of a format that this version does not know: hashed, not interpreted`]
}

/** Running numbers of producers stand in entries alone. */
export function producersOpen({ left }: Pick<JoinedLog, 'left'>): string[] {
  const count = unlooked(left)
  return count === 0
    ? []
    : [`running numbers of producers: ${count} that left were not read, and may have those that are missing`]
}

function notChecked(evidence: LogEvidence, { counted }: Signed): string[] {
  const { trust, joined, anchors, origin, others = [] } = evidence
  const known = others.map((other) => other.origin)
  const signedUntil = counted.at(-1)?.size ?? 0
  const open = `entries ${signedUntil} to ${joined.size - 1}: chained, but no counted checkpoint covers them yet`
  return [
    ...(joined.size > signedUntil ? [open] : []),
    ...(trust.kind === 'first use' ? ['the key: none was pinned (--vkey)'] : []),
    ...uninterpreted(joined),
    ...producersOpen(joined),
    ...lostIncarnations(anchors, origin, known).map(
      (lost) => `${lost}: an incarnation in the checkpoint log that the database does not have`,
    ),
  ]
}
