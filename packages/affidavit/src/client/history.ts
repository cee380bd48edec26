// One history (spec/client.md §4): every checkpoint that a server shows continues the last one that was seen, and has what was acknowledged.

import { fromBase64 } from '../bytes/base64.ts'
import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type Checkpoint, openCheckpoint } from '../formats/checkpoint.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { Appended } from '../ledger/ledger.ts'
import { checkConsistency } from '../merkle/consistency.ts'
import { type Acknowledged, findUnkept } from './acknowledged.ts'
import { type Ask, unreadable } from './ask.ts'
import { createNodes, type ReadTile } from './read-nodes.ts'
import type { Memory, Remembered } from './remembered.ts'

export interface History {
  /** Holds the server's newest checkpoint against what is known of it. @throws LedgerError `forked`, `rolled-back`, `wrong-key`, what asking throws */
  look(by?: 'look' | 'publish'): Promise<Seen>
  /** @throws LedgerError `forked` */
  acknowledged(appended: Appended): void
  verifierKey(): string
  /** Acknowledgements that no checkpoint covers yet. */
  waiting(): number
}

/** A checkpoint that was held against what was known. */
export interface Seen {
  readonly checkpoint: Checkpoint
  readonly note: string
}

export interface HistoryParts {
  readonly ask: Ask
  /** Of the ledger on the server. */
  readonly path: string
  readonly origin: string
  readonly key: VerifierKey
  readonly last: Seen | undefined
  readonly memory: Memory
  readonly readTile: ReadTile
  readonly acknowledged: Acknowledged
  /** The key that a checkpoint by both tells to be the next; undefined where none does. */
  successor(key: VerifierKey, after: number): Promise<VerifierKey | undefined>
}

export function createHistory(parts: HistoryParts): History {
  const { ask, path, origin, memory, readTile, acknowledged } = parts
  let { key, last } = parts
  let busy: Promise<unknown> = Promise.resolve()

  async function look(by: 'look' | 'publish'): Promise<Seen> {
    const method = by === 'publish' ? 'POST' : 'GET'
    const note = await ask.text({ method, path: `${path}/checkpoint`, type: 'text/plain', origin })
    const checkpoint = await opened(note)
    if (checkpoint.origin !== origin) throw anotherLedger(origin, checkpoint.origin)
    last = await newestSeen()
    if (last !== undefined) await expectContinued(last.checkpoint, checkpoint)
    await expectKept(checkpoint)
    const seen = { checkpoint, note }
    const isNews = last?.checkpoint.size !== checkpoint.size
    last = seen
    if (isNews) await memory.remember({ origin, verifier_key: formatVerifierKey(key), note })
    return seen
  }

  // Processes that share a folder share what they have seen.
  async function newestSeen(): Promise<Seen | undefined> {
    const remembered = await memory.recall()
    if (remembered === undefined || remembered.origin !== origin) return last
    const seen = seenBefore(remembered)
    return last === undefined || seen.checkpoint.size > last.checkpoint.size ? seen : last
  }

  // What came otherwise than it was sent is no other history: that is shown again.
  async function lookTwice(by: 'look' | 'publish'): Promise<Seen> {
    try {
      return await look(by)
    } catch (error) {
      if (!isOtherHistory(error)) throw error
      return look(by)
    }
  }

  async function opened(note: string): Promise<Checkpoint> {
    const bytes = utf8(note)
    const first = openCheckpoint(bytes, [key])
    if (!('code' in first)) return first.checkpoint
    if (first.code !== 'no-trusted-signature') throw unreadable(`no checkpoint (${first.code})`)
    const next = await parts.successor(key, last?.checkpoint.size ?? 0)
    if (next === undefined) throw unknownKey(origin, key)
    const second = openCheckpoint(bytes, [next])
    if ('code' in second) throw unknownKey(origin, key)
    key = next
    return second.checkpoint
  }

  async function expectContinued(from: Checkpoint, to: Checkpoint): Promise<void> {
    if (to.size < from.size) throw rolledBack(origin, from.size, to.size)
    const proof = from.size === to.size || from.size === 0 ? [] : await proofBetween(from.size, to.size)
    if (from.size > 0 && checkConsistency({ proof, from, to }) !== undefined) throw forked(origin, from.size, to.size)
  }

  async function proofBetween(from: number, to: number): Promise<readonly Uint8Array[]> {
    const answer = await ask.json({ path: `${path}/consistency?from=${from}&to=${to}`, origin })
    const proof: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'proof') : undefined
    if (!Array.isArray(proof)) throw unreadable('no consistency proof')
    return proof.map((hash: unknown) => {
      const bytes = typeof hash === 'string' ? fromBase64(hash) : undefined
      if (bytes === undefined) throw unreadable('no consistency proof')
      return bytes
    })
  }

  async function expectKept(checkpoint: Checkpoint): Promise<void> {
    const claims = acknowledged.coveredBy(checkpoint.size)
    if (claims.length === 0) return
    const unkept = await findUnkept(claims, checkpoint, createNodes(readTile, checkpoint.size))
    if (unkept !== undefined) throw notKept(origin, unkept.seq, checkpoint.size)
    acknowledged.held(claims)
  }

  return {
    look(by = 'look') {
      const looked = busy.then(() => lookTwice(by))
      busy = looked.catch(() => undefined)
      return looked
    },
    acknowledged: (appended) => acknowledged.add(appended),
    verifierKey: () => formatVerifierKey(key),
    waiting: () => acknowledged.waiting(),
  }
}

