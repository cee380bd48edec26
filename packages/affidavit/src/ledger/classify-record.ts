// How strictly a record is kept: what its caller declared, the floor of its agent, and what was found in it as it flows
// (spec/detection.md §5, spec/registry.md §2). Pure.

import type { DetectedType } from '../classify/detector.ts'
import { raise } from '../classify/raise.ts'
import { DEFAULT_CLASSIFICATION } from '../formats/fields.ts'
import { floorOf, higher, NO_FLOOR } from '../registry/classify.ts'
import type { Floor, Registry } from '../registry/registry.ts'
import type { Received } from './receive.ts'

/** Nothing lowers what was declared. `found` is what was found in the content. */
export function classifyRecord(
  registry: Registry | undefined,
  received: Pick<Received, 'draft' | 'found'>,
  found: readonly DetectedType[],
): Floor {
  const { data_classification = DEFAULT_CLASSIFICATION, compliance_domains = [] } = received.draft
  const declared = { data_classification, compliance_domains }
  const floor = floorFor(registry, received)
  return raise(floor === NO_FLOOR ? declared : higher(declared, floor), [...received.found, ...found])
}

// A registry says how low an agent's records may be; nobody has said so where there is none.
function floorFor(registry: Registry | undefined, { draft }: Pick<Received, 'draft'>): Floor {
  const { agent_name, actor_type } = draft
  if (registry === undefined || (agent_name === undefined && actor_type !== 'agent')) return NO_FLOOR
  return floorOf(registry, { agent: agent_name, channel: undefined })
}
