// The keys of payloads that were wrapped anew, for opening many: asked of the keyring in portions, for one batch at a time.

import type { Keyring, WrappedAnew } from '../vault/keyring.ts'
import { unlessDamaged } from './known-scopes.ts'

export interface AnewKeys {
  /**
   * Asks for the keys of these payloads, and lets go of those before.
   * @throws LedgerError where the keyring cannot be read; a single row that is damaged stays one
   */
  learn(blob_ids: readonly string[]): Promise<void>
  of(blob_id: string): WrappedAnew | 'damaged' | undefined
}

export function createAnewKeys({ wrappedAnew }: Pick<Keyring, 'wrappedAnew'>, ledger: string): AnewKeys {
  let known: Map<string, WrappedAnew | 'damaged'> = new Map()

  async function ask(blob_ids: readonly string[]): Promise<void> {
    const found = await wrappedAnew(ledger, blob_ids).catch(unlessDamaged)
    if (found !== 'damaged') for (const [blob_id, key] of found) known.set(blob_id, key)
    else if (blob_ids.length > 1) for (const blob_id of blob_ids) await ask([blob_id])
    else for (const blob_id of blob_ids) known.set(blob_id, 'damaged')
  }

  return {
    async learn(blob_ids) {
      known = new Map()
      if (blob_ids.length > 0) await ask([...new Set(blob_ids)])
    },
    of: (blob_id) => known.get(blob_id),
  }
}
