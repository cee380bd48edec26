// The keys at hand are those that the log names (spec/sequencing.md §5). Another key, be it an older one of this very ledger
// that a backup brought back, would sign what no verifier follows; another digest key would call every retry a conflict.

import { hmacSha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type Details, parseCheckpointKeyChange } from '../formats/key-rotation.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { LedgerKeys, Signer } from './keys.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

/** What entry 0 says of the digest key: enough to know it again, nothing to guess it from. */
export function digestKeyCheck({ digestKey }: LedgerKeys): string {
  return hmacSha256Hex(digestKey, 'affidavit digest key v1')
}

/** Looked at again where another process may be changing the key just now. */
const LOOKS = 3

/** @throws LedgerError `wrong-key` */
export async function checkKeys(store: LedgerStore, ledger: string, keys: LedgerKeys): Promise<void> {
  const start = await startDetails(store, ledger)
  if (start === undefined) return
  if (start.heartbeat_key !== formatVerifierKey(keys.heartbeat.verifierKey)) throw wrongKey('heartbeat key')
  if (start.digest_key_check !== digestKeyCheck(keys)) throw wrongKey('digest key')
  for (let look = 1; ; look++) {
    const change = await newestChange(store, ledger)
    const signer = await keys.checkpoint()
    if (isInForce(signer, await keys.pendingRotation(), change ?? { new_key: start.checkpoint_key })) return
    if (look === LOOKS) throw wrongKey('checkpoint key')
  }
}

async function startDetails(store: LedgerStore, ledger: string): Promise<Details | undefined> {
  const [entry] = await store.entries(ledger, { action: 'logging_started' }, { limit: 1, order: 'descending' })
  return entry === undefined ? undefined : (recordOf(entry).details ?? {})
}

async function newestChange(store: LedgerStore, ledger: string): Promise<Announced | undefined> {
  for await (const entry of readPages(store, ledger, { action: 'key_rotated' }, { order: 'descending' })) {
    const change = parseCheckpointKeyChange(recordOf(entry).details ?? {})
    if (change === undefined) continue
    return { old_key: formatVerifierKey(change.oldKey), new_key: formatVerifierKey(change.newKey) }
  }
  return undefined
}

/** What was said last of the checkpoint key. */
interface Announced {
  readonly old_key?: string
  readonly new_key: unknown
}

// While a change is under way the old key signs on; the new one is there, and may have been announced.
function isInForce(signer: Signer, pending: Signer | undefined, announced: Announced): boolean {
  const key = formatVerifierKey(signer.verifierKey)
  if (announced.new_key === key) return true
  return (
    announced.old_key === key && pending !== undefined && announced.new_key === formatVerifierKey(pending.verifierKey)
  )
}

function wrongKey(which: string): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `the ${which} is not the one that the ledger names; nothing was recorded or signed`,
    cure: 'restore the newest keys of this ledger: an older backup of them does not do',
  })
}
