// What entries of an export say of each other: chain, time, conversations, producers. Only entries that are those of
// the log are heard; what was altered is said elsewhere, and is not taken at its word here.

import { toHex } from '../bytes/hex.ts'
import type { Hash } from '../crypto/sha256.ts'
import type { DestroyedEntry } from '../formats/destroyed-line.ts'
import { asksForAll, type ExportQuery } from '../formats/export.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { ConversationPlace, Entry } from './entries.ts'
import { fitsQuery } from './export-query.ts'
import { type FindingCode, type FindingList, finding } from './finding.ts'
import { HOLD_ACTIONS } from './hold-releases.ts'
import type { LeaveRecord } from './left.ts'
import { addNumber, type NumberSet } from './numbers.ts'
import { createOffsetTable } from './offset-table.ts'

/** An entry whose bytes are those of the log at its place. */
export interface PlacedEntry {
  readonly seq: number
  /** Lower-case hex. */
  readonly hash: string
  /** Of the entry at `seq - 1` in the log, empty for entry 0; `undefined` where the tree does not tell. */
  readonly previous_hash: string | undefined
  readonly entry: Entry
  /** Of its line in the file. */
  readonly offset: number
}

export interface ExportLinks {
  /** Hears the next entry, in the order of seq. */
  follow(placed: PlacedEntry): void
  /** The log has an entry of this hash that could not be heard: altered, missing, not asked for, of a later format. */
  pass(inTree: Hash): void
  /** It was destroyed, and its line names the hash that the log has at its place. */
  passDestroyed(seq: number, entry: DestroyedEntry, offset: number): void
  /** What was destroyed. */
  readonly destroyed: readonly DestroyedEntry[]
  /** Records of holds, where every entry was asked for. */
  readonly holdRecords: readonly AuditRecord[]
  /** Records behind one that was destroyed which say of dispositions. */
  readonly leaveRecords: readonly LeaveRecord[]
  /** Running numbers of producers; of use only where every entry was heard. */
  readonly producers: ReadonlyMap<string, NumberSet>
  /** Entries that were passed over. */
  passed(): number
}

interface Tip {
  readonly conversation_seq: number
  readonly hash: string
  readonly offset: number
}

export interface LinkContext {
  readonly origin: string
  /** What the export answers; `undefined` where that is not known. */
  readonly query: ExportQuery | undefined
  /** Reads again the entry whose line begins at an offset. */
  readonly reread: (offset: number) => { readonly place: Partial<ConversationPlace>; readonly hash: string } | undefined
  readonly findings: FindingList
  /** Conversations remembered at once; of the others, where their last entry begins. */
  readonly remembered: number
}

/** Hashes of entries that were passed over; beyond, links to what is not there are let be. */
const MAX_PASSED = 10_000

