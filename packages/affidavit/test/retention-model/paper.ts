// The clinic on paper: what was recorded, what is known of it later, what is held, and so what may be gone.

import { type Facts, type PaperSet, type PaperState, type RecordClass, SETS, stateOf } from './paper-policies.ts'

export interface PaperRecord {
  readonly seq: number
  readonly id: string
  readonly text: string
  /** Of its sealed content. */
  readonly blob_id: string
  readonly conversation: string | undefined
  /** A person, as whom that one is known: whoever is erased comes back as somebody else. */
  readonly person: string | undefined
  /** As it was written, and as amendments say. */
  readonly devices: string[]
  readonly created: number
  of: RecordClass
  fate: 'standing' | 'destroyed'
  /** Its content was erased. */
  isErased: boolean
}

/** What binds: everything, or whatever is in a conversation, about a person, or about a device. */
export type HoldOn =
  | { readonly on: 'everything' }
  | { readonly on: 'conversation' | 'person' | 'device'; readonly which: string }

export interface PaperHold {
  readonly id: string
  readonly binds: HoldOn
  /** Links that were taken back since: what it bound by them it binds. */
  readonly takenBack: PaperLink[]
}

/** Two are one person, or a record is about somebody, too; as they are known. */
export type PaperLink = { readonly id: string } & (
  | { readonly persons: readonly [string, string] }
  | { readonly record: string; readonly person: string }
)

interface Closing {
  readonly of: { readonly record: string } | { readonly conversation: string }
  readonly day: number | 'open'
}

export interface Paper {
  readonly records: PaperRecord[]
  readonly holds: PaperHold[]
  readonly links: PaperLink[]
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
    ...{ records: [], holds: [], links: [], closings: [], erased: new Map() },
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

/** Everybody who is the same person, as links have it. */
export function samePerson({ links }: Paper, person: string): ReadonlySet<string> {
  const same = new Set([person])
  // A set that grows while it is gone through is gone through to its end.
  for (const one of same)
    for (const link of links) if ('persons' in link && link.persons.includes(one)) link.persons.forEach(same.add, same)
  return same
}

/** Everybody whom a record is about. */
export function personsOf(paper: Paper, { id, person }: PaperRecord): ReadonlySet<string> {
  const linked = paper.links.flatMap((link) => ('record' in link && link.record === id ? [link.person] : []))
  const named = [...(person === undefined ? [] : [person]), ...linked]
  return new Set(named.flatMap((one) => [...samePerson(paper, one)]))
}

export function isHeld(paper: Paper, record: PaperRecord): boolean {
  return paper.holds.some((hold) => isBound(paper, record, hold))
}

function isBound(paper: Paper, record: PaperRecord, { binds, takenBack }: PaperHold): boolean {
  switch (binds.on) {
    case 'everything':
      return true
    case 'conversation':
      return binds.which === record.conversation
    case 'device':
      return record.devices.includes(binds.which)
    case 'person':
      return personsOf({ ...paper, links: [...paper.links, ...takenBack] }, record).has(binds.which)
  }
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
