// Late facts with their place in the ledger (spec/late-facts.md §2). A fact that does not hold has no effect and is
// reported: readers trust neither the writer nor the release that let it in.

import { DraftFault } from '../formats/draft-fault.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { type LateFact, readLateFact } from '../formats/late-facts.ts'

/** A fact, and the record that states it. */
export type Placed<Fact extends LateFact = LateFact> = Fact & {
  readonly seq: number
  readonly id: string
  /** Names of the payloads that the record itself has: what an amendment gives as the right text. */
  readonly payloads: readonly string[]
}

/**
 * Why a fact has no effect. `form`: it is stated by an agent, or not as the page says. `no-record`: its record is not there,
 * or comes after it. `no-link`: what it takes back is no link of these subjects that stands. `no-content`: it names a
 * payload that its record does not have.
 */
export type Why = 'form' | 'no-record' | 'no-link' | 'no-content'

export interface IgnoredFact {
  readonly seq: number
  readonly id: string
  readonly action: string
  readonly why: Why
  readonly problem: string
}

export interface Facts {
  readonly facts: readonly Placed[]
  readonly ignored: readonly IgnoredFact[]
}

/** The facts that records state, in the order of seq, each once. Records of other actions state none. */
export function factsOf(records: Iterable<AuditRecord>): Facts {
  const facts: Placed[] = []
  const faults: IgnoredFact[] = []
  const bySeq = new Map([...records].map((record) => [record.seq, record]))
  for (const record of [...bySeq.values()].sort((one, other) => one.seq - other.seq)) {
    const read = readFact(record)
    if ('fault' in read) faults.push(ignored(record, 'form', read.fault))
    else if (read.fact !== undefined) {
      facts.push({ ...read.fact, seq: record.seq, id: record.id, payloads: namesOf(record) })
    }
  }
  return { facts, ignored: faults }
}

function readFact(record: AuditRecord): { readonly fact: LateFact | undefined } | { readonly fault: string } {
  try {
    return { fact: readLateFact(record) }
  } catch (error) {
    if (error instanceof DraftFault) return { fault: error.message }
    throw error
  }
}

function namesOf({ content = [] }: AuditRecord): readonly string[] {
  return content.map(({ name }) => name)
}

export function ignored(fact: Pick<IgnoredFact, 'seq' | 'id' | 'action'>, why: Why, problem: string): IgnoredFact {
  return { seq: fact.seq, id: fact.id, action: fact.action, why, problem }
}
