// Which holds stand, and what they bind (spec/holds.md §1).

import { type AuditRecord, LATE_ACTIONS } from '../formats/fields.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import { factsOf, type IgnoredFact } from '../links/facts.ts'
import { holdsIn, type PlacedHold } from '../links/holds.ts'

export interface HoldsAsked {
  /** Of this matter alone. */
  readonly matter?: string
  /** As they stood before what was recorded at this instant, or later: UTC in milliseconds. */
  readonly at?: string
}

export interface HoldFound extends Omit<PlacedHold, 'id' | 'integrity_hash'> {
  readonly hold_id: string
  readonly state: 'stands' | 'released'
  /** Records that it binds; 0 where it is released. */
  readonly records: number
}

export interface HoldsFound {
  readonly as_of_seq: number
  readonly holds: readonly HoldFound[]
  /** Records of holds that bind and free nothing. */
  readonly ignored: readonly IgnoredFact[]
}

export function holds({ matter, at }: HoldsAsked): Question<HoldsFound> {
  const query = at === undefined ? {} : { recorded_until: at }
  return { operation: 'holds', asks: 'the whole ledger', query, answer: (asked) => answer(matter, query, asked) }
}

async function answer(
  matter: string | undefined,
  until: { readonly recorded_until?: string },
  asked: Asked,
): Promise<Answered<HoldsFound>> {
  const placed = await all(asked.find({ ...until, action: 'hold_placed' }, { ...until, action: 'hold_released' }))
  const facts =
    placed.length === 0 ? [] : await all(asked.find(...LATE_ACTIONS.map((action) => ({ ...until, action }))))
  const found = holdsIn(placed, factsOf(facts).facts)
  const wanted = found.placed.filter((hold) => matter === undefined || hold.matter === matter)
  const bound = new Map(wanted.map(({ id }) => [id, 0]))
  if (wanted.some(({ released_by }) => released_by === undefined)) {
    for await (const record of asked.find(until)) {
      for (const { id } of found.holdsOn(record)) bound.set(id, (bound.get(id) ?? 0) + 1)
    }
  }
  const answered: HoldsFound = {
    as_of_seq: asked.until_seq - 1,
    holds: wanted.map(({ id, integrity_hash: _, ...hold }) => ({
      ...hold,
      hold_id: id,
      state: hold.released_by === undefined ? 'stands' : 'released',
      records: bound.get(id) ?? 0,
    })),
    ignored: found.ignored,
  }
  const released = wanted.flatMap(({ released_by }) => released_by ?? [])
  const results = [...wanted.map(({ seq }) => seq), ...released, ...found.ignored.map(({ seq }) => seq)]
  return { answer: answered, results: [...new Set(results)].sort((one, other) => one - other) }
}

async function all(records: AsyncGenerator<AuditRecord>): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = []
  for await (const record of records) found.push(record)
  return found
}
