// What a registry says, read (spec/registry.md §2): tools, sources, floors, recipients, and which ids are personal.

import type { UnixMillis } from '../clock/clock.ts'
import type { ACCESSES, ActorType, Classification } from '../formats/fields.ts'
import type { Domain } from './domains.ts'
import type { Locator } from './locate.ts'
import type { Table } from './table.ts'

export interface Registry {
  /** What its author calls this state of it. */
  readonly revision: string
  /** SHA-256 of its RFC 8785 canonical JSON, lower-case hex: the same for YAML and JSON. */
  readonly digest: string
  readonly tools: Table<Tool>
  readonly sources: Table<Source>
  readonly agents: Table<Floor>
  readonly channels: Table<Floor>
  readonly recipients: Table<Recipient>
  /** What to do about a recipient that the registry does not name; `undefined` where it does not say. */
  readonly unknown_recipients: Reaction | undefined
  /** By domain, the regions that its data may go to; a domain that is not there may go to any. */
  readonly regions: ReadonlyMap<string, readonly string[]>
  readonly personal_ids: PersonalIds
  /** Built-in ones and the application's own. */
  readonly domains: ReadonlyMap<string, Domain>
}

export type Access = (typeof ACCESSES)[number]

/** One kind of data that a call touches. */
export interface Touch {
  readonly access: Access
  readonly resource_type: string
  readonly resource_id: Locator | undefined
  readonly subject_ids: readonly Locator[]
  readonly data_classification: Classification
  /** Sorted. */
  readonly compliance_domains: readonly string[]
  readonly retention_class: string | undefined
  readonly purpose: string | undefined
}

export const SOURCE_KINDS = ['touches', 'none'] as const
export const TOOL_KINDS = ['touches', 'none', 'approval_request'] as const

export type Source = { readonly kind: 'none' } | { readonly kind: 'touches'; readonly touches: readonly Touch[] }

export type Tool =
  | Source
  | {
      readonly kind: 'approval_request'
      /** Places that may name who decides; the first that does counts. */
      readonly approver: readonly Locator[]
      readonly decision: Locator
      /** What the approval is about. */
      readonly touches: readonly Touch[]
    }

/** What an agent or a channel never falls below. */
export interface Floor {
  readonly data_classification: Classification
  readonly compliance_domains: readonly string[]
}

export const RECIPIENT_KINDS = ['model_provider', 'mcp_server', 'service', 'person'] as const
export const AGREEMENT_KINDS = ['baa', 'dpa', 'contract'] as const
export const REACTIONS = ['record', 'block'] as const
export type Reaction = (typeof REACTIONS)[number]

export interface Recipient {
  readonly kind: (typeof RECIPIENT_KINDS)[number]
  readonly agreement: Agreement | undefined
  readonly region: string | undefined
  /** What it may receive. */
  readonly compliance_domains: readonly string[]
  readonly on_violation: Reaction
}

export interface Agreement {
  readonly kind: (typeof AGREEMENT_KINDS)[number]
  /** Where the paper is found. */
  readonly reference: string
  /** From the beginning of `valid_from`. */
  readonly begins: UnixMillis | undefined
  /** The end of `valid_until`, which is its last day, in UTC: the first instant without it. */
  readonly ends: UnixMillis | undefined
}

export interface PersonalIds {
  /** Actors of these types are persons. */
  readonly actor_types: readonly ActorType[]
  readonly on_behalf_of: boolean
  /** Resource types whose ids say nothing about a person. */
  readonly impersonal_resource_types: readonly string[]
}
