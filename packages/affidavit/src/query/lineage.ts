// What a record came from (spec/authority.md §5): the question, and everything between it and the record that belongs to the
// turn, by causes. Each access with its verdict.

import { type AuditRecord, UUID } from '../formats/fields.ts'
import { isLateFact } from '../formats/late-facts.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { type Authority, readAuthority } from './authority.ts'
import { announcedBy, dataAccess, touchedBy } from './data-access.ts'
import { type DisclosureMember, lackingIn } from './disclosure.ts'
import { judgeAuthority, type Verdict } from './judge-authority.ts'
import { createOpenIntents, OUTCOMES_OF_CALLS } from './open-intents.ts'

export interface Lineage {
  readonly as_of_seq: number
  /** The record that was asked about. */
  readonly of_seq: number
  /** The message of the user that the turn began with; absent where there is none. */
  readonly question_seq?: number
  /** The turn up to the record, in the order of seq. */
  readonly steps: readonly Step[]
  /** Accesses of the same conversation in between that are not of the turn. */
  readonly beside: readonly Step[]
}

export interface Step {
  readonly record: AuditRecord
  /** Of an access. */
  readonly authority?: Verdict
  /** A call that has no outcome: data may have been touched. */
  readonly may_have_happened?: true
  /** What a disclosure lacks. */
  readonly lacks?: readonly DisclosureMember[]
  /** Recorded after the answer, and claimed to be before it. */
  readonly recorded_afterwards?: true
}

/** The lineage of a record, by id or seq; `undefined` where there is no such record. */
export function lineage(which: string | number): Question<Lineage | undefined> {
  return { operation: 'lineage', answer: (asked) => answer(which, asked) }
}

async function answer(which: string | number, asked: Asked): Promise<Answered<Lineage | undefined>> {
  const record = await findRecord(which, asked)
  if (record === undefined) return { answer: undefined, results: [] }
  const causes = await causesOf(record, asked)
  const first = causes.at(-1) ?? record
  const turn = await descendantsOf(first, asked)
  turn.set(record.id, record)
  const steps = [...turn.values()].filter((one) => one.seq <= record.seq || isAfterwards(one, record)).sort(bySeq)
  const beside = await accessesBeside(first, record, turn, asked)
  const authority = await readAuthority(asked)
  const open = await unanswered([...turn.values()], asked)
  const found: Lineage = {
    as_of_seq: asked.until_seq - 1,
    of_seq: record.seq,
    ...(first.action === 'user_message_received' ? { question_seq: first.seq } : {}),
    steps: steps.map((one) => stepOf(one, authority, open, one.seq > record.seq)),
    beside: beside.accesses.map((one) => stepOf(one, authority, beside.open, false)),
  }
  return { answer: found, results: [...found.steps, ...found.beside].map((step) => step.record.seq) }
}

async function findRecord(which: string | number, asked: Asked): Promise<AuditRecord | undefined> {
  if (typeof which === 'string' && !UUID.test(which)) return undefined
  const filter = typeof which === 'string' ? { id: which } : { from_seq: which, until_seq: which + 1 }
  return (await first(filter, asked)) ?? undefined
}

async function first(filter: EntryFilter, asked: Asked): Promise<AuditRecord | undefined> {
  for await (const record of asked.find(filter)) return record
  return undefined
}

/** The records on the way from a record to the question, or to where it leads; the last one comes first in time. */
async function causesOf(record: AuditRecord, asked: Asked): Promise<readonly AuditRecord[]> {
  const causes: AuditRecord[] = []
  const met = new Set([record.id])
  let { action, parent_id } = record
  while (action !== 'user_message_received' && parent_id !== undefined && !met.has(parent_id)) {
    const cause = await first({ id: parent_id }, asked)
    if (cause === undefined) break
    causes.push(cause)
    met.add(cause.id)
    ;({ action, parent_id } = cause)
  }
  return causes
}

/** What descends from a record, and itself, by id. Where it is no question, each message of the user begins another turn. */
async function descendantsOf(root: AuditRecord, asked: Asked): Promise<Map<string, AuditRecord>> {
  const found = new Map([[root.id, root]])
  // A map is walked in the order in which it grows.
  for (const { id } of found.values()) {
    for await (const child of asked.find({ parent_id: id })) {
      const isOther = root.action !== 'user_message_received' && child.action === 'user_message_received'
      if (!isOther && !isLateFact(child.action)) found.set(child.id, child)
    }
  }
  return found
}

function isAfterwards(one: AuditRecord, record: AuditRecord): boolean {
  return record.action === 'agent_response_generated' && one.timestamp < record.timestamp
}

interface Beside {
  readonly accesses: readonly AuditRecord[]
  readonly open: ReadonlySet<string>
}

async function accessesBeside(
  from: AuditRecord,
  record: AuditRecord,
  turn: ReadonlyMap<string, AuditRecord>,
  asked: Asked,
): Promise<Beside> {
  const { conversation_id } = record
  if (conversation_id === undefined) return { accesses: [], open: new Set() }
  const others: AuditRecord[] = []
  const range = { conversation_id, from_seq: from.seq, until_seq: record.seq + 1 }
  for await (const one of asked.find(range)) if (!turn.has(one.id)) others.push(one)
  const open = await unanswered(others, asked)
  return { accesses: others.filter((one) => touchedBy(one) !== undefined || open.has(one.id)), open }
}

/** The ids of calls that may have touched data: they have no outcome. */
async function unanswered(records: readonly AuditRecord[], asked: Asked): Promise<ReadonlySet<string>> {
  const calls = createOpenIntents((record) => (announcedBy(record) === undefined ? undefined : OUTCOMES_OF_CALLS))
  for (const record of records) calls.see(record)
  return new Set((await calls.left(asked)).map(({ id }) => id))
}

function stepOf(record: AuditRecord, authority: Authority, open: ReadonlySet<string>, afterwards: boolean): Step {
  const access = touchedBy(record) ?? (open.has(record.id) ? announcedBy(record) : undefined)
  const lacks = lackingIn(record)
  return {
    record,
    ...(access === undefined
      ? {}
      : { authority: judgeAuthority(authority, dataAccess(record, access, authority.nameOf)) }),
    ...(open.has(record.id) ? { may_have_happened: true } : {}),
    ...(lacks.length === 0 ? {} : { lacks }),
    ...(afterwards ? { recorded_afterwards: true } : {}),
  }
}

function bySeq(one: AuditRecord, other: AuditRecord): number {
  return one.seq - other.seq
}
