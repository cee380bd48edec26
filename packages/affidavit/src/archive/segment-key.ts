// The key of the segments of one class and one due month (spec/archive.md §1): a scope key like those of content, of an owner of its own. An
// erasure replaces keys of persons, of conversations and of what belongs to neither, and never this one; destroying it takes these segments
// away, and no others.

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import { segmentOwner } from '../formats/segment.ts'
import type { Archival } from '../ledger/archival.ts'
import type { Scope } from '../vault/keyring-rows.ts'

export interface SegmentGroup {
  readonly retention_class: string
  readonly due_month: string
}

function segmentScope({ retention_class, due_month }: SegmentGroup): Scope {
  const month = due_month === 'open' || due_month === 'none' ? NO_MONTH : due_month
  return { owner_kind: 'ledger', owner: segmentOwner({ retention_class, due_month }), retention_class, month }
}

const NO_MONTH = '0000-00'

/** Made where it is new; durable when it resolves. */
export async function segmentKey({ keyring }: Pick<Archival, 'keyring'>, group: SegmentGroup): Promise<KeyObject> {
  const [made] = await keyring.scopeKeys([segmentScope(group)])
  if (made === undefined) throw keyGone(group)
  return made.key
}

/** `undefined` where it was never made, or is destroyed. */
export async function findSegmentKey(
  { keyring }: { readonly keyring: Pick<Archival['keyring'], 'knownScopeKeys'> },
  group: SegmentGroup,
): Promise<KeyObject | undefined> {
  const [known] = await keyring.knownScopeKeys([segmentScope(group)])
  return known?.key
}

/** @throws LedgerError `archive-unavailable` where it was never made, or is destroyed */
export async function knownSegmentKey(
  parts: Parameters<typeof findSegmentKey>[0],
  group: SegmentGroup,
): Promise<KeyObject> {
  const known = await findSegmentKey(parts, group)
  if (known === undefined) throw keyGone(group)
  return known
}

function keyGone({ retention_class, due_month }: SegmentGroup): LedgerError {
  return new LedgerError('archive-unavailable', {
    problem: `the key of the segments of class ${retention_class}, due ${due_month}, is not in the keyring`,
    cure: 'what was destroyed stays so; else bring the keyring back from its own backup',
  })
}
