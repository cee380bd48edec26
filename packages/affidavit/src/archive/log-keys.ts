// The keys that signed checkpoints of a ledger, as its own entries name them.

import { parseCheckpointKeyChange } from '../formats/key-rotation.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { readPages, recordOf } from '../ledger/read.ts'
import type { LedgerStore } from '../ledger/store.ts'

export async function logKeys(store: LedgerStore, ledger: string): Promise<readonly VerifierKey[]> {
  const keys: VerifierKey[] = []
  for await (const entry of readPages(store, ledger, { until_seq: 1 })) {
    const text = recordOf(entry).details?.checkpoint_key
    const key = typeof text === 'string' ? parseVerifierKey(text) : undefined
    if (key !== undefined && !('code' in key)) keys.push(key)
  }
  for await (const entry of readPages(store, ledger, { action: 'key_rotated' })) {
    const change = parseCheckpointKeyChange(recordOf(entry).details ?? {})
    if (change !== undefined) keys.push(change.newKey)
  }
  return keys
}
