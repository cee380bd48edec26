// The clinic on paper: what was recorded, what is known of it later, what is held, and so what may be gone.

import { type Facts, type PaperSet, type PaperState, type RecordClass, SETS, stateOf } from './paper-policies.ts'

export interface PaperRecord {
  readonly seq: number
  readonly id: string
  readonly text: string
  readonly conversation: string | undefined
  /** A person, as whom that one is known: whoever is erased comes back as somebody else. */
  readonly person: string | undefined
  readonly created: number
  of: RecordClass
  fate: 'standing' | 'destroyed'
  /** Its content was erased. */
  isErased: boolean
}

/** What binds: everything, a conversation, or whatever is about a person. */
export type HoldOn = { readonly on: 'everything' } | { readonly on: 'conversation' | 'person'; readonly which: string }

export interface PaperHold {
  readonly id: string
  readonly binds: HoldOn
}

interface Closing {
  readonly of: { readonly record: string } | { readonly conversation: string }
  readonly day: number | 'open'
}

export interface Paper {
  readonly records: PaperRecord[]
  readonly holds: PaperHold[]
  readonly closings: Closing[]
  /** How often each person was erased. */
  readonly erased: Map<string, number>
  set: PaperSet
  /** The time as it is, whatever a clock shows. */
  truth: number
  clock: number
  /** A jump of the clock that nobody confirmed. */
  isJumped: boolean
}

export function blankPaper(now: number): Paper {
  return {
    ...{ records: [], holds: [], closings: [], erased: new Map() },
    set: SETS[0],
    truth: now,
    clock: now,
    isJumped: false,
  }
}

export function standing({ records }: Paper): PaperRecord[] {
  return records.filter(({ fate }) => fate === 'standing')
}

/** As whom somebody is known now. */
export function known({ erased }: Paper, person: string): string {
  return `${person} #${erased.get(person) ?? 0}`
}

export function isHeld({ holds }: Paper, { conversation, person }: PaperRecord): boolean {
  return holds.some(({ binds }) => {
    if (binds.on === 'everything') return true
    return binds.which === (binds.on === 'conversation' ? conversation : person)
  })
}

export function factsOf(paper: Paper, record: PaperRecord): Facts {
  const closing = paper.closings.findLast(({ of }) =>
    'record' in of ? of.record === record.id : of.conversation === record.conversation,
  )
  const closed = closing === undefined || closing.day === 'open' ? undefined : closing.day
  return { of: record.of, created: record.created, closed, isHeld: isHeld(paper, record) }
}

export function stateNow(paper: Paper, record: PaperRecord, at: number = paper.clock): PaperState {
  return stateOf(paper.set, factsOf(paper, record), at)
}
