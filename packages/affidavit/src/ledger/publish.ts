// Publishing: the tree as stored becomes a signed statement (spec/sequencing.md §6). The order is the promise:
// recompute from the bytes, compare, sign, commit with a strictly growing size, and only then release to the outside.

import { equalBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import type { UnixMillis } from '../clock/clock.ts'
import type { Hash } from '../crypto/sha256.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { formatCheckpointBody, openCheckpoint, parseCheckpointBody } from '../formats/checkpoint.ts'
import { cosignatureLine, cosignatureMessage } from '../formats/cosignature.ts'
import { formatNote, formatSignatureLine, type NoteSignature, parseNote } from '../formats/note.ts'
import { type Frontier, planFrontier, rootOfFrontier } from '../merkle/growth.ts'
import type { CheckpointFile } from './checkpoint-file.ts'
import type { LedgerKeys, Signer } from './keys.ts'
import { corrupt } from './regrow.ts'
import type { LedgerStore, StoredCheckpoint } from './store.ts'

export interface Publishing {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keys: LedgerKeys
  readonly outside: CheckpointFile
}

/** The tree that was last checked against the bytes, so that publishing costs only what is new. */
export interface CheckedTree {
  readonly frontier: Frontier
}

/** What came of a publication; `superseded`: another process published this size or a larger one meanwhile. */
export interface Published {
  readonly checkpoint: StoredCheckpoint
  readonly checked: CheckedTree
  readonly published: 'released' | 'superseded' | 'nothing new'
}

/** The frontier of the tree of `size` as the store has it. */
export async function storedFrontier(store: LedgerStore, ledger: string, size: number): Promise<Frontier> {
  return { size, nodes: await store.nodes(ledger, planFrontier(size)) }
}

/**
 * Signs and releases a checkpoint of everything that is committed; answers the newest checkpoint, which is another
 * process's where that was quicker, and the tree that was checked.
 * @param extraSigners further log keys that must sign too: the old one, while a key change is announced
 * @throws LedgerError `store-corrupt`: the bytes do not give the stored tree, nothing was signed; `not-published`
 */
export async function publishCheckpoint(
  publishing: Publishing,
  checked: CheckedTree,
  at: UnixMillis,
  extraSigners: readonly Signer[] = [],
): Promise<Published> {
  const { store, ledger, keys, outside } = publishing
  const size = (await store.head(ledger))?.size ?? 0
  const newest = await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER)
  if (newest !== undefined && newest.size >= size) return { checkpoint: newest, checked, published: 'nothing new' }
  // 1. What is signed was read back from the store as bytes and hashed anew: a flipped bit is found before it is sworn to.
  const frontier = await store.regrow(ledger, await furthestChecked(publishing, checked, newest), size)
  const root = rootOfFrontier(frontier)
  await compareWithStoredTree(publishing, size, root)
  // 2. The log key signs the tree, the heartbeat key the time.
  const text = formatCheckpointBody({ origin: ledger, size, root })
  const signatures: NoteSignature[] = []
  for (const signer of [await keys.checkpoint(), ...extraSigners]) signatures.push(await signNote(signer, text))
  signatures.push(await timeLine(keys, text, at))
  // 3. Committed first, released after. Where another process was quicker, its checkpoint is as good.
  const note = formatNote(text, signatures)
  const kept = await store.keepCheckpoint(ledger, { size, note })
  if (kept === 'superseded') {
    const checkpoint = await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER)
    return {
      checkpoint: checkpoint ?? unreachable('a superseded checkpoint has a successor'),
      checked: { frontier },
      published: 'superseded',
    }
  }
  await outside.append(note)
  return { checkpoint: { size, note, cosignatures: [] }, checked: { frontier }, published: 'released' }
}

/** Says that the newest checkpoint is still the newest: a cosignature line with the time, kept and released. */
export async function publishHeartbeat(
  publishing: Publishing,
  checkpoint: StoredCheckpoint,
  at: UnixMillis,
): Promise<void> {
  const parsed = parseNote(utf8(checkpoint.note))
  if ('code' in parsed) throw corrupt(`the checkpoint of size ${checkpoint.size} is no note (${parsed.code})`)
  const line = formatSignatureLine(await timeLine(publishing.keys, parsed.text, at)).slice(0, -1)
  await publishing.store.keepCosignature(publishing.ledger, checkpoint.size, line)
  await publishing.outside.append(`${checkpoint.note}${line}\n`)
}

// What another process has published it has read back before: a checkpoint beyond ours, which the key in force signed, is
// built upon, so that each entry is read back once, however many processes write.
async function furthestChecked(
  { store, ledger, keys }: Publishing,
  { frontier }: CheckedTree,
  newest: StoredCheckpoint | undefined,
): Promise<Frontier> {
  if (newest === undefined || newest.size <= frontier.size) return frontier
  const { verifierKey } = await keys.checkpoint()
  const opened = openCheckpoint(utf8(newest.note), [verifierKey])
  if ('code' in opened || opened.checkpoint.origin !== ledger || opened.checkpoint.size !== newest.size) return frontier
  const sworn = await storedFrontier(store, ledger, newest.size)
  return equalBytes(rootOfFrontier(sworn), opened.checkpoint.root) ? sworn : frontier
}

async function compareWithStoredTree({ store, ledger }: Publishing, size: number, root: Hash): Promise<void> {
  const stored = rootOfFrontier(await storedFrontier(store, ledger, size))
  if (!equalBytes(stored, root)) throw corrupt(`the stored tree of size ${size} is not that of the entries`)
  const before = await store.latestCheckpoint(ledger, size)
  if (before === undefined) return
  const body = parseCheckpointBody(before.note.slice(0, before.note.lastIndexOf('\n\n') + 1))
  if ('code' in body) throw corrupt(`the checkpoint of size ${before.size} is unreadable (${body.code})`)
  if (body.origin !== ledger || body.size !== before.size) {
    throw corrupt(`the checkpoint of size ${before.size} says to be of size ${body.size} of ${body.origin}`)
  }
  const then = rootOfFrontier(await storedFrontier(store, ledger, before.size))
  if (!equalBytes(then, body.root)) {
    throw corrupt(`the stored tree of size ${before.size} has root ${toHex(then)}, but ${toHex(body.root)} was signed`)
  }
}

async function signNote({ verifierKey, sign }: Signer, text: string): Promise<NoteSignature> {
  return { name: verifierKey.name, keyId: verifierKey.keyId, signature: await sign(utf8(text)) }
}

async function timeLine({ heartbeat }: LedgerKeys, text: string, at: UnixMillis): Promise<NoteSignature> {
  const seconds = Math.floor(at / 1000)
  return cosignatureLine(heartbeat.verifierKey, seconds, await heartbeat.sign(cosignatureMessage(text, seconds)))
}
