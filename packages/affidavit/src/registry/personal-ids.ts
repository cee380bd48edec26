// Which ids of a record name a person, by the registry (spec/registry.md §6). Ids of subjects always do.

import { type ActorType, AGENT_RESOURCES } from '../formats/fields.ts'
import type { PersonalIds } from './registry.ts'

/** For each field whether its id is personal, and so stands in the record as a token. */
export interface Personal {
  readonly actor_id: boolean
  readonly on_behalf_of: boolean
  readonly resource_id: boolean
}

/** `resource_type` is that of the record; without one there is no resource id either. */
export function personalIds(
  { actor_types, on_behalf_of, impersonal_resource_types }: PersonalIds,
  actor_type: ActorType,
  resource_type: string | undefined,
): Personal {
  return {
    actor_id: actor_types.includes(actor_type),
    on_behalf_of,
    resource_id:
      resource_type !== undefined && ![...AGENT_RESOURCES, ...impersonal_resource_types].includes(resource_type),
  }
}
