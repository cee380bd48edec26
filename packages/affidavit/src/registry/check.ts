// A registry against what agents really do (spec/registry.md §7): what it does not know, and what nobody uses.

import type { Registry } from './registry.ts'
import { lookUp, type Table } from './table.ts'
import { uriName } from './uri.ts'

/** Names that records or tool lists have, in any order, also repeated. */
export type Seen = { readonly [kind in Kind]: readonly string[] }

const KINDS = ['tools', 'sources', 'agents', 'channels', 'recipients'] as const
export type Kind = (typeof KINDS)[number]

export interface Checked {
  /** Seen, and no entry speaks of it. */
  readonly unknown: readonly Remark[]
  /** An entry that speaks of nothing that was seen. */
  readonly unused: readonly Remark[]
  /** Recipients that may receive domains without an agreement. */
  readonly without_agreement: readonly Remark[]
}

export interface Remark {
  readonly kind: Kind
  readonly name: string
}

/** Every remark once; kinds in the order above, names sorted. */
export function checkRegistry(registry: Registry, seen: Seen): Checked {
  return {
    unknown: KINDS.flatMap((kind) => remarks(kind, unknownNames(registry[kind], seen[kind]))),
    unused: KINDS.flatMap((kind) => remarks(kind, unusedEntries(registry[kind], seen[kind]))),
    without_agreement: remarks('recipients', withoutAgreement(registry)),
  }
}

function remarks(kind: Kind, names: readonly string[]): readonly Remark[] {
  return [...new Set(names)].sort().map((name) => ({ kind, name }))
}

function unknownNames(table: Table<unknown>, seen: readonly string[]): readonly string[] {
  // In its one spelling, a URI has no password.
  return seen.filter((name) => lookUp(table, name) === undefined).map(uriName)
}

function unusedEntries(table: Table<unknown>, seen: readonly string[]): readonly string[] {
  const used = new Set(seen.map((name) => lookUp(table, name)?.name))
  return table.all.map(({ name }) => name).filter((name) => !used.has(name))
}

function withoutAgreement({ recipients }: Registry): readonly string[] {
  const bare = recipients.all.filter(
    ({ entry }) => entry.agreement === undefined && entry.compliance_domains.length > 0,
  )
  return bare.map(({ name }) => name)
}
