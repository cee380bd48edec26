// Recording many drafts in their order, each with an outcome of its own.

import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import type { Placing } from './place.ts'

interface Parts<Appended> {
  append(draft: Draft): Promise<Appended>
  readonly placing: Pick<Placing, 'room' | 'roomMade'>
}

interface Refused {
  readonly state: 'refused'
  readonly error: LedgerError
}

/** One that is refused does not stop the others; what is no refusal is thrown at the end. */
export async function appendMany<Appended>(
  drafts: Iterable<Draft> | AsyncIterable<Draft>,
  { append, placing }: Parts<Appended>,
): Promise<readonly (Appended | Refused)[]> {
  const outcomes: Promise<Appended | Refused>[] = []
  for await (const draft of drafts) {
    // Others wait for room too: whoever looks and finds some takes it at once.
    while (placing.room() < 1) await placing.roomMade()
    const outcome = append(draft).catch(refusedOr)
    // What is no refusal is thrown at the end, where it is awaited.
    outcome.catch(() => undefined)
    outcomes.push(outcome)
  }
  return Promise.all(outcomes)
}

function refusedOr(error: unknown): Refused {
  if (error instanceof LedgerError) return { state: 'refused', error }
  throw error
}
