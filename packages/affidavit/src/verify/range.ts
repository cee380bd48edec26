// The verdict on what came after a trusted checkpoint.

import { equalBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import { type Frontier, rootOfFrontier } from '../merkle/growth.ts'
import type { TreeHead } from '../merkle/head.ts'
import { type Anchor, anchorAxis, checkAnchors, unanchored } from './anchors.ts'
import {
  checkpointOfSize,
  type KeptCheckpoint,
  readSigned,
  signerAxis,
  signerFindings,
  timeAxis,
} from './checkpoints.ts'
import type { ChunkResult } from './chunk.ts'
import { type FindingList, finding } from './finding.ts'
import { type ComputedTree, firstContradiction } from './heads.ts'
import { type Report, report } from './report.ts'
import type { NamedKeys, Trust } from './trust.ts'

export interface RangeEvidence {
  readonly origin: string
  readonly trust: Trust
  /** The trusted checkpoint; absent where it could not be opened, which is among the findings. */
  readonly since?: KeptCheckpoint
  /** What it swears to. */
  readonly base: TreeHead
  /** The tree of that size as stored. */
  readonly continues: Frontier
  /** What was read behind it. */
  readonly chunk: ChunkResult
  readonly tree: ComputedTree
  readonly named: NamedKeys
  /** Those that are kept with the log. */
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly anchors: readonly Anchor[]
  readonly findings: FindingList
  readonly notChecked: readonly string[]
}

/** Weighs the evidence of a range. Adds to `findings`. */
export function judgeRange(evidence: RangeEvidence): Report {
  const { origin, trust, base, continues, chunk, tree, named, anchors, findings } = evidence
  checkBase(evidence)
  const checkpoints = [...evidence.checkpoints, ...(evidence.since === undefined ? [] : [evidence.since])]
  const signed = readSigned({ origin, trust, checkpoints }, named, findings)
  if (evidence.since !== undefined && !signed.counted.some(({ size }) => size === base.size)) {
    findings.add(
      finding('no-trusted-signature', { what: 'the trusted checkpoint' }, 'no key that is trusted has signed it'),
    )
  }
  const heads = signed.held
    .filter(({ size }) => size > base.size)
    .map((held) => ({ ...held, what: checkpointOfSize(held.size) }))
  const { found } = firstContradiction(heads, tree, 'root-mismatch')
  if (found !== undefined) findings.add(found)
  for (const problem of signerFindings(signed, trust, tree.size)) findings.add(problem)
  const roots = new Map([...tree.roots, [base.size, rootOfFrontier(continues)] as const])
  const anchored = checkAnchors({ origin, signed, named, tree: { ...tree, roots }, anchors }, findings)
  const root = roots.get(tree.size)
  return report({
    subject: { kind: 'range', origin, size: tree.size, ...(root === undefined ? {} : { root: toHex(root) }) },
    checked: chunk.checked,
    findings,
    entries: tree.size === 0 ? 'none' : 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: { verdict: 'intact', says: 'intact' },
      completeness: extentOf(base.size, tree.size),
      signer: signerAxis(signed, trust),
      time: timeAxis(signed),
      anchor: anchorAxis(anchored, tree.size),
    },
    notChecked: [
      ...(base.size === 0 ? [] : [`entries 0 to ${base.size - 1}: taken from the trusted checkpoint, not read`]),
      ...evidence.notChecked,
      ...unanchored(anchors, anchored, tree.size),
      'producer numbers and the search indexes: verify the whole ledger',
      'times: the ledger’s own claims, no time-stamping authority has attested them',
    ],
  })
}

function checkBase({ base, continues, tree, findings }: RangeEvidence): void {
  const what = `the trusted checkpoint of size ${base.size}`
  if (base.size > tree.size) {
    findings.add(
      finding('tail-cut', { seq: tree.size, what }, `it covers ${base.size} entries, but the log has ${tree.size}`),
    )
  } else if (base.size > 0 && !equalBytes(rootOfFrontier(continues), base.root)) {
    findings.add(finding('anchor-mismatch', { what }, 'the log has another history, or other tree nodes, below it'))
  }
}

function extentOf(from: number, size: number): Report['axes']['completeness'] {
  if (from >= size) return { verdict: 'complete', says: `nothing came after ${from}` }
  return { verdict: 'complete', says: `complete ${from}..${size - 1}, continuing the trusted checkpoint` }
}
