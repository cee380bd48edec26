// Checking entries one after another: bytes, hash, place, chain, conversation links, producers. The hottest loop of
// verification; what it remembers is bounded: a conversation that was silent for long is looked up again (lookback).

import { toHex } from '../bytes/hex.ts'
import type { EntryFault } from '../formats/entry.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { namesKeys, type Skimmed, skimEntry } from '../formats/skim-entry.ts'
import type { Stub } from '../formats/stub.ts'
import { entryOf, type LeafText, leafHash, leafHexOf } from '../merkle/hash.ts'
import { type FindingCode, type FindingList, finding } from './finding.ts'
import { addNumber, type NumberSet } from './numbers.ts'

export type Entry = Omit<AuditRecord, 'integrity_hash'>

/** The hash of a conversation's entry at `conversation_seq`, computed from its bytes; `undefined` where none is found. */
export type Lookback = (conversation_id: string, conversation_seq: number) => string | undefined

/** An entry that names keys: entry 0 and each announcement of a new one. */
export interface KeyEntry {
  readonly seq: number
  readonly action: string
  readonly details: { readonly [name: string]: unknown }
}

/** The place of an entry in its conversation. */
export interface ConversationPlace {
  readonly conversation_id: string
  readonly conversation_seq: number
}

/** An entry by its bytes alone. */
export interface ReadEntry {
  /** Of its leaf, in lower-case hex. */
  readonly hash: string
  /** `left`: its bytes are not at hand; the stub in its row, where that is one. */
  readonly parsed: ReturnType<typeof skimEntry> | { readonly left: Stub | undefined }
  /** The stub in the row of an entry that was read from the archive. */
  readonly stub?: Stub
  /** What is wrong with the stub, or with what the archive gave. */
  readonly problem?: { readonly code: FindingCode; readonly problem: string }
}

/** @param bytes exactly as stored; or its leaf text, where they are valid UTF-8 */
export function readEntry(bytes: Uint8Array | LeafText): ReadEntry {
  if (typeof bytes === 'string') return { hash: leafHexOf(bytes), parsed: skimEntry(entryOf(bytes)) }
  return { hash: hashOf(bytes), parsed: skimEntry(bytes) }
}

/** Of the leaf that an entry is, in lower-case hex. */
export function hashOf(bytes: Uint8Array): string {
  return toHex(leafHash(bytes))
}

export interface EntryChecker {
  /** What `lookback` is asked about entries that are checked next: each conversation that is not remembered. */
  lookups(page: readonly ReadEntry[]): ConversationPlace[]
  /** Checks the entry at `seq`, which must follow the one checked before; `undefined` where it could not be interpreted. */
  check(seq: number, read: ReadEntry): Skimmed | undefined
  /** How the run began and ended, for joining it to its neighbours. */
  edges(): Edges
  readonly producers: ReadonlyMap<string, NumberSet>
  readonly keyEntries: readonly KeyEntry[]
  /** Entries of a format version that this verifier does not know. */
  uninterpreted(): number
}

/** The end that an entry follows: the place and hash of the entry before. */
export interface Edge {
  readonly seq: number
  /** `undefined` where it could not be interpreted. */
  readonly id: string | undefined
  /** Lower-case hex, computed from the bytes; empty before entry 0. */
  readonly hash: string
  readonly recorded_at: string
}

/** Before entry 0 there is nothing. */
export const BEGINNING: Edge = { seq: -1, id: undefined, hash: '', recorded_at: '' }

/** An entry at its place, and what it says of the one before. */
export interface Follower {
  readonly seq: number
  readonly id: string
  readonly previous_hash: string
  readonly recorded_at: string
}

export interface Edges {
  /** Absent where it was checked already, or could not be interpreted. */
  readonly first?: Follower
  /** Absent where no entry was read. */
  readonly last?: Edge
}

interface ConversationTip {
  seq: number
  hash: string
}

const NO_CONVERSATION: Partial<Skimmed> = {}

