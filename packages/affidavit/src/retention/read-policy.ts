// A policy of the operator's own (spec/retention.md §1).

import { Flaw } from '../documents/fault.ts'
import { isAbsent, labelOf, membersOf, oneOf, type Place, textOf } from '../documents/place.ts'
import { PARTS, type RetentionPolicy } from './policy.ts'
import { endsEarlier, readPeriod, readScopes } from './read-period.ts'

const MEMBERS = [
  'id',
  'title',
  'citation',
  'basis',
  'applies_to',
  'part',
  'minimum',
  'maximum',
  'availability',
  'at_end',
  'note',
]
const BASES = ['law', 'standard', 'policy', 'guidance', 'convention'] as const
const AT_END = ['destroy', 'keep'] as const
const ID = /^[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*$/

export function readPolicy(item: Place, known: ReadonlyMap<string, RetentionPolicy>): RetentionPolicy {
  const member = membersOf(item, MEMBERS)
  const optional = <T>(name: string, read: (place: Place) => T): T | undefined =>
    isAbsent(member(name)) ? undefined : read(member(name))
  const minimum = readPeriod(member('minimum'))
  const maximum = readPeriod(member('maximum'))
  const availability = readPeriod(member('availability'))
  const at_end = optional('at_end', (place) => oneOf(place, AT_END))
  const note = optional('note', labelOf)
  const policy: RetentionPolicy = {
    id: readId(member('id'), known),
    title: labelOf(member('title')),
    regime: 'own',
    jurisdiction: '-',
    citation: optional('citation', labelOf) ?? '-',
    basis: optional('basis', (place) => oneOf(place, BASES)) ?? 'policy',
    confidence: 'own',
    status: { state: 'in-force' },
    applies_to: readScopes(member('applies_to')),
    part: optional('part', (place) => oneOf(place, PARTS)) ?? 'record',
    ...(minimum === undefined ? { without_minimum: 'states no minimum' } : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(availability === undefined ? {} : { availability }),
    ...(at_end === undefined ? {} : { at_end }),
    ...(note === undefined ? {} : { note }),
  }
  checkPeriods(policy, item.path)
  return policy
}

function readId(place: Place, known: ReadonlyMap<string, RetentionPolicy>): string {
  const id = textOf(place)
  if (!ID.test(id) || id.length > 64) {
    throw new Flaw(
      place.path,
      'is no id of a policy',
      'lower-case letters, digits, _, - and dots, such as clinic.referrals',
    )
  }
  const other = known.get(id)
  if (other === undefined) return id
  if (other.confidence === 'own' && other.regime === 'own')
    throw new Flaw(place.path, 'is the id of two policies', 'choose another')
  throw new Flaw(
    place.path,
    'is a built-in policy',
    'lengthen it under extend, shorten it under override, or choose another id',
  )
}

/** @throws Flaw where a policy says nothing, or contradicts itself */
export function checkPeriods({ minimum, maximum, at_end }: RetentionPolicy, path: string): void {
  if (minimum === undefined && maximum === undefined)
    throw new Flaw(path, 'says no period', 'give it a minimum, a maximum, or both')
  if (minimum === undefined && at_end !== undefined)
    throw new Flaw(
      `${path}.at_end`,
      'says what happens behind a minimum, and there is none',
      'give it a minimum; behind a maximum, everything is destroyed',
    )
  if (minimum !== undefined && maximum !== undefined && endsEarlier(maximum, minimum))
    throw new Flaw(`${path}.maximum`, 'ends before the minimum', 'make it longer, or the minimum shorter')
}
