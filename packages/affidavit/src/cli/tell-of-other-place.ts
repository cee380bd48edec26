// That an archive goes on in another place than it began in: a disk that is not mounted looks like an empty folder.

import type { Archiving } from '../archive/archiving.ts'
import { runKeyBehind } from '../archive/covering.ts'
import type { Terminal } from './output.ts'

/**
 * Tells where the place lacks the checkpoint that the first run of this ledger left there.
 * @throws LedgerError `archive-unavailable`
 */
export async function tellOfOtherPlace(
  { store, ledger, objects }: Pick<Archiving, 'store' | 'ledger' | 'objects'>,
  terminal: Pick<Terminal, 'err'>,
): Promise<void> {
  const [archived] = await store.entries(ledger, { action: 'records_archived' }, { limit: 1, order: 'ascending' })
  if (archived === undefined || (await objects.get(runKeyBehind(ledger, undefined))) !== undefined) return
  terminal.err(
    `${objects.where} is not where the archive of this ledger began: what was archived before is not read from here. Mount its disk, name its place with affidavit archive use, or bring its objects here; affidavit archive status says what is missing\n`,
  )
}