/** Conversations remembered from one page of entries to the next; older ones are looked up again when they go on. */
const REMEMBERED = 50_000

/** @param before what the first entry must follow; `undefined` where its neighbour is checked elsewhere */
export function createEntryChecker(
  origin: string,
  findings: FindingList,
  lookback: Lookback,
  before: Edge | undefined,
): EntryChecker {
  const conversations = new Map<string, ConversationTip>()
  const producers = new Map<string, NumberSet>()
  const keyEntries: KeyEntry[] = []
  let first: Follower | undefined
  let last: { -readonly [K in keyof Edge]: Edge[K] } | undefined = before === undefined ? undefined : { ...before }
  let unknownVersions = 0

  // What is remembered shrinks here and never while a page is checked: what that needs was looked up before it.
  function lookups(page: readonly ReadEntry[]): ConversationPlace[] {
    forgetOldest()
    const wanted = new Map<string, ConversationPlace>()
    for (const { parsed } of page) {
      const { conversation_id, conversation_seq = 0 } = inConversation(parsed)
      if (conversation_id === undefined || conversations.has(conversation_id) || wanted.has(conversation_id)) continue
      wanted.set(conversation_id, { conversation_id, conversation_seq: conversation_seq - 1 })
    }
    return [...wanted.values()].filter(({ conversation_seq }) => conversation_seq >= 0)
  }

  function check(seq: number, { hash, parsed }: ReadEntry): Skimmed | undefined {
    if ('left' in parsed) return passOver(seq, hash, parsed.left)
    if ('fault' in parsed) {
      report(parsed.fault, seq)
      follow(seq, undefined, hash)
      return undefined
    }
    const { entry } = parsed
    checkPlace(entry, seq)
    follow(seq, entry, hash)
    if (entry.conversation_id !== undefined) checkConversation(entry, entry.conversation_id, hash)
    if (entry.producer_id !== undefined && entry.producer_seq !== undefined) {
      const numbers = producers.get(entry.producer_id)
      if (numbers === undefined) producers.set(entry.producer_id, addNumber([], entry.producer_seq))
      else addNumber(numbers, entry.producer_seq)
    }
    if (namesKeys(entry)) keyEntries.push({ seq, action: entry.action, details: entry.details ?? {} })
    return entry
  }

  // What it followed cannot be asked of it: what comes behind it says which hash it had.
  function passOver(seq: number, hash: string, stub: Stub | undefined): undefined {
    const recorded_at = stub?.recorded_at ?? last?.recorded_at ?? ''
    if (last !== undefined && recorded_at < last.recorded_at)
      findings.add(finding('time-reversed', { seq }, 'recorded_at is before that of the entry before'))
    if (stub?.conversation_id !== undefined) passOverInConversation(seq, hash, stub)
    last = { seq, id: stub?.id, hash, recorded_at }
    return undefined
  }

  function passOverInConversation(
    seq: number,
    hash: string,
    { id, conversation_id = '', conversation_seq: at = 0 }: Stub,
  ): void {
    const known = conversations.get(conversation_id)
    const tip = known ?? lookUpTip(conversation_id, at - 1)
    const problem =
      tip === undefined
        ? `the conversation has no entry ${at - 1}`
        : at === tip.seq + 1
          ? undefined
          : `conversation_seq is ${at} where ${tip.seq + 1} is next`
    if (problem !== undefined) findings.add(finding('conversation-broken', { seq, id }, problem))
    conversations.set(conversation_id, { seq: at, hash })
  }

  function report({ code, problem }: EntryFault, seq: number): void {
    if (code === 'unknown-version') unknownVersions++
    else findings.add(finding(code, { seq }, problem))
  }

  function checkPlace(entry: Skimmed, seq: number): void {
    if (entry.ledger !== origin) complain('wrong-ledger', entry, seq, `the entry belongs to ${entry.ledger}`)
    if (entry.seq !== seq) complain('wrong-seq', entry, seq, `the entry says that its seq is ${entry.seq}`)
  }

  function follow(seq: number, entry: Skimmed | undefined, hash: string): void {
    if (last === undefined) {
      if (entry !== undefined) first = followerOf(seq, entry)
      last = { seq, id: entry?.id, hash, recorded_at: entry?.recorded_at ?? '' }
      return
    }
    if (entry !== undefined && !isNext(seq, entry, last)) checkFollows(followerOf(seq, entry), last, findings)
    last.seq = seq
    last.id = entry?.id
    last.hash = hash
    if (entry !== undefined) last.recorded_at = entry.recorded_at
  }

  function checkConversation(entry: Skimmed, conversation_id: string, hash: string): void {
    const at = entry.conversation_seq ?? 0
    const known = conversations.get(conversation_id)
    const tip = known ?? lookUpTip(conversation_id, at - 1)
    if (tip === undefined) {
      complain('conversation-broken', entry, entry.seq, `the conversation has no entry ${at - 1}`)
    } else if (at !== tip.seq + 1) {
      complain('conversation-broken', entry, entry.seq, `conversation_seq is ${at} where ${tip.seq + 1} is next`)
    } else if (entry.conversation_previous_hash !== tip.hash) {
      complain(
        'conversation-broken',
        entry,
        entry.seq,
        'conversation_previous_hash is not the hash of the entry before',
      )
    }
    if (known === undefined) conversations.set(conversation_id, { seq: at, hash })
    else {
      known.seq = at
      known.hash = hash
    }
  }

  function lookUpTip(conversation_id: string, seq: number): ConversationTip | undefined {
    if (seq < 0) return { seq: -1, hash: '' }
    const hash = lookback(conversation_id, seq)
    return hash === undefined ? undefined : { seq, hash }
  }

  // The one that was met first is forgotten first: where it goes on, it is looked up again.
  function forgetOldest(): void {
    for (const oldest of conversations.keys()) {
      if (conversations.size <= REMEMBERED) return
      conversations.delete(oldest)
    }
  }

  function complain(code: FindingCode, entry: Skimmed, seq: number, problem: string): void {
    findings.add(finding(code, { seq, id: entry.id }, problem))
  }

  function edges(): Edges {
    return { ...(first === undefined ? {} : { first }), ...(last === undefined ? {} : { last: { ...last } }) }
  }

  return { lookups, check, edges, producers, keyEntries, uninterpreted: () => unknownVersions }
}

