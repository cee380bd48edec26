// Which contents of a record a link brings into an erasure (spec/erasure.md §6): the same for whoever erases and whoever verifies.

import type { AuditRecord, ContentReference } from '../formats/fields.ts'

/**
 * Those of these names, all of them where no names are given. None of the papers of an erasure: whoever finishes or certifies
 * it needs them.
 */
export function contentsReached(
  { action, content = [] }: Pick<AuditRecord, 'action' | 'content'>,
  names: readonly string[] | undefined,
): readonly ContentReference[] {
  if (action === 'content_erased') return []
  return content.filter(({ name }) => names?.includes(name) ?? true)
}