export function createExportLinks(context: LinkContext): ExportLinks {
  const { origin, query, findings, reread, remembered } = context
  const whole = query !== undefined && asksForAll(query)
  const conversations = new Map<string, Tip>()
  const silent = createOffsetTable()
  const producers = new Map<string, NumberSet>()
  const passedHashes = new Set<string>()
  const destroyed: DestroyedEntry[] = []
  const leaveRecords: LeaveRecord[] = []
  const holdRecords: AuditRecord[] = []
  let passed = 0
  let lastRecordedAt = ''

  function follow(placed: PlacedEntry): void {
    checkPlace(placed)
    checkConversation(placed)
    if (whole && HOLD_ACTIONS.some((action) => action === placed.entry.action))
      holdRecords.push({ ...placed.entry, integrity_hash: placed.hash })
    if (destroyed.length > 0) leaveRecords.push(...leaveRecordsIn(placed))
    const { producer_id, producer_seq } = placed.entry
    if (producer_id === undefined || producer_seq === undefined) return
    producers.set(producer_id, addNumber(producers.get(producer_id) ?? [], producer_seq))
  }

  function checkPlace({ seq, previous_hash, entry }: PlacedEntry): void {
    if (entry.ledger !== origin) complain('wrong-ledger', entry, seq, `the entry belongs to ${entry.ledger}`)
    if (entry.seq !== seq) complain('wrong-seq', entry, seq, `the entry says that its seq is ${entry.seq}`)
    if (previous_hash !== undefined && entry.previous_hash !== previous_hash) {
      complain('chain-broken', entry, seq, `previous_hash is not the hash of the entry at seq ${seq - 1}`)
    }
    checkTime(seq, entry)
    if (query !== undefined && !fitsQuery(entry, query)) {
      complain('entry-surplus', entry, seq, 'it does not fit the query of the export')
    }
  }

  function checkTime(seq: number, { id, recorded_at }: Pick<Entry, 'id' | 'recorded_at'>): void {
    if (recorded_at < lastRecordedAt)
      findings.add(finding('time-reversed', { seq, id }, 'recorded_at is before that of the entry before'))
    lastRecordedAt = recorded_at
  }

  // What it followed cannot be asked of it: what comes behind it says which hash it had.
  function passDestroyed(seq: number, entry: DestroyedEntry, offset: number): void {
    const { id, integrity_hash: hash, conversation_id, conversation_seq = 0 } = entry
    passed++
    destroyed.push(entry)
    if (entry.seq !== seq) findings.add(finding('wrong-seq', { seq, id }, `the line says that its seq is ${entry.seq}`))
    checkTime(seq, entry)
    if (conversation_id === undefined) return
    const next = (tipOf(conversation_id)?.conversation_seq ?? -1) + 1
    // One that was altered or is missing may stand between.
    if (conversation_seq < next || (conversation_seq > next && passed === destroyed.length)) {
      const problem = `conversation_seq is ${conversation_seq} where ${next} is next`
      findings.add(finding('conversation-broken', { seq, id }, problem))
    }
    remember(conversation_id, { conversation_seq, hash, offset })
  }

  function checkConversation({ seq, hash, entry, offset }: PlacedEntry): void {
    const { conversation_id, conversation_seq = 0 } = entry
    if (conversation_id === undefined) return
    const problem = linkProblem(entry, conversation_seq, tipOf(conversation_id))
    if (problem !== undefined) complain('conversation-broken', entry, seq, problem)
    remember(conversation_id, { conversation_seq, hash, offset })
  }

  function linkProblem(entry: Entry, at: number, tip: Tip | undefined): string | undefined {
    const named = entry.conversation_previous_hash ?? ''
    if (at === 0) {
      if (tip !== undefined) return 'the conversation has begun before'
      return named === '' ? undefined : 'conversation_previous_hash is not empty at the beginning'
    }
    if (tip !== undefined && at <= tip.conversation_seq) {
      return `conversation_seq is ${at} where ${tip.conversation_seq + 1} is next`
    }
    if (tip !== undefined && at === tip.conversation_seq + 1) {
      return named === tip.hash ? undefined : 'conversation_previous_hash is not the hash of the entry before'
    }
    if (isPassedOver(named)) return undefined
    return tip === undefined
      ? `the conversation has no entry ${at - 1}`
      : `conversation_seq is ${at} where ${tip.conversation_seq + 1} is next`
  }

  // The neighbour that is named is not among those heard: it may be outside the query, or be one that was passed over.
  function isPassedOver(hash: string): boolean {
    return !whole || passedHashes.has(hash) || passed > MAX_PASSED
  }

  function tipOf(conversation_id: string): Tip | undefined {
    const tip = conversations.get(conversation_id)
    if (tip !== undefined) return tip
    const offset = silent.get(conversation_id)
    const found = offset === undefined ? undefined : reread(offset)
    if (offset === undefined || found?.place.conversation_id !== conversation_id) return undefined
    return { conversation_seq: found.place.conversation_seq ?? 0, hash: found.hash, offset }
  }

  function remember(conversation_id: string, tip: Tip): void {
    // Set again at the end: the one that was silent longest is the first to be put aside.
    conversations.delete(conversation_id)
    conversations.set(conversation_id, tip)
    const [oldest] = conversations.size > remembered ? conversations : []
    if (oldest === undefined) return
    silent.set(oldest[0], oldest[1].offset)
    conversations.delete(oldest[0])
  }

  function complain(code: FindingCode, { id }: Entry, seq: number, problem: string): void {
    findings.add(finding(code, { seq, id }, problem))
  }

  return {
    follow,
    passDestroyed,
    destroyed,
    leaveRecords,
    holdRecords,
    producers,
    passed: () => passed,
    pass(inTree) {
      passed++
      if (whole && passed <= MAX_PASSED) passedHashes.add(toHex(inTree))
    },
  }
}

function leaveRecordsIn({ seq, entry }: PlacedEntry): LeaveRecord[] {
  const { ledger, action, timestamp, recorded_at, details = {} } = entry
  if (action !== 'records_disposed') return []
  // Details of an entry that was read are JSON.
  return [{ ledger, seq, action, timestamp, recorded_at, details: details as LeaveRecord['details'] }]
}