/** The checkpoint that was remembered. @throws LedgerError `wrong-key` where it is not signed by the key beside it */
export function seenBefore({ note, verifier_key }: Remembered): Seen {
  const key = parseVerifierKey(verifier_key)
  const opened = 'code' in key ? key : openCheckpoint(utf8(note), [key])
  if (!('code' in opened)) return { checkpoint: opened.checkpoint, note }
  throw new LedgerError('wrong-key', {
    problem: `the checkpoint that was remembered is not signed by the key beside it (${opened.code})`,
    cure: 'bring the state folder back from a backup; without it nothing holds the server to what it showed before',
    path: 'stateFolder',
  })
}

/** What a client never gets over by itself. */
export function isOtherHistory(error: unknown): error is LedgerError {
  return error instanceof LedgerError && ['forked', 'rolled-back', 'wrong-key'].includes(error.code)
}

const KEEP = 'keep the state folder as evidence, and have the ledger verified by somebody else'

function rolledBack(origin: string, seen: number, shown: number): LedgerError {
  return new LedgerError('rolled-back', {
    problem: `the server shows ${origin} with ${shown} entries; ${seen} were seen before`,
    cure: KEEP,
  })
}

function forked(origin: string, seen: number, shown: number): LedgerError {
  return new LedgerError('forked', {
    problem: `the server shows a history of ${origin} whose ${shown} entries do not continue the ${seen} that were seen before`,
    cure: KEEP,
  })
}

function notKept(origin: string, seq: number, size: number): LedgerError {
  return new LedgerError('forked', {
    problem: `the server acknowledged a record at seq ${seq} of ${origin}, and its tree of ${size} entries has another there`,
    cure: KEEP,
  })
}

function anotherLedger(origin: string, shown: string): LedgerError {
  return new LedgerError('forked', { problem: `the server shows a checkpoint of ${shown} for ${origin}`, cure: KEEP })
}

function unknownKey(origin: string, { keyId }: VerifierKey): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `the server shows a checkpoint of ${origin} that the key ${keyId} did not sign, and no checkpoint by it and by the key that did`,
    cure: 'ask the operator whether the key was rotated; give the verifier key that you trust as vkey',
    path: 'vkey',
  })
}
