// Which holds stand, and which of them bind a record (spec/holds.md §1). Pure: the records of holds and late facts in, answers
// out. Whatever the order they are read in, their seqs decide.

import { DraftFault } from '../formats/draft-fault.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { type Hold, type HoldQuery, readHold, readHoldRelease } from '../formats/hold.ts'
import type { Amendment } from '../formats/late-facts.ts'
import { type IgnoredFact, ignored, type Placed } from './facts.ts'
import { type Mentioning, type Persons, personsBy } from './persons.ts'

export interface PlacedHold extends Hold {
  /** That of its `hold_placed`. */
  readonly id: string
  readonly seq: number
  readonly placed_at: string
  readonly placed_by: string
  readonly integrity_hash: string
  /** Seq of the `hold_released`; absent while it stands. */
  readonly released_by?: number
}

/** What has to be known of a record to tell what binds it. */
export type Bindable = Mentioning &
  Pick<
    AuditRecord,
    | 'actor_id'
    | 'actor_type'
    | 'on_behalf_of'
    | 'agent_name'
    | 'conversation_id'
    | 'resource_type'
    | 'resource_id'
    | 'timestamp'
    | 'recorded_at'
  >

export interface Holds {
  /** All that were placed, in the order of seq. */
  readonly placed: readonly PlacedHold[]
  readonly standing: readonly PlacedHold[]
  /** Those that stand and bind this record, in the order of seq. */
  holdsOn(record: Bindable): readonly PlacedHold[]
  /** Records of holds that are not in their form, and releases of nothing that stands. */
  readonly ignored: readonly IgnoredFact[]
}

/** @param records those of `hold_placed` and `hold_released`; others are passed over */
export function holdsIn(records: Iterable<AuditRecord>, facts: readonly Placed[]): Holds {
  const placed = new Map<string, PlacedHold>()
  const faults: IgnoredFact[] = []
  for (const record of [...records].sort((one, other) => one.seq - other.seq)) {
    try {
      if (record.action === 'hold_placed') placed.set(record.id, placedBy(record))
      else if (record.action === 'hold_released') release(record, placed, faults)
    } catch (error) {
      if (!(error instanceof DraftFault)) throw error
      faults.push(ignored(record, 'form', error.message))
    }
  }
  const standing = [...placed.values()].filter(({ released_by }) => released_by === undefined)
  const personsAt = personsHeld(facts)
  const amended = Map.groupBy(
    facts.filter((fact) => fact.action === 'record_amended'),
    ({ parent_id }) => parent_id,
  )
  return {
    placed: [...placed.values()],
    standing,
    holdsOn: (record) => {
      const later = (amended.get(record.id) ?? []).filter(({ seq }) => seq > record.seq)
      return standing.filter(({ query, seq }) => binds(query, record, later, personsAt(seq)))
    },
    ignored: faults,
  }
}

/** By links that stood when a hold was placed at this seq, or came later: whoever takes one back takes nothing out of the hold. */
function personsHeld(facts: readonly Placed[]): (seq: number) => Persons {
  const takenBack = facts.filter(({ action }) => action === 'subject_unlinked')
  const known = new Map<number, Persons>()
  return (seq) => {
    const before = takenBack.filter((one) => one.seq < seq).length
    const persons =
      known.get(before) ?? personsBy(facts.filter((fact) => fact.action !== 'subject_unlinked' || fact.seq < seq))
    known.set(before, persons)
    return persons
  }
}

function placedBy(record: AuditRecord): PlacedHold {
  const { id, seq, recorded_at, actor_id, integrity_hash } = record
  return { ...readHold(record), id, seq, placed_at: recorded_at, placed_by: actor_id, integrity_hash }
}

function release(record: AuditRecord, placed: Map<string, PlacedHold>, faults: IgnoredFact[]): void {
  const { hold_id, hold_sha256 } = readHoldRelease(record)
  const hold = placed.get(hold_id)
  if (hold === undefined || hold.released_by !== undefined || hold.integrity_hash !== hold_sha256) {
    faults.push(ignored(record, 'no-record', 'parent_id is the id of no hold that stands, or of another one'))
  } else placed.set(hold_id, { ...hold, released_by: record.seq })
}

function binds(
  query: HoldQuery,
  record: Bindable,
  amendments: readonly Placed<Amendment>[],
  { personOf, personsIn }: Persons,
): boolean {
  const { conversation_id, subject_ids, actor_id, agent_name, resource_type, resource_id } = query
  // As it was written, and as amendments say that it should have been: either binds it.
  const says = (field: AmendedField, wanted: string | undefined): boolean =>
    wanted === undefined || record[field] === wanted || amendments.some(({ amends }) => amends[field] === wanted)
  if (conversation_id !== undefined && record.conversation_id !== conversation_id) return false
  if (!isInPeriod(query, record) || !says('resource_type', resource_type) || !says('resource_id', resource_id)) {
    return false
  }
  if (!says('agent_name', agent_name) && !isAgent(record, agent_name)) return false
  if (subject_ids !== undefined) {
    const about = personsIn(record)
    if (!subject_ids.some((one) => about.has(personOf(one)))) return false
  }
  if (actor_id === undefined) return true
  const inTheNameOf = amendments.flatMap(({ amends }) => amends.on_behalf_of ?? [])
  const actors = [record.actor_id, ...(record.on_behalf_of === undefined ? [] : [record.on_behalf_of]), ...inTheNameOf]
  return actors.some((one) => personOf(one) === personOf(actor_id))
}

type AmendedField = 'resource_type' | 'resource_id' | 'agent_name'

function isAgent({ actor_id, actor_type, agent_name }: Bindable, wanted: string | undefined): boolean {
  return agent_name === undefined && actor_type === 'agent' && actor_id === wanted
}

// Whoever set a clock wrong takes no record out of a hold.
function isInPeriod({ from = '', until }: HoldQuery, { timestamp, recorded_at }: Bindable): boolean {
  return [timestamp, recorded_at].some((at) => at >= from && (until === undefined || at < until))
}
