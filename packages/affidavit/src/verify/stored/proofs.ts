// Proofs from stored tree nodes. Nothing here is trusted: a proof of altered nodes does not check.

import { HASH_BYTES, type Hash } from '../../crypto/sha256.ts'
import { isStub } from '../../formats/stub.ts'
import { buildConsistency, checkConsistency, planConsistency } from '../../merkle/consistency.ts'
import { type Frontier, planFrontier, rootOfFrontier } from '../../merkle/growth.ts'
import type { TreeHead } from '../../merkle/head.ts'
import { buildInclusion, planInclusion } from '../../merkle/inclusion.ts'
import type { NodeId } from '../../merkle/node.ts'
import type { NodePlan } from '../../merkle/plan.ts'
import type { ProvenEntry } from '../proven.ts'
import type { StoredBytes, StoredLog } from './stored-log.ts'

/** Plans whose nodes are asked for at once. */
const AT_ONCE = 256

/** Entries with the proofs that stored nodes give of them in the tree of `size`; no proof where they cannot be read. */
export async function proveEntries(
  log: StoredLog,
  entries: readonly StoredBytes[],
  size: number,
): Promise<(ProvenEntry & StoredBytes)[]> {
  const plans = entries.map(({ seq }) => (seq < size ? planInclusion(seq, size) : []))
  const readers = await readPlans(log, plans)
  const leaves = await readLeaves(log, entries)
  return entries.map((entry, i) => {
    const [plan, read, leaf] = [plans[i] ?? [], readers[i], leaves.get(entry.seq)]
    const proof = read === undefined ? [] : buildInclusion(plan, read)
    return { ...entry, proof, ...(leaf === undefined ? {} : { leaf }) }
  })
}

/** Of those that have left. */
async function readLeaves(log: StoredLog, entries: readonly StoredBytes[]): Promise<ReadonlyMap<number, Hash>> {
  const left = entries.filter(({ bytes }) => isStub(bytes))
  const leaves = left.length === 0 ? [] : await log.nodes(left.map(({ seq }) => ({ level: 0, index: seq })))
  return new Map(
    left.flatMap(({ seq }, i) => {
      const leaf = leaves[i]
      return leaf === undefined ? [] : [[seq, leaf] as const]
    }),
  )
}

/** The root of the first entries of each size, where stored nodes prove that `head` continues it or is continued by it. */
export async function provenRoots(log: StoredLog, sizes: Iterable<number>, head: TreeHead): Promise<Map<number, Hash>> {
  const wanted = [...new Set(sizes)].filter((size) => size > 0 && head.size > 0)
  const frontiers = await readFrontiers(
    log,
    wanted.filter((size) => size !== head.size),
  )
  const others = frontiers.map((frontier) => ({ size: frontier.size, root: rootOfFrontier(frontier) }))
  const pairs = others.map((other) => (other.size < head.size ? ([other, head] as const) : ([head, other] as const)))
  const plans = pairs.map(([from, to]) => planConsistency(from.size, to.size))
  const readers = await readPlans(log, plans)
  const proven = others.filter((_, i) => {
    const [pair, plan, read] = [pairs[i], plans[i], readers[i]]
    if (pair === undefined || plan === undefined || read === undefined) return false
    return checkConsistency({ proof: buildConsistency(plan, read), from: pair[0], to: pair[1] }) === undefined
  })
  const roots = new Map(proven.map(({ size, root }) => [size, root]))
  return wanted.includes(head.size) ? roots.set(head.size, head.root) : roots
}

/** The stored frontier of the first `size` entries; `undefined` where nodes of it cannot be read. */
export async function readFrontier(log: StoredLog, size: number): Promise<Frontier | undefined> {
  const [frontier] = await readFrontiers(log, [size])
  return frontier
}

/** Those that can be read. */
async function readFrontiers(log: StoredLog, sizes: readonly number[]): Promise<Frontier[]> {
  const plans = sizes.map((size) => planFrontier(size))
  const readers = await readPlans(
    log,
    plans.map((ids) => [ids]),
  )
  return sizes.flatMap((size, i) => {
    const read = readers[i]
    return read === undefined ? [] : [{ size, nodes: (plans[i] ?? []).map(read) }]
  })
}

type NodeReader = (id: NodeId) => Hash

/** The nodes of each plan; `undefined` where one of them cannot be read. */
async function readPlans(log: StoredLog, plans: readonly NodePlan[]): Promise<(NodeReader | undefined)[]> {
  const readers: (NodeReader | undefined)[] = []
  for (let at = 0; at < plans.length; at += AT_ONCE) {
    const some = plans.slice(at, at + AT_ONCE)
    const nodes = await readNodes(log, some.flat(2))
    for (const plan of some) {
      const isThere = plan.flat().every((id) => nodes.has(nodeName(id)))
      readers.push(isThere ? (id) => nodes.get(nodeName(id)) ?? new Uint8Array() : undefined)
    }
  }
  return readers
}

async function readNodes(log: StoredLog, ids: readonly NodeId[]): Promise<ReadonlyMap<string, Hash>> {
  const distinct = [...new Map(ids.map((id) => [nodeName(id), id]))]
  const read = distinct.length === 0 ? [] : await log.nodes(distinct.map(([, id]) => id))
  return new Map(
    distinct.flatMap(([name], i) => {
      const hash = read[i]
      return hash?.length === HASH_BYTES ? [[name, hash] as const] : []
    }),
  )
}

function nodeName({ level, index }: NodeId): string {
  return `${level}/${index}`
}
