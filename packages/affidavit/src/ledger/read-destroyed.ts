// What is left of entries that were destroyed, as their rows show it.

import { toHex } from '../bytes/hex.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import type { DestroyedEntry } from '../formats/destroyed-line.ts'
import { isStub, parseStub } from '../formats/stub.ts'
import { readPages } from './read.ts'
import type { LedgerStore } from './store.ts'

/** The destroyed ones of a stretch, in the order of seq. @param rows as they are stored */
export async function* readDestroyed(
  { rows, ledger }: { readonly rows: Pick<LedgerStore, 'entries'>; readonly ledger: string },
  from_seq: number,
  until_seq: number,
): AsyncGenerator<DestroyedEntry> {
  for await (const { seq, entry, nodes } of readPages(rows, ledger, { from_seq, until_seq })) {
    const parsed = isStub(entry) ? parseStub(entry) : undefined
    if (parsed === undefined || 'problem' in parsed || parsed.stub.mark.state !== 'disposed') continue
    const { mark, ...shown } = parsed.stub
    const integrity_hash = toHex(nodes.subarray(0, HASH_BYTES))
    yield { ...shown, seq, integrity_hash, manifest: mark.manifest }
  }
}
