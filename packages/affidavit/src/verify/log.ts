// The verdict on a whole log: the joined stretches, the checkpoints kept with it, and the anchors outside it.

import { toHex } from '../bytes/hex.ts'
import { type Anchor as AnchorOutside, anchorAxis, checkAnchors, unanchored } from './anchors.ts'
import {
  checkpointOfSize,
  type KeptCheckpoint,
  readSigned,
  type Signed,
  signerAxis,
  signerFindings,
  timeAxis,
} from './checkpoints.ts'
import { type FindingList, finding } from './finding.ts'
import { firstContradiction } from './heads.ts'
import type { JoinedLog } from './join.ts'
import { gapsOf } from './numbers.ts'
import { type Report, report } from './report.ts'
import { namedKeys, type Trust } from './trust.ts'

export type Anchor = AnchorOutside

export interface LogEvidence {
  readonly origin: string
  readonly trust: Trust
  readonly joined: JoinedLog
  readonly checkpoints: readonly KeptCheckpoint[]
  /** Every checkpoint that was released is among `checkpoints`: one that only an anchor has was removed. */
  readonly keeps?: 'every checkpoint'
  readonly anchors: readonly Anchor[]
  /** What else could not be checked, in words. */
  readonly notChecked: readonly string[]
}

/** Weighs the evidence of a whole log. Adds to the findings of `joined`. */
export function judgeLog(evidence: LogEvidence): Report {
  const { joined, origin, trust, anchors, checkpoints } = evidence
  const { findings, size } = joined
  const named = namedKeys(joined.keyEntries)
  const signed = readSigned(evidence, named, findings)
  compareWithTree(signed, joined, findings)
  const keptAll = evidence.keeps === undefined ? {} : { keptAll: checkpoints }
  const anchored = checkAnchors({ origin, signed, named, tree: joined, anchors, ...keptAll }, findings)
  checkProducers(joined, findings)
  for (const found of signerFindings(signed, trust, size)) findings.add(found)
  return report({
    subject: { kind: 'ledger', origin, size, ...rootOf(joined) },
    checked: joined.checked,
    findings,
    entries: size === 0 ? 'none' : 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: { verdict: 'intact', says: 'intact' },
      completeness: completeness(joined),
      signer: signerAxis(signed, trust),
      time: timeAxis(signed),
      anchor: anchorAxis(anchored, size),
    },
    notChecked: [
      ...evidence.notChecked,
      ...notChecked(evidence, signed),
      ...unanchored(anchors, anchored, size),
      'times: the ledger’s own claims, no time-stamping authority has attested them',
    ],
  })
}

function rootOf({ roots, size }: JoinedLog): { root?: string } {
  const root = roots.get(size)
  return root === undefined ? {} : { root: toHex(root) }
}

/** Holds the kept checkpoints against the tree of the bytes. */
export function compareWithTree({ held }: Signed, tree: JoinedLog, findings: FindingList): void {
  const heads = held.map((checkpoint) => ({ ...checkpoint, what: checkpointOfSize(checkpoint.size) }))
  const { found } = firstContradiction(heads, tree, 'root-mismatch')
  if (found !== undefined) findings.add(found)
}

/** Finds the running numbers that never arrived. */
export function checkProducers(
  { producers, keyEntries }: Pick<JoinedLog, 'producers' | 'keyEntries'>,
  findings: FindingList,
): void {
  const restored = keyEntries.some(({ seq, details }) => seq === 0 && details.start === 'after-restore')
  for (const [producer, numbers] of producers) {
    const first = restored ? (numbers[0]?.[0] ?? 0) : 0
    for (const [from, to] of gapsOf(numbers, first)) {
      const lost = from === to ? `number ${from} never` : `numbers ${from} to ${to} never`
      findings.add(finding('producer-gap', { what: `producer ${producer}` }, `${lost} arrived`))
    }
  }
}

function completeness({ size, uninterpreted }: JoinedLog): Report['axes']['completeness'] {
  if (size === 0) return { verdict: 'empty', says: 'no entries' }
  const strange = uninterpreted === 0 ? '' : `; ${uninterpreted} of a later format, hashed but not interpreted`
  return { verdict: 'complete', says: `complete 0..${size - 1}${strange}` }
}

function notChecked({ trust, joined }: LogEvidence, { counted }: Signed): string[] {
  const signedUntil = counted.at(-1)?.size ?? 0
  const list: string[] = []
  if (joined.size > signedUntil)
    list.push(`entries ${signedUntil} to ${joined.size - 1}: chained, but no counted checkpoint covers them yet`)
  if (trust.kind === 'first use') list.push('the key: none was pinned (--vkey)')
  if (joined.uninterpreted > 0)
    list.push(`${joined.uninterpreted} entries of a format that this version does not know: hashed, not interpreted`)
  return list
}
