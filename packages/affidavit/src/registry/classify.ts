// What a call touched, by the registry (spec/registry.md §4): data, persons, domains, and how strictly it is kept.

import { type Classification, stricter } from '../formats/fields.ts'
import { findIds, type Ids, type Locator, type Parts, valuesAt } from './locate.ts'
import { DEFAULT_FLOOR } from './read-floors.ts'
import type { Access, Floor, Registry, Source, Tool, Touch } from './registry.ts'
import { lookUp, type Table } from './table.ts'

/** A call of a tool, or of a data source. Agent and channel are what its records name. */
export type Call = Parts & {
  readonly agent: string | undefined
  readonly channel: string | undefined
} & ({ readonly tool: string } | { readonly source: string })

export interface Classified {
  /** `unclassified`: no entry speaks of the tool or source, and so all of it is restricted. */
  readonly known: 'registered' | 'unclassified'
  /** The entry that spoke, as the registry writes its name. */
  readonly entry: string | undefined
  readonly touches: readonly Touched[]
  readonly approval: Approval | undefined
  /** The highest of all touches and floors. */
  readonly data_classification: Classification
  /** Those of all touches and floors, sorted. */
  readonly compliance_domains: readonly string[]
  readonly purposes: readonly string[]
}

/** One kind of data that was touched. Its classification and domains are not below the floors. */
export interface Touched {
  readonly access: Access | 'unknown'
  readonly resource_type: string
  readonly resource_ids: Ids
  readonly subject_ids: Ids
  readonly data_classification: Classification
  readonly compliance_domains: readonly string[]
  readonly retention_class: string | undefined
  readonly purpose: string | undefined
}

export interface Approval {
  readonly approver: Ids
  /** The one value at its place, where it is text or true or false. What it means is judged by whoever records it. */
  readonly decision: string | boolean | undefined
}

const NOTHING: Ids = { ids: [], missing: [] }
export const NO_FLOOR: Floor = { data_classification: 'public', compliance_domains: [] }
const UNNAMED_FLOOR: Floor = { data_classification: DEFAULT_FLOOR, compliance_domains: [] }

/** Says what a call touched. What the registry does not know is restricted; nothing falls below the floors. */
export function classifyCall(registry: Registry, call: Call): Classified {
  const floor = floorOf(registry, call)
  const found = 'tool' in call ? lookUp(registry.tools, call.tool) : lookUp(registry.sources, call.source)
  if (found === undefined) return summary('unclassified', undefined, floor, [unclassified(floor)], undefined)
  const touches = touchesOf(found.entry).map((touch) => touched(touch, floor, call))
  return summary('registered', found.name, floor, touches, approvalOf(found.entry, call))
}

/** What no record of this agent on this channel falls below. */
export function floorOf(registry: Registry, { agent, channel }: Pick<Call, 'agent' | 'channel'>): Floor {
  return higher(
    namedFloor(registry.agents, agent),
    channel === undefined ? NO_FLOOR : namedFloor(registry.channels, channel),
  )
}

function namedFloor(floors: Table<Floor>, name: string | undefined): Floor {
  return (name === undefined ? undefined : lookUp(floors, name)?.entry) ?? UNNAMED_FLOOR
}

/** The stricter classification, and the domains of both. */
export function higher(a: Floor, b: Floor): Floor {
  return {
    data_classification: stricter(a.data_classification, b.data_classification),
    compliance_domains: union([a.compliance_domains, b.compliance_domains]),
  }
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort()
}

function touchesOf(entry: Tool | Source): readonly Touch[] {
  return entry.kind === 'none' ? [] : entry.touches
}

function touched(touch: Touch, floor: Floor, parts: Parts): Touched {
  return {
    access: touch.access,
    resource_type: touch.resource_type,
    resource_ids: touch.resource_id === undefined ? NOTHING : findIds([touch.resource_id], parts),
    subject_ids: findIds(touch.subject_ids, parts),
    ...higher(touch, floor),
    retention_class: touch.retention_class,
    purpose: touch.purpose,
  }
}

function unclassified(floor: Floor): Touched {
  return {
    access: 'unknown',
    resource_type: 'unclassified',
    resource_ids: NOTHING,
    subject_ids: NOTHING,
    data_classification: 'restricted',
    compliance_domains: floor.compliance_domains,
    retention_class: undefined,
    purpose: undefined,
  }
}

function approvalOf(entry: Tool | Source, parts: Parts): Approval | undefined {
  if (entry.kind !== 'approval_request') return undefined
  return { approver: firstFound(entry.approver, parts), decision: decisionAt(entry.decision, parts) }
}

function firstFound(locators: readonly Locator[], parts: Parts): Ids {
  const found = locators.map((locator) => findIds([locator], parts))
  const missing = found.flatMap((one) => one.missing)
  return found.find(({ ids }) => ids.length > 0) ?? { ids: [], missing }
}

function decisionAt(locator: Locator, parts: Parts): string | boolean | undefined {
  const values = valuesAt(locator, parts)
  const value = typeof values === 'string' || values.length > 1 ? undefined : values[0]
  return typeof value === 'string' || typeof value === 'boolean' ? value : undefined
}

function summary(
  known: Classified['known'],
  entry: string | undefined,
  floor: Floor,
  touches: readonly Touched[],
  approval: Approval | undefined,
): Classified {
  const purposes = touches.map(({ purpose }) => purpose).filter((purpose) => purpose !== undefined)
  return { known, entry, touches, approval, ...touches.reduce<Floor>(higher, floor), purposes: union([purposes]) }
}
