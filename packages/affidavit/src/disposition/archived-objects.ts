// Objects of the archive that hold what a disposition destroys (spec/disposition.md §2).

import { ascending, byMembers, label, object, oneOf, type Rule, time } from '../papers/rules.ts'

/** An object, and until when nobody can delete it; one that no lock was read back of has the time of the reading. */
export interface ArchivedObject {
  readonly key: string
  readonly locked_until: string
  /** `goes`: nothing rests on it. `waits`: it holds what stays, which is written anew first. */
  readonly fate: (typeof FATES)[number]
}

const FATES = ['goes', 'waits'] as const

/** The entries that record a disposition have to carry them. */
export const MAX_OBJECTS = 300

export const OBJECTS: Rule = ascending(
  object({ key: label, locked_until: time, fate: oneOf(FATES) }),
  0,
  MAX_OBJECTS,
  byMembers('key'),
)
