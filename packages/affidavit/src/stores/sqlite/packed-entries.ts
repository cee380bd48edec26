// A page of entries on its way between threads: one buffer, as copying each of thousands takes longer than reading them.

import type { StoredEntry } from '../../ledger/store.ts'

export interface PackedEntries {
  /** Of each entry, the bytes of its nodes, and behind them its own. */
  readonly bytes: Uint8Array
  /** Of each entry: its seq, how long its nodes are, and how long it is. */
  readonly places: Float64Array
}

const WORDS = 3

export function packEntries(entries: readonly StoredEntry[]): PackedEntries {
  const places = new Float64Array(WORDS * entries.length)
  let [length, place] = [0, 0]
  for (const { seq, nodes, entry } of entries) {
    places[place] = seq
    places[place + 1] = nodes.length
    places[place + 2] = entry.length
    place += WORDS
    length += nodes.length + entry.length
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const { nodes, entry } of entries) {
    bytes.set(nodes, at)
    at += nodes.length
    bytes.set(entry, at)
    at += entry.length
  }
  return { bytes, places }
}

/** The same entries. Each keeps the bytes of all of them: who holds on to a few copies them. */
export function unpackEntries({ bytes, places }: PackedEntries): StoredEntry[] {
  const entries: StoredEntry[] = []
  let at = 0
  for (let i = 0; i < places.length; i += WORDS) {
    const [seq = 0, nodes = 0, entry = 0] = [places[i], places[i + 1], places[i + 2]]
    const middle = at + nodes
    entries.push({ seq, nodes: bytes.subarray(at, middle), entry: bytes.subarray(middle, middle + entry) })
    at = middle + entry
  }
  return entries
}
