// Drafts that wait on disk while the ledger takes none (spec/spool.md): durable, encrypted, in order, and recorded once.

import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { createLine } from '../ledger/in-line.ts'
import type { Spoolable } from '../ledger/spoolable.ts'
import { DISK, type SpoolFiles } from './spool/files.ts'
import { type Forwarded, type ForwardingLedger, forward, forwardRefused } from './spool/forward.ts'
import { holdFolder } from './spool/hold-folder.ts'
import { makeOwnFolder } from './spool/own-folder.ts'
import { recover } from './spool/recover.ts'
import { createRoom } from './spool/room.ts'
import { createSegments } from './spool/segments.ts'
import { spoolUnavailable } from './spool/unavailable.ts'
import { encodeWaiting } from './spool/waiting-draft.ts'
import { createWriter } from './spool/writer.ts'

/** What a spool needs of the ledger that its drafts wait for. */
export interface SpoolingLedger extends ForwardingLedger {
  spoolable(draft: Draft): Promise<Spoolable>
}

export interface SpoolOptions {
  /** A folder of its own, for this process alone; made where it is missing. */
  readonly folder: string
  readonly ledger: SpoolingLedger
  /** What its files may take on disk; 256 MiB where left out. */
  readonly maxBytes?: number
}

export interface SpoolSize {
  /** That wait. */
  readonly drafts: number
  /** On disk, with what was set aside. */
  readonly bytes: number
  /** When the oldest that waits happened, or one that waits with it. */
  readonly oldest?: string
}

export interface Spool extends AsyncDisposable {
  /**
   * Resolves when the draft is durable on disk. It is out of its caller's hands when the call returns, but for large bodies.
   * @throws LedgerError `spool-full`, `spool-unavailable`, and `invalid-draft`, `draft-too-large` as an append
   */
  put(draft: Draft): Promise<void>
  /** Drafts that wait. */
  waiting(): number
  size(): SpoolSize
  /**
   * Hands what waits to the ledger, in order, until nothing is left. Calls at a time are one.
   * @throws LedgerError what the ledger throws first, but for what it refuses a draft for; `spool-unavailable`. The rest waits on
   */
  forward(): Promise<Forwarded>
  /** Hands in once more what the ledger refused before: its reason may be mended. @throws LedgerError as `forward` */
  forwardRefused(): Promise<Forwarded>
  /** Waits for what is on its way, and lets go of the folder. What waits there stays. */
  close(): Promise<void>
}

const MAX_BYTES = 268_435_456

/**
 * Opens the spool in a folder, and takes over what is in it.
 * @throws LedgerError `spool-unavailable` (also where another process has the folder), `invalid-origin`, `wrong-key`, `newer-format`
 */
export async function openSpool(
  { folder, ledger, maxBytes = MAX_BYTES }: SpoolOptions,
  files: SpoolFiles = DISK,
): Promise<Spool> {
  const { spooling } = ledger
  if (!(Number.isSafeInteger(maxBytes) && maxBytes > 0)) throw noSize(maxBytes)
  const held = await inOurWords(folder, async () => {
    await makeOwnFolder(folder, files)
    return holdFolder(folder)
  })
  const found = await inOurWords(folder, () => recover(folder, files, spooling)).catch((error: unknown) => {
    held.release()
    throw error
  })
  const { spool } = found
  const room = createRoom(folder, maxBytes, found.bytes)
  const segments = createSegments(found.segments)
  const writer = createWriter({ folder, files, spooling, spool, room, segments, next: found.next })
  const line = createLine()
  const isClosing = (): boolean => closing !== undefined
  const parts = { folder, files, ledger, spool, room, segments, roll: writer.roll, isClosing }
  let forwarding: Promise<Forwarded> | undefined
  let busy: Promise<void> = Promise.resolve()
  let closing: Promise<void> | undefined

  function alone(work: () => Promise<Forwarded>): Promise<Forwarded> {
    const done = busy.then(work)
    busy = done.then(nothing, nothing)
    return done
  }

  async function end(): Promise<void> {
    await line.passed()
    await writer.roll()
    await busy
    held.release()
  }

  const opened: Spool = {
    async put(draft) {
      if (closing !== undefined) throw closed(folder)
      // Drafts keep the order of their calls, however long the body of one is looked through.
      await line.enter(ledger.spoolable(draft), (waits) => writer.put(encodeWaiting(waits), waits.draft.timestamp))
    },
    waiting: () => segments.waiting(),
    size() {
      const oldest = segments.oldest()?.title.since ?? ''
      return { drafts: segments.waiting(), bytes: room.taken(), ...(oldest === '' ? {} : { oldest }) }
    },
    forward() {
      if (closing !== undefined) return Promise.reject(closed(folder))
      forwarding ??= alone(() => forward(parts)).finally(() => {
        forwarding = undefined
      })
      return forwarding
    },
    async forwardRefused() {
      if (closing !== undefined) throw closed(folder)
      return alone(() => forwardRefused(parts))
    },
    close() {
      closing ??= end()
      return closing
    },
    [Symbol.asyncDispose]: () => opened.close(),
  }
  return opened
}

function nothing(): void {}

async function inOurWords<T>(folder: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    throw error instanceof LedgerError && error.code !== 'store-unavailable' && error.code !== 'not-a-ledger'
      ? error
      : spoolUnavailable(`open the spool in ${folder}`, error)
  }
}

function noSize(maxBytes: number): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${maxBytes} is no number of bytes that a spool may take`,
    cure: 'give a whole number above 0, or leave it out: 268435456',
    path: 'maxBytes',
  })
}

function closed(folder: string): LedgerError {
  return new LedgerError('spool-unavailable', {
    problem: `the spool in ${folder} is closed`,
    cure: 'open it again; what waits is there',
  })
}
