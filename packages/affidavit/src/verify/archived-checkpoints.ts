// The checkpoints that an archive keeps beside its segments (spec/archive.md §6): each is one that the ledger signed, and none of those under
// which something was archived is another, or gone.

import { equalBytes } from '../bytes/compare.ts'
import type { Hash } from '../crypto/sha256.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import type { TreeHead } from '../merkle/head.ts'
import { type FindingList, finding } from './finding.ts'

/** An object under `checkpoints/` of the archive. */
export interface CheckpointObject {
  readonly key: string
  readonly note: Uint8Array
}

/** A checkpoint under which something was archived. */
export interface WantedCheckpoint {
  readonly size: number
  /** As far as it is known. */
  readonly root?: Hash
  /** Where it has to be: its key, or the folder of its ledger. */
  readonly where: string
  readonly segment: string
}

export interface CheckpointTrust {
  readonly origin: string
  /** Keys of that ledger. */
  readonly keys: readonly VerifierKey[]
  /** The tree of each checkpoint that the ledger keeps, by its size; left out where no ledger is at hand. */
  readonly kept?: ReadonlyMap<number, Hash>
}

/** Answers how many hold. */
export function checkArchivedCheckpoints(
  objects: readonly CheckpointObject[],
  wanted: readonly WantedCheckpoint[],
  trust: CheckpointTrust,
  findings: FindingList,
): number {
  const held = objects.flatMap((object) => openObject(object, trust, findings))
  const heads = new Map<number, Hash>(trust.kept)
  let agreed = 0
  for (const { key, size, root } of held) {
    const known = heads.get(size)
    if (known === undefined && trust.kept !== undefined) {
      const problem = `${key} in the archive is a checkpoint of this size, which the ledger keeps no more`
      findings.add(finding('checkpoint-removed', { what: `checkpoint of size ${size}` }, problem))
    } else if (known !== undefined && !equalBytes(known, root)) {
      const other = trust.kept === undefined ? 'another one in the archive' : 'the one that the ledger keeps'
      const problem = `it is signed over another tree of size ${size} than ${other}`
      findings.add(finding('anchor-mismatch', { what: key }, problem))
    } else agreed++
    heads.set(size, known ?? root)
  }
  const keys = new Set(objects.map(({ key }) => key))
  for (const one of wanted) checkWanted(one, keys, held, findings)
  return agreed
}

interface HeldObject extends TreeHead {
  readonly key: string
}

function openObject(
  { key, note }: CheckpointObject,
  { origin, keys }: CheckpointTrust,
  findings: FindingList,
): HeldObject[] {
  const opened = openCheckpoint(note, keys)
  const place = { what: key }
  if ('code' in opened) {
    findings.add(
      opened.code === 'no-trusted-signature'
        ? finding('no-trusted-signature', place, 'no key that counts has signed this checkpoint of the archive')
        : finding('archived-checkpoint-altered', place, `it is no checkpoint as it was kept there (${opened.code})`),
    )
    return []
  }
  const { checkpoint } = opened
  if (checkpoint.origin === origin) return [{ key, ...checkpoint }]
  findings.add(finding('archived-checkpoint-altered', place, `it is a checkpoint of ${checkpoint.origin}`))
  return []
}

function checkWanted(
  { size, root, where, segment }: WantedCheckpoint,
  keys: ReadonlySet<string>,
  held: readonly HeldObject[],
  findings: FindingList,
): void {
  const isThere = held.some((one) => one.size === size && (root === undefined || equalBytes(one.root, root)))
  if (isThere) return
  // A run that finds the checkpoint of one that came to nothing keeps its own beside it.
  const beside = where.replace(/\.note$/, `-${size}.note`)
  const what = keys.has(beside) ? beside : where
  const there = held.find(({ key }) => key === what)
  const instead = there === undefined ? 'is not there' : `was replaced by one of size ${there.size}`
  const problem = `the checkpoint of size ${size}, under which segment ${segment} was archived, ${instead}`
  findings.add(finding('archived-checkpoint-altered', { what }, problem))
}
