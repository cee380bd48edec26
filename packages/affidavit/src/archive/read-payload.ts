// A sealed payload as it is stored, held against the entry that names it.

import { concatBytes } from '../bytes/compare.ts'
import type { ContentReference } from '../formats/fields.ts'
import { createStoredCheck } from '../formats/sealed.ts'
import type { LedgerStore } from '../ledger/store.ts'

/** Further chunks that are read at a time. */
const CHUNKS_AT_ONCE = 64

/** Its chunks, one behind the other; `undefined` where what is stored is not what the entry describes. */
export async function readPayload(
  store: LedgerStore,
  ledger: string,
  reference: ContentReference,
): Promise<Uint8Array | undefined> {
  const payload = await store.payload(ledger, reference.blob_id)
  if (payload === undefined) return undefined
  const chunks = [payload.sealed]
  while (chunks.length < 1 + payload.more) {
    const more = await store.chunks(ledger, reference.blob_id, chunks.length, CHUNKS_AT_ONCE)
    if (more.length === 0) return undefined
    chunks.push(...more)
  }
  const check = createStoredCheck(reference)
  for (const chunk of chunks) check.push(chunk)
  return check.end() === undefined ? concatBytes(...chunks) : undefined
}
