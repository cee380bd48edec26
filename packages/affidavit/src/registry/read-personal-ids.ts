// Which ids of a record are personal, in a registry (spec/registry.md §6).

import { flagOf, isAbsent, membersOf, oneOf, type Place, setOf, wordOf } from '../documents/place.ts'
import { ACTOR_TYPES } from '../formats/fields.ts'
import type { PersonalIds } from './registry.ts'

const MAX_TYPES = 1000

/** Where nothing is said, every id that may name a person is personal. */
export const DEFAULT_PERSONAL_IDS: PersonalIds = {
  actor_types: ['user', 'admin'],
  on_behalf_of: true,
  impersonal_resource_types: [],
}

export function readPersonalIds(section: Place): PersonalIds {
  if (isAbsent(section)) return DEFAULT_PERSONAL_IDS
  const member = membersOf(section, ['actor_types', 'on_behalf_of', 'impersonal_resource_types'])
  const types = member('actor_types')
  const principal = member('on_behalf_of')
  return {
    actor_types: isAbsent(types)
      ? DEFAULT_PERSONAL_IDS.actor_types
      : setOf(types, MAX_TYPES, (item) => oneOf(item, ACTOR_TYPES)),
    on_behalf_of: isAbsent(principal) ? DEFAULT_PERSONAL_IDS.on_behalf_of : flagOf(principal),
    impersonal_resource_types: setOf(member('impersonal_resource_types'), MAX_TYPES, wordOf),
  }
}
