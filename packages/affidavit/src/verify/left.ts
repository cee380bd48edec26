// Entries that have left the database (spec/stubs.md §4): what stands in their rows, what records of the ledger say of them, and what
// is wrong with either.

import { equalBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import type { JsonValue } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import { parseArchived, parseReplaced } from '../formats/archive-record.ts'
import type { DestroyedEntry } from '../formats/destroyed-line.ts'
import { parseEntry } from '../formats/entry.ts'
import type { Action } from '../formats/fields.ts'
import { skimEntry } from '../formats/skim-entry.ts'
import { isStub, parseStub, STAYING_ACTIONS, type Stub, stubOf } from '../formats/stub.ts'
import { entryOf, type LeafText, leafHash } from '../merkle/hash.ts'
import type { ReadEntry } from './entries.ts'
import { type FindingCode, type FindingList, finding } from './finding.ts'
import { addInterval, addNumber, type NumberSet } from './numbers.ts'

/** What came of asking the archive for the bytes of an entry. */
export type FromArchive =
  | { readonly bytes: Uint8Array }
  | { readonly unreadable: string }
  /** What lies there is not what was archived. */
  | { readonly altered: string }

/** A row that holds a stub. */
interface LeftRow {
  readonly seq: number
  readonly entry: Uint8Array | LeafText
  readonly nodes: string
  readonly archived?: FromArchive
}

/** What a stretch met. Plain data: it crosses threads. */
export interface LeftEntries {
  /** Those that are archived, by their segments. */
  readonly archived: ReadonlyMap<string, NumberSet>
  /** Of these, the ones whose bytes were not had. */
  readonly unread: NumberSet
  readonly disposed: readonly DestroyedEntry[]
  /** By which certificates these went, as far as that was judged: digests of their plans. */
  readonly certificates?: readonly string[]
  /** Why, of the first one. */
  readonly why?: string
}

export const NOTHING_LEFT: LeftEntries = { archived: new Map(), unread: [], disposed: [] }

/** A record `records_archived` or `records_disposed`, as its entry has it. */
export interface LeaveRecord {
  /** The incarnation that it is of. */
  readonly ledger: string
  readonly seq: number
  readonly action: Action
  readonly timestamp: string
  readonly recorded_at: string
  readonly details: { [name: string]: JsonValue }
}

/** By what leave an entry was destroyed; nothing where by none. `shown otherwise`: its stub is not as the manifest lists it. */
export type DisposalOf = (
  entry: DestroyedEntry,
) =>
  | { readonly leave: 'authorised' | 'authority not checked'; readonly plan_sha256: string }
  | { readonly leave: 'shown otherwise' }
  | undefined

/**
 * What the records of the ledger of this origin, and of those that go on from it after a restore, say of entries of it that were
 * destroyed: whoever verifies has the means to read papers.
 */
export type ReadDisposals = (origin: string, records: readonly LeaveRecord[]) => DisposalOf

/** What records of the ledger say of entries that left. */
export interface LeavePapers {
  /** Entries that are on record as archived, by their segments. */
  readonly archived: ReadonlyMap<string, NumberSet>
  /** Segments that nothing lies in any more, and where that is on record. */
  readonly replaced: ReadonlyMap<string, number>
  readonly disposalOf: DisposalOf
}

export function readLeavePapers(origin: string, records: readonly LeaveRecord[], read: ReadDisposals): LeavePapers {
  const archived = new Map<string, NumberSet>()
  const own = records.filter(({ ledger }) => ledger === origin)
  for (const { segment, runs } of own.flatMap((record) => parseArchived(record) ?? [])) {
    const known = archived.get(segment) ?? []
    for (const { first, last } of runs) addInterval(known, first, last)
    archived.set(segment, known)
  }
  const replaced = new Map<string, number>()
  for (const record of records) {
    const segment = parseReplaced(record)
    if (segment !== undefined) replaced.set(segment, record.seq)
  }
  return { archived, replaced, disposalOf: read(origin, records) }
}

const LEAF_DIGITS = 2 * HASH_BYTES

/** A row that holds a stub: its leaf is the one that is stored, which the tree proves or not. */
export function readLeft({ seq, entry, nodes, archived }: LeftRow): ReadEntry {
  const bytes = typeof entry === 'string' ? utf8(entryOf(entry)) : entry
  const hash = nodes.slice(0, LEAF_DIGITS)
  const parsed = parseStub(bytes)
  if ('problem' in parsed)
    return { hash, parsed: { left: undefined }, problem: altered(`the stub is none: ${parsed.problem}`) }
  const { stub } = parsed
  const problem =
    hash.length === LEAF_DIGITS ? stayingProblem(seq, stub) : 'the leaf hash of the entry is not stored with its stub'
  if (problem !== undefined) return { hash, parsed: { left: stub }, problem: altered(problem) }
  if (archived !== undefined && 'altered' in archived)
    return { hash, parsed: { left: stub }, problem: { code: 'archived-altered', problem: archived.altered } }
  if (archived === undefined || stub.mark.state !== 'archived' || 'unreadable' in archived)
    return { hash, parsed: { left: stub } }
  if (toHex(leafHash(archived.bytes)) !== hash) {
    const problem = `the archive gives other bytes for the entry at seq ${seq} than were hashed`
    return { hash, parsed: { left: stub }, problem: { code: 'archived-altered', problem } }
  }
  const differs = stubProblem(archived.bytes, bytes)
  return {
    hash,
    parsed: skimEntry(archived.bytes),
    stub,
    ...(differs === undefined ? {} : { problem: altered(differs) }),
  }
}

/** What a stub says that the entry does not which it stands for. */
export function stubProblem(entry: Uint8Array, stub: Uint8Array): string | undefined {
  const parsed = parseStub(stub)
  if ('problem' in parsed) return `the stub is none: ${parsed.problem}`
  // What is no entry has nothing to differ from; that it is none is found by itself.
  if ('fault' in parseEntry(entry) || equalBytes(stubOf(entry, parsed.stub.mark), stub)) return undefined
  return 'the stub does not say what the entry says that it stands for'
}

// It says whose signature counts, what is held, or what left.
function stayingProblem(seq: number, stub: Stub): string | undefined {
  const action = 'action' in stub ? stub.action : undefined
  const stays = seq === 0 ? 'entry 0' : STAYING_ACTIONS.find((one) => one === action)
  return stays === undefined ? undefined : `${stays} never leaves, and a stub stands in its row`
}

function altered(problem: string): { readonly code: FindingCode; readonly problem: string } {
  return { code: 'stub-altered', problem }
}

/** An entry that left, as it was met. */
export interface MetLeft {
  readonly seq: number
  readonly stub: Stub
  /** Lower-case hex. */
  readonly leaf: string
  readonly bytes: 'read' | 'not read'
  /** What kept the archive from giving its bytes, where it was asked. */
  readonly why?: string
}

export interface LeftTally {
  add(met: MetLeft): void
  left(): LeftEntries
}

export function tallyLeft(): LeftTally {
  const archived = new Map<string, NumberSet>()
  const unread: NumberSet = []
  const disposed: DestroyedEntry[] = []
  let first: string | undefined
  return {
    add({ seq, stub: { mark, ...stub }, leaf, bytes, why }) {
      if (mark.state === 'disposed') {
        disposed.push({ ...stub, seq, integrity_hash: leaf, manifest: mark.manifest })
        return
      }
      archived.set(mark.segment, addNumber(archived.get(mark.segment) ?? [], seq))
      if (bytes === 'read') return
      addNumber(unread, seq)
      first ??= why
    },
    left: () => ({ archived, unread, disposed, ...(first === undefined ? {} : { why: first }) }),
  }
}

/** What a row was met as, where it holds a stub. */
export function metIn({ seq, archived }: LeftRow, { hash: leaf, parsed, stub }: ReadEntry): MetLeft | undefined {
  const met = 'left' in parsed ? parsed.left : stub
  if (met === undefined) return undefined
  const why = archived !== undefined && 'unreadable' in archived ? { why: archived.unreadable } : {}
  return { seq, stub: met, leaf, bytes: 'left' in parsed ? 'not read' : 'read', ...why }
}

/** What all stretches met. */
export function joinLeft(parts: readonly LeftEntries[]): LeftEntries {
  const archived = new Map<string, NumberSet>()
  const unread: NumberSet = []
  for (const part of parts) {
    for (const [segment, seqs] of part.archived) {
      const known = archived.get(segment) ?? []
      for (const [from, to] of seqs) addInterval(known, from, to)
      archived.set(segment, known)
    }
    for (const [from, to] of part.unread) addInterval(unread, from, to)
  }
  const why = parts.find((part) => part.why !== undefined)?.why
  return {
    archived,
    unread,
    disposed: parts.flatMap(({ disposed }) => disposed),
    ...(why === undefined ? {} : { why }),
  }
}

/** The stub that bytes are; nothing where they are none. */
export function stubIn(bytes: Uint8Array): Stub | undefined {
  const parsed = isStub(bytes) ? parseStub(bytes) : undefined
  return parsed !== undefined && 'stub' in parsed ? parsed.stub : undefined
}

export function isNothing({ archived, disposed }: LeftEntries): boolean {
  return archived.size === 0 && disposed.length === 0
}

function countIn(set: NumberSet): number {
  return set.reduce((sum, [from, to]) => sum + to - from + 1, 0)
}

/**
 * Holds what left against what records say of it; answers it with the certificates that were found.
 * @param newest the last seq of the log, which never leaves
 */
export function judgeLeft(
  left: LeftEntries,
  papers: LeavePapers,
  newest: number | undefined,
  findings: FindingList,
): LeftEntries {
  const certificates = new Set<string>()
  for (const [segment, seqs] of left.archived) {
    // What was moved since the rows began to be read lay there.
    const isReplaced = (papers.replaced.get(segment) ?? Number.POSITIVE_INFINITY) <= (newest ?? 0)
    for (const [from, to] of outside(seqs, isReplaced ? [] : (papers.archived.get(segment) ?? []))) {
      const which = from === to ? `the entry at seq ${from} is` : `the entries at seq ${from} to ${to} are`
      findings.add(
        finding(
          'archived-unrecorded',
          { seq: from },
          `no record says that ${which} archived in the segment ${segment}`,
        ),
      )
    }
    if (seqs.some(([, to]) => to === newest)) findings.add(newestLeft(newest ?? 0))
  }
  const unread = countIn(left.unread)
  const [first] = left.unread
  if (first !== undefined) {
    const why = left.why === undefined ? 'no archive was at hand' : left.why
    const problem = `${unread === 1 ? '1 archived entry was' : `${unread} archived entries were`} not read: ${why}`
    findings.add(finding('archived-not-read', { seq: first[0] }, problem))
  }
  for (const entry of left.disposed) {
    const { seq, id, manifest } = entry
    if (seq === newest) findings.add(newestLeft(seq))
    const disposal = papers.disposalOf(entry)
    if (disposal !== undefined && 'plan_sha256' in disposal) certificates.add(disposal.plan_sha256)
    const leave = disposal?.leave
    if (leave === 'shown otherwise') {
      const problem = `the stub shows another id, time or place in a conversation than the manifest ${manifest} lists`
      findings.add(finding('stub-altered', { seq, id }, problem))
    } else if (leave === undefined)
      findings.add(
        finding(
          'disposal-unauthorised',
          { seq, id },
          `the entry is gone, and no disposition lists it under the manifest ${manifest}`,
        ),
      )
    else if (leave === 'authority not checked')
      findings.add(
        finding(
          'disposal-not-checked',
          { seq, id },
          `the entry was destroyed under the manifest ${manifest}; by whose leave was not checked`,
        ),
      )
  }
  return { ...left, certificates: [...certificates] }
}

/** What of `set` is not in `known`. */
function outside(set: NumberSet, known: NumberSet): NumberSet {
  const found: NumberSet = []
  let next = 0
  for (const [from, to] of set) {
    let at = from
    while (next < known.length && (known[next]?.[1] ?? 0) < at) next++
    for (let k = next; at <= to; k++) {
      const [begins, ends] = known[k] ?? [to + 1, to]
      if (begins > at) found.push([at, Math.min(to, begins - 1)])
      at = Math.max(at, ends + 1)
    }
  }
  return found
}

function newestLeft(seq: number): ReturnType<typeof finding> {
  return finding('stub-altered', { seq }, 'the newest entry never leaves, and a stub stands in its row')
}

/** What left, in words; nothing where nothing did. */
export function leftSays({ archived, unread, disposed, certificates = [] }: LeftEntries): string {
  const count = [...archived.values()].reduce((sum, seqs) => sum + countIn(seqs), 0)
  const open = countIn(unread)
  return [
    ...(count === 0 ? [] : [`${count} in the archive${open === 0 ? '' : `, ${open} of them not read`}`]),
    ...(disposed.length === 0 ? [] : [`${disposed.length} disposed${under(certificates)}`]),
  ]
    .map((part) => `; ${part}`)
    .join('')
}

// As `affidavit certificates` takes them.
function under(certificates: readonly string[]): string {
  const [first, ...others] = certificates.map((plan_sha256) => plan_sha256.slice(0, 12))
  if (first === undefined) return ''
  return others.length === 0
    ? ` of under certificate ${first}`
    : ` of under certificates ${[first, ...others.slice(0, 2)].join(', ')}${others.length > 2 ? ' and others' : ''}`
}

/** Entries whose members nobody could look at. */
export function unlooked({ unread, disposed }: LeftEntries): number {
  return countIn(unread) + disposed.length
}
