// The object of a segment and its manifest, made of what was gathered (spec/archive.md §1). Nothing is made that does not lead to the root of
// the checkpoint.

import type { KeyObject } from 'node:crypto'

import { concatBytes, equalBytes } from '../bytes/compare.ts'
import { HASH_BYTES, type Hash, sha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { SEGMENT_HEADER, type SegmentManifest } from '../formats/segment.ts'
import { createBlockCipher, type SegmentScope, segmentDigest } from '../formats/segment-seal.ts'
import { countRuns, formatRuns } from '../formats/seq-runs.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { foldRoots } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import { planRest, rootWithRest } from '../merkle/partial.ts'
import type { Gathered } from './segment-builder.ts'

export interface Covering {
  readonly head: TreeHead
  /** The signed checkpoint. */
  readonly note: string
}

export interface SealedSegment {
  readonly object: Uint8Array
  readonly manifest: SegmentManifest
}

/** @throws LedgerError `store-corrupt` where the entries are not those of the checkpoint */
export async function sealSegment(
  key: KeyObject,
  scope: SegmentScope & Pick<SegmentManifest, 'replaces'>,
  gathered: Gathered,
  covering: Covering,
  locked_until: string | undefined,
  store: Pick<LedgerStore, 'nodes'>,
): Promise<SealedSegment> {
  const rest = await readRest(store, scope.ledger, gathered, covering.head)
  const behind = concatBytes(...rest, ...gathered.payloads)
  const digest = segmentDigest(
    key,
    scope,
    gathered.blocks.map(({ packed }) => packed),
    sha256Hex(behind),
  )
  const cipher = createBlockCipher(key, scope.ledger, digest)
  const last = gathered.blocks.length - 1
  const sealed = gathered.blocks.map(({ packed }, index) =>
    cipher.seal({ index, position: index === last ? 'last' : 'inner' }, packed),
  )
  const object = concatBytes(SEGMENT_HEADER, ...sealed, behind)
  let at = SEGMENT_HEADER.length
  const blocks = gathered.blocks.map(({ first_seq, count }, i) => {
    const length = sealed[i]?.length ?? 0
    at += length
    return { offset: at - length, length, first_seq, count }
  })
  const manifest: SegmentManifest = {
    ...scope,
    digest,
    checkpoint: covering.note,
    seqs: formatRuns(gathered.runs),
    leaves_sha256: sha256Hex(concatBytes(...gathered.leaves)),
    blocks,
    rest: { offset: at, count: rest.length },
    payloads: {
      offset: at + HASH_BYTES * rest.length,
      length: behind.length - HASH_BYTES * rest.length,
      count: gathered.payloads.length,
      missing: gathered.payloads_missing,
    },
    object: { length: object.length, sha256: sha256Hex(object) },
    ...(locked_until === undefined ? {} : { locked_until }),
  }
  return { object, manifest }
}

/** Nodes that are asked for at a time. */
const NODES_AT_ONCE = 2_000

async function readRest(
  store: Pick<LedgerStore, 'nodes'>,
  ledger: string,
  { runs, leaves }: Gathered,
  { size, root }: TreeHead,
): Promise<Hash[]> {
  const plan = planRest(runs, size)
  const ids = plan.flat()
  const nodes: Hash[] = []
  for (let from = 0; from < ids.length; from += NODES_AT_ONCE) {
    nodes.push(...(await store.nodes(ledger, ids.slice(from, from + NODES_AT_ONCE))))
  }
  let read = 0
  const rest = plan.map((group) => {
    read += group.length
    return foldRoots(nodes.slice(read - group.length, read))
  })
  const computed = rootWithRest(runs, size, leaves, rest)
  if (computed !== undefined && equalBytes(computed, root)) return rest
  throw new LedgerError('store-corrupt', {
    problem: `${countRuns(runs)} entries from seq ${runs[0]?.first} on do not lead to the root of the checkpoint of size ${size}; nothing was archived`,
    cure: 'run affidavit verify: it says what was changed',
  })
}
