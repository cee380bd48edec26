// The key of a segment (spec/archive.md §1): a scope key like those of content, of an owner of its own. An erasure replaces keys of persons, of
// conversations and of what belongs to neither, and never this one; destroying it takes the segment away, and no other.

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import { type SegmentName, segmentOwner } from '../formats/segment.ts'
import type { Archival } from '../ledger/archival.ts'
import type { Scope } from '../vault/keyring-rows.ts'

export interface SegmentGroup {
  readonly retention_class: string
  readonly due_month: string
  /** Id of the segment of which it holds what stayed. */
  readonly replaces?: string
}

function segmentScope(name: SegmentName): Scope {
  const { retention_class, due_month } = name
  const month = due_month === 'open' || due_month === 'none' ? NO_MONTH : due_month
  return { owner_kind: 'ledger', owner: segmentOwner(name), retention_class, month }
}

const NO_MONTH = '0000-00'

/** Made where it is new; durable when it resolves. */
export async function segmentKey({ keyring }: Pick<Archival, 'keyring'>, name: SegmentName): Promise<KeyObject> {
  const [made] = await keyring.scopeKeys([segmentScope(name)])
  if (made === undefined) throw keyGone(name)
  return made.key
}

/** `undefined` where it was never made, or is destroyed. */
export async function findSegmentKey(
  { keyring }: { readonly keyring: Pick<Archival['keyring'], 'knownScopeKeys'> },
  name: SegmentName,
): Promise<KeyObject | undefined> {
  const [known] = await keyring.knownScopeKeys([segmentScope(name)])
  return known?.key
}

/** @throws LedgerError `archive-unavailable` where it was never made, or is destroyed */
export async function knownSegmentKey(
  parts: Parameters<typeof findSegmentKey>[0],
  name: SegmentName,
): Promise<KeyObject> {
  const known = await findSegmentKey(parts, name)
  if (known === undefined) throw keyGone(name)
  return known
}

function keyGone({ retention_class, due_month, seqs }: SegmentName): LedgerError {
  return new LedgerError('archive-unavailable', {
    problem: `the key of the segment of class ${retention_class}, due ${due_month}, with seqs ${seqs.slice(0, 40)}, is not in the keyring`,
    cure: 'what was destroyed stays so; else bring the keyring back from its own backup',
  })
}
