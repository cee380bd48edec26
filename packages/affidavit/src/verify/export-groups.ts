// Entries of an export in groups of a tile: first the tree says what the log has in each place, then the entries that
// are just that are heard, in their order.

import { equalBytes } from '../bytes/compare.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import type { DestroyedEntry } from '../formats/destroyed-line.ts'
import type { ParsedEntry } from '../formats/entry.ts'
import { checkKeyLine, type KeyLine } from './export-keys.ts'
import type { ExportLinks } from './export-links.ts'
import { type ExportTree, GROUP } from './export-tree.ts'
import { type FindingList, finding } from './finding.ts'

/** A line at the place where it is taken to stand. */
export interface Slot {
  /** Of a destroyed entry as the line names it. */
  readonly leaf: Hash
  readonly parsed: ParsedEntry | { readonly destroyed: DestroyedEntry }
  /** Of its line in the file. */
  readonly offset: number
}

export interface Groups {
  /** Takes a line whose place is in the group under way or a later one. */
  put(seq: number, slot: Slot): void
  /** Settles everything up to the end of the tree. */
  end(): void
  /** Entries whose bytes were held against the tree. */
  checked(): number
  /** Of these, entries of a format version that this verifier does not know. */
  uninterpreted(): number
}

export interface GroupsContext {
  readonly size: number
  readonly tree: ExportTree
  readonly keyLines: readonly KeyLine[]
  readonly links: ExportLinks
  readonly findings: FindingList
}

export function createGroups({ size, tree, keyLines, links, findings }: GroupsContext): Groups {
  let slots: (Slot | undefined)[] = []
  let group = 0
  let nextKey = 0
  let before: Hash | undefined
  let checked = 0
  let uninterpreted = 0

  function settleUntil(until: number): void {
    while (group < until && !tree.isLost()) settleGroup()
    if (group < until) slots = []
    group = until
  }

  function settleGroup(): void {
    const first = group * GROUP
    const width = Math.min(GROUP, size - first)
    const settled = tree.settle(Array.from({ length: width }, (_, i) => slots[i]?.leaf ?? namedBy(slots[i + 1])))
    for (let i = 0; i < width; i++) settlePlace(first + i, settled[i], slots[i])
    slots = []
    group++
  }

  function settlePlace(seq: number, inTree: Hash | undefined, slot: Slot | undefined): void {
    for (let key = keyLines[nextKey]; key !== undefined && key.seq === seq; key = keyLines[nextKey]) {
      checkKeyLine(key, inTree, findings)
      nextKey++
    }
    if (slot !== undefined) settleSlot(seq, inTree, slot)
    else if (inTree !== undefined) links.pass(inTree)
    before = inTree
  }

  function settleSlot(seq: number, inTree: Hash | undefined, { leaf, parsed, offset }: Slot): void {
    if (!('destroyed' in parsed)) checked++
    if (inTree !== undefined && !equalBytes(leaf, inTree)) {
      findings.add(alteredEntry(seq, parsed))
      links.pass(inTree)
    } else if ('destroyed' in parsed) {
      links.passDestroyed(seq, parsed.destroyed, offset)
    } else if ('entry' in parsed) {
      const previous_hash = seq === 0 ? '' : before === undefined ? undefined : toHex(before)
      links.follow({ seq, hash: toHex(leaf), previous_hash, entry: parsed.entry, offset })
    } else {
      if (parsed.fault.code === 'unknown-version') uninterpreted++
      else findings.add(finding(parsed.fault.code, { seq }, parsed.fault.problem))
      links.pass(leaf)
    }
  }

  return {
    put(seq, slot) {
      settleUntil(Math.floor(seq / GROUP))
      const doubted = slots[seq % GROUP]
      if (doubted !== undefined) findings.add(alteredEntry(seq, doubted.parsed))
      slots[seq % GROUP] = slot
    },
    end() {
      settleUntil(Math.ceil(size / GROUP))
      if (nextKey >= keyLines.length) return
      findings.add(finding('entry-surplus', { what: 'keys.jsonl' }, `it goes on behind the ${size} entries of the log`))
    },
    checked: () => checked,
    uninterpreted: () => uninterpreted,
  }
}

// Of an entry that is not in the export, the one behind it knows the hash.
function namedBy(next: Slot | undefined): Hash | undefined {
  const hash = next !== undefined && 'entry' in next.parsed ? fromHex(next.parsed.entry.previous_hash) : undefined
  return hash?.length === HASH_BYTES ? hash : undefined
}

function alteredEntry(seq: number, parsed: Slot['parsed']): ReturnType<typeof finding> {
  if ('destroyed' in parsed) {
    const place = { seq, id: parsed.destroyed.id }
    return finding('entry-altered', place, 'its line names another hash than the log has at this place')
  }
  const place = 'entry' in parsed ? { seq, id: parsed.entry.id } : { seq }
  return finding('entry-altered', place, 'its bytes do not have the hash that the log has at this place')
}
