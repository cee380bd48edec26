// How strictly a record is kept: what its caller declared, the floor of its agent, and what was found in it as it flows
// (spec/detection.md §5, spec/registry.md §2). Pure.

import type { DetectedType } from '../classify/detector.ts'
import { raise } from '../classify/raise.ts'
import { DEFAULT_CLASSIFICATION } from '../formats/fields.ts'
import { floorOf, higher, NO_FLOOR } from '../registry/classify.ts'
import type { HandedOver } from '../registry/recipient.ts'
import type { Floor, Registry } from '../registry/registry.ts'
import type { Received } from './receive.ts'

/** What was found in the content, and whether a detector failed at anything of the draft. */
export interface Inspected {
  readonly found: readonly DetectedType[]
  readonly looked_at: HandedOver['looked_at']
}

/** Nothing lowers what was declared. What was not looked at is never taken for clean. */
export function classifyRecord(
  registry: Registry | undefined,
  received: Pick<Received, 'draft' | 'found'>,
  { found, looked_at }: Inspected,
): Floor {
  const { data_classification = DEFAULT_CLASSIFICATION, compliance_domains = [] } = received.draft
  const declared = { data_classification, compliance_domains }
  const floor = floorFor(registry, received)
  const raised = raise(floor === NO_FLOOR ? declared : higher(declared, floor), [...received.found, ...found])
  return looked_at === 'wholly' ? raised : { ...raised, data_classification: 'restricted' }
}

// A registry says how low an agent's records may be; nobody has said so where there is none.
function floorFor(registry: Registry | undefined, { draft }: Pick<Received, 'draft'>): Floor {
  const { agent_name, actor_type } = draft
  if (registry === undefined || (agent_name === undefined && actor_type !== 'agent')) return NO_FLOOR
  return floorOf(registry, { agent: agent_name, channel: undefined })
}
