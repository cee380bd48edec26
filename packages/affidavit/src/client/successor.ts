// A checkpoint key that was rotated (spec/sequencing.md §7): the next one is known by a checkpoint that both signed.

import { utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import { sameVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { StoredCheckpoint } from '../ledger/store.ts'

/** Whether a kept checkpoint says that `next` follows `key`. */
function bothSigned(note: string, key: VerifierKey, next: VerifierKey): boolean {
  const opened = openCheckpoint(utf8(note), [key, next])
  if ('code' in opened) return false
  return [key, next].every((one) => opened.verified.some((signed) => sameVerifierKey(signed.key, one)))
}

/** `next`, where a checkpoint among these makes it the successor of `key`. */
export async function successorAmong(
  checkpoints: AsyncIterable<StoredCheckpoint>,
  key: VerifierKey,
  next: VerifierKey,
): Promise<VerifierKey | undefined> {
  if (sameVerifierKey(key, next)) return undefined
  for await (const { note } of checkpoints) if (bothSigned(note, key, next)) return next
  return undefined
}
