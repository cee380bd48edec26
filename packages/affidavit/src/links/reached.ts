// Which contents of a record a link brings into an erasure (spec/erasure.md §6): the same for whoever erases and whoever verifies.

import type { AuditRecord, ContentReference } from '../formats/fields.ts'

/** Records whose contents are papers: what was approved, and by whom, is the ledger's own to show. */
const PAPERS: readonly string[] = ['content_erased', 'records_disposed']

/** Those of these names, all of them where no names are given; none that are papers. */
export function contentsReached(
  { action, content = [] }: Pick<AuditRecord, 'action' | 'content'>,
  names: readonly string[] | undefined,
): readonly ContentReference[] {
  if (PAPERS.includes(action)) return []
  return content.filter(({ name }) => names?.includes(name) ?? true)
}
