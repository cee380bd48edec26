// Which records erase content, as the entries tell it (spec/verification.md §7): by its subjects or its conversation, or by a link
// of the content to a subject of the erasure.

import { parseEntry } from '../../formats/entry.ts'
import type { AuditRecord, ContentReference } from '../../formats/fields.ts'
import { faultOf } from '../../links/about.ts'
import { factsOf, type Placed } from '../../links/facts.ts'
import { contentsReached } from '../../links/reached.ts'
import { standingLinks } from '../../links/standing.ts'
import type { ErasureRecord, NamedContent } from '../content.ts'
import type { Entry } from '../entries.ts'
import type { LedgerNo, ListedLedger, StoredLedgers, StoredLog } from './stored-log.ts'

export interface ErasedContents {
  /** The newest record that erases this content, of a decision behind the entry. */
  behind(named: NamedContent): ErasureRecord | undefined
}

interface ErasureSource {
  readonly ledgers: StoredLedgers
  readonly listed: readonly ListedLedger[]
  /** The ledger whose content it is; `undefined`: the store has no such ledger. */
  readonly no: LedgerNo | undefined
  /** Records from this seq on are not verified, and say nothing. */
  readonly size: number
}

interface Erased extends ErasureRecord {
  readonly ledgerNo: LedgerNo
  /** Of the decision. What was recorded behind it lies under other keys, whenever the outcome came. */
  readonly decided: number
}

/** Reads what is recorded of erasures, and of links, once: in the ledger, and in those that came after it. */
export async function erasedContents({ ledgers, listed, no: own = 0, size }: ErasureSource): Promise<ErasedContents> {
  const byOwner = new Map<string, Erased>()
  const byPayload = new Map<string, Erased>()
  for (const { no, origin } of listed.filter((ledger) => ledger.no >= own)) {
    const log = ledgers.log(no)
    let facts: readonly Placed[] | undefined
    for await (const told of toldErasures(log, no === own ? size : Number.MAX_SAFE_INTEGER)) {
      const erased = { ledger: origin, ledgerNo: no, seq: told.seq, phase: told.phase, decided: told.decided }
      for (const subject of told.subjects) byOwner.set(subjectName(subject), erased)
      for (const conversation of told.conversations) byOwner.set(conversationName(conversation), erased)
      // Links are about records of their own ledger.
      if (no !== own) continue
      facts ??= await readLinks(log, size)
      for await (const [blob_id, link] of linkedPayloads(log, facts, told)) byPayload.set(blob_id, { ...erased, link })
    }
  }
  return {
    behind({ place: { seq }, conversation, reference }) {
      const owners = ownersOf(reference, conversation).flatMap((owner) => byOwner.get(owner) ?? [])
      return newestBehind(
        [...owners, byPayload.get(reference.blob_id)].filter((one) => one !== undefined),
        seq,
        own,
      )
    },
  }
}

// Content about persons is erased with one of them; content about nobody with its conversation (spec/sealing.md §1).
function ownersOf({ subject_ids }: ContentReference, conversation: string): readonly string[] {
  return subject_ids.length > 0 ? subject_ids.map(subjectName) : [conversationName(conversation)]
}

const subjectName = (subject: string): string => `subject ${subject}`
const conversationName = (conversation: string): string => `conversation ${conversation}`

interface Told extends Pick<ErasureRecord, 'seq' | 'phase'> {
  /** Of the decision: links from there on do not count. */
  readonly decided: number
  readonly subjects: readonly string[]
  readonly conversations: readonly string[]
}

async function* toldErasures(log: StoredLog, until: number): AsyncGenerator<Told> {
  for await (const { seq, entry } of recordsOf(log, 'content_erased', until)) {
    const told = toldIn(seq, entry)
    if (told !== undefined) yield told
  }
}

// Only the ledger itself records erasures; of another phase this release knows nothing.
function toldIn(seq: number, { details }: Entry): Told | undefined {
  const phase = PHASES.find((one) => one === details?.phase)
  if (phase === undefined) return undefined
  const { decision_seq } = details ?? {}
  const decided = phase !== 'decided' && typeof decision_seq === 'number' ? Math.min(decision_seq, seq) : seq
  return { seq, phase, decided, subjects: texts(details?.subjects), conversations: texts(details?.conversations) }
}

const PHASES = ['decided', 'erasing', 'erased'] as const

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}

/** Links of content and what takes them back, below `until`. */
async function readLinks(log: StoredLog, until: number): Promise<readonly Placed[]> {
  const records: AuditRecord[] = []
  for (const action of ['content_linked', 'subject_unlinked']) {
    for await (const { entry } of recordsOf(log, action, until)) records.push({ ...entry, integrity_hash: '' })
  }
  return factsOf(records).facts
}

/** The payloads that links which stood at the decision say are about its subjects, each with the seq of a link. */
async function* linkedPayloads(
  log: StoredLog,
  facts: readonly Placed[],
  { decided, subjects }: Told,
): AsyncGenerator<readonly [blob_id: string, link: number]> {
  const wanted = new Set(subjects)
  const standing = standingLinks(facts.filter(({ seq }) => seq < decided)).content
  const links = standing.filter(({ subject_ids }) => subject_ids.some((subject) => wanted.has(subject)))
  for (let at = 0; at < links.length; at += AT_ONCE) {
    const some = links.slice(at, at + AT_ONCE)
    const records = await log.entriesOf(some.map(({ parent_id }) => parent_id))
    for (const [i, link] of some.entries()) {
      const stored = records[i]
      const record = stored === undefined ? undefined : entryIn(stored.bytes)
      if (record === undefined || faultOf(link, record) !== undefined) continue
      for (const { blob_id } of contentsReached(record, link.content)) yield [blob_id, link.seq]
    }
  }
}

/** Records that are asked for at once. */
const AT_ONCE = 256

/** The records of an action that can be read, in the order of seq. */
async function* recordsOf(
  log: StoredLog,
  action: string,
  until: number,
): AsyncGenerator<{ readonly seq: number; readonly entry: Entry }> {
  for await (const page of log.entriesOfAction(action, until)) {
    if ('unreadable' in page) return
    for (const { seq, bytes } of page) {
      const entry = entryIn(bytes)
      if (entry?.action === action) yield { seq, entry }
    }
  }
}

function entryIn(bytes: Uint8Array): Entry | undefined {
  const parsed = parseEntry(bytes)
  return 'fault' in parsed ? undefined : parsed.entry
}

function newestBehind(erasures: readonly Erased[], seq: number, ledgerNo: number): ErasureRecord | undefined {
  const behind = erasures
    .filter((erased) => erased.ledgerNo > ledgerNo || erased.decided > seq)
    .sort((a, b) => a.ledgerNo - b.ledgerNo || a.seq - b.seq)
    .at(-1)
  if (behind === undefined) return undefined
  const { ledgerNo: _, decided: __, ...record } = behind
  return record
}