function inConversation(parsed: ReadEntry['parsed']): Partial<Pick<Skimmed, 'conversation_id' | 'conversation_seq'>> {
  if ('entry' in parsed) return parsed.entry
  return 'left' in parsed ? (parsed.left ?? NO_CONVERSATION) : NO_CONVERSATION
}

function followerOf(seq: number, { id, previous_hash, recorded_at }: Skimmed): Follower {
  return { seq, id, previous_hash, recorded_at }
}

/** Whether checkFollows has nothing to say: nearly always, so that it is asked without making anything. */
function isNext(seq: number, entry: Skimmed, before: Edge): boolean {
  return seq === before.seq + 1 && entry.previous_hash === before.hash && entry.recorded_at >= before.recorded_at
}

/**
 * The chain and time: what an entry names as the one before it is the one before it, and time does not run backwards.
 * Behind a hole the link cannot be judged; that entries are missing is said where they are missing.
 */
export function checkFollows(entry: Follower, before: Edge, findings: FindingList): void {
  const place = { seq: entry.seq, id: entry.id }
  if (entry.seq === before.seq + 1 && entry.previous_hash !== before.hash) {
    const problem =
      entry.seq === 0
        ? 'previous_hash is not empty, but no entry is before the first one'
        : `previous_hash is not the hash of the entry at seq ${before.seq}`
    findings.add(finding('chain-broken', place, problem))
  }
  if (entry.recorded_at < before.recorded_at)
    findings.add(finding('time-reversed', place, 'recorded_at is before that of the entry before'))
}
