// The ledger: wiring of admission, queue, store, publication and reading. Each of these lives in a file of its own.

import type { Clock } from '../clock/clock.ts'
import { hmacSha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { HashTile } from '../merkle/tile.ts'
import { createAdmission } from './admit.ts'
import { checkKeys } from './check-keys.ts'
import type { CheckpointFile } from './checkpoint-file.ts'
import { readCheckpoints } from './checkpoints.ts'
import { createClockWatch } from './clock-watch.ts'
import type { LedgerKeys } from './keys.ts'
import { clockJump, conflictRecord, idConflict, ledgerClosed, type Start, startRecord } from './own-records.ts'
import { createProver } from './prove.ts'
import { createPublisher, type PublishClock, type PublishSchedule } from './publisher.ts'
import { createQueue } from './queue.ts'
import { findEntry, readPages, recordOf, type SearchOptions } from './read.ts'
import { recover } from './recover.ts'
import { rotateCheckpointKey } from './rotate.ts'
import { signStatement } from './statement.ts'
import type { EntryFilter, LedgerStore, Placed, PreparedDraft, StoredCheckpoint, StoredEntry } from './store.ts'
import { readTile } from './tiles.ts'
import { createTimekeeper, type Timekeeper } from './timekeeper.ts'

/** What an append resolves to: the record is durable, and this is its place. */
export interface Appended {
  readonly id: string
  readonly seq: number
  readonly integrity_hash: string
  readonly recorded_at: string
  /** `duplicate`: the same draft was recorded before, and this is that record. */
  readonly state: 'recorded' | 'duplicate'
}

/** What becomes of one draft of appendMany. */
export type AppendOutcome = Appended | { readonly state: 'refused'; readonly error: LedgerError }

export interface Health {
  /** Entries in the ledger. */
  readonly size: number
  /** Entries below the newest checkpoint. */
  readonly published: number
  /** Drafts that the queue still takes. */
  readonly room: number
  /** Why the last publication in the background failed; absent where it did not. */
  readonly publish_failure?: string
}

export interface Ledger extends AsyncDisposable {
  /** `NAME/INCARNATION`. */
  readonly origin: string
  /** Records a draft. Resolves once it is durable. @throws LedgerError */
  append(draft: Draft): Promise<Appended>
  /**
   * Records many, in order, and answers one outcome each once all are durable. One that is refused does not stop the
   * others. Waits for room in the queue instead of refusing.
   */
  appendMany(drafts: Iterable<Draft> | AsyncIterable<Draft>): Promise<readonly AppendOutcome[]>
  /** The record with this id. */
  get(id: string): Promise<AuditRecord | undefined>
  at(seq: number): Promise<AuditRecord | undefined>
  search(filter?: EntryFilter, options?: SearchOptions): AsyncGenerator<AuditRecord>
  /** Entries as stored, for exports and proofs: the exact bytes. */
  entries(filter?: EntryFilter, options?: SearchOptions): AsyncGenerator<StoredEntry>
  /** The C2SP proof file of a record, by id or seq; publishes first where no checkpoint covers it. */
  prove(which: string | number): Promise<string>
  /** Publishes a checkpoint of everything recorded; the newest one where nothing is new. */
  publish(): Promise<StoredCheckpoint>
  /** Kept checkpoints with sizes above `after`, ascending. */
  checkpoints(after?: number): AsyncGenerator<StoredCheckpoint>
  /** The bytes of a hash tile (C2SP tlog-tiles). @throws LedgerError `not-found` beyond the tree */
  tile(tile: HashTile): Promise<Uint8Array>
  /** A signed note by the checkpoint key over a text that is no checkpoint. @throws LedgerError `invalid-statement` */
  signStatement(text: string): Promise<string>
  /** The verifier key (C2SP vkey) that signs checkpoints now. */
  verifierKey(): Promise<string>
  /** Replaces the key that signs checkpoints. Crash-safe: a rotation that was begun is finished at the next opening. */
  rotateKey(): Promise<{ readonly verifierKey: string; readonly checkpoint: StoredCheckpoint }>
  /** Accepts a wall clock that jumped forward by more than a day, and records who did. */
  confirmClock(by: { readonly actor_id: string; readonly reason: string }): Promise<void>
  /** A keyed digest (HMAC-SHA-256, hex) under the ledger's key: versions of prompts, arguments; never their text. */
  digest(text: string): string
  health(): Promise<Health>
  /** Takes no more, waits for what was taken, publishes, and lets go. */
  close(): Promise<void>
}

export interface LedgerParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keys: LedgerKeys
  readonly outside: CheckpointFile
  readonly clock: Clock
  readonly actions: ApplicationActions
  readonly queueCapacity: number
  readonly patienceMillis: number
  readonly publish: PublishSchedule
  /** What entry 0 says where the ledger is new. */
  readonly start: Start
}

/**
 * Opens a ledger on its parts: recovers, finishes what a crash interrupted, and begins to publish.
 * @throws LedgerError `wrong-key`, `rolled-back`, `forked`, `not-published`, and what the store throws
 */
export async function createLedger(parts: LedgerParts): Promise<Ledger> {
  const { store, ledger, keys, outside } = parts
  const clock = inWholeMillis(parts.clock)
  const publishing = { store, ledger, keys, outside }
  // In this order: a database that was rolled back may name older keys.
  const checked = await recover(publishing)
  await checkKeys(store, ledger, keys)
  const admission = createAdmission({ ledger, digestKey: keys.digestKey, actions: parts.actions, clock })
  const timekeeper = createTimekeeper(clock)
  const publisher = createPublisher(publishing, checked, confirmedClock(clock, timekeeper), parts.publish)
  const queue = createQueue(commit, parts.queueCapacity)
  const clockWatch = createClockWatch(timekeeper, admission, queue)
  let closing: Promise<void> | undefined

  async function commit(drafts: readonly PreparedDraft[], more: 'more' | 'last'): Promise<readonly Placed[]> {
    const batch = { ledger, drafts, at: timekeeper.now(), patienceMillis: parts.patienceMillis }
    const placed = await store.commit(more === 'more' ? { ...batch, followedBy: 'another' } : batch)
    publisher.appended(placed.filter(({ state }) => state === 'recorded').length)
    return placed
  }

  // What the ledger records about itself goes the same way as everything else: admitted, queued, committed.
  async function record(draft: Draft): Promise<Placed> {
    return queue.pushOwn(admission.admitOwn(draft))
  }

  // Runs up to the queue without waiting: callers are recorded in the order of their calls.
  async function append(draft: Draft): Promise<Appended> {
    if (closing !== undefined) throw ledgerClosed()
    const prepared = admission.admit(draft)
    clockWatch.look()
    const placed = await queue.push(prepared)
    if (placed.state !== 'conflict') return { id: prepared.id, ...placed }
    await record(conflictRecord(admission, prepared, placed.seq))
    throw idConflict(prepared.id, placed.seq)
  }

  async function appendMany(drafts: Iterable<Draft> | AsyncIterable<Draft>): Promise<readonly AppendOutcome[]> {
    const outcomes: Promise<AppendOutcome>[] = []
    for await (const draft of drafts) {
      while (queue.room() < 1) await queue.batchSettled()
      outcomes.push(append(draft).catch(refusedOr))
    }
    return Promise.all(outcomes)
  }

  async function shutDown(): Promise<void> {
    await queue.drained()
    const [recorded] = await Promise.allSettled([clockWatch.settle()])
    try {
      await publisher.stop()
    } finally {
      await store.close()
    }
    if (recorded.status === 'rejected') throw recorded.reason
  }

  const opened: Ledger = {
    origin: ledger,
    append,
    appendMany,
    get: async (id) => optionalRecord(await findEntry(store, ledger, id)),
    at: async (seq) => optionalRecord(await findEntry(store, ledger, seq)),
    async *search(filter = {}, options = {}) {
      for await (const entry of readPages(store, ledger, filter, options)) yield recordOf(entry)
    },
    entries: (filter = {}, options = {}) => readPages(store, ledger, filter, options),
    prove: createProver({ store, ledger, publish: () => publisher.publish() }),
    publish: () => publisher.publish(),
    checkpoints: (after = -1) => readCheckpoints(store, ledger, after),
    tile: (tile) => readTile(store, ledger, tile),
    signStatement: (text) => signStatement(keys, ledger, text),
    verifierKey: async () => formatVerifierKey((await keys.checkpoint()).verifierKey),
    rotateKey: () => rotateCheckpointKey({ keys, record, publisher, deriveId: admission.deriveId }),
    confirmClock: ({ actor_id, reason }) => clockWatch.confirm({ actor_id, outcome_reason: reason }),
    digest: (text) => hmacSha256Hex(keys.digestKey, `affidavit digest v1\n${text}`),
    async health() {
      const size = (await store.head(ledger))?.size ?? 0
      const published = (await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER))?.size ?? 0
      const failure = publisher.failure()
      return { size, published, room: queue.room(), ...(failure === undefined ? {} : { publish_failure: failure }) }
    },
    close() {
      closing ??= shutDown()
      return closing
    },
    [Symbol.asyncDispose]: () => opened.close(),
  }
  try {
    await startOrResume(opened)
    return opened
  } catch (error) {
    publisher.abandon()
    throw error
  }

  async function startOrResume({ health }: Ledger): Promise<void> {
    if ((await health()).size === 0) {
      await record(await startRecord(keys, parts.start))
      await publisher.publish()
    }
    if ((await keys.pendingRotation()) !== undefined) await opened.rotateKey()
  }
}

/** Records, ids and signatures have the time in whole milliseconds, whatever the clock that was given says. */
function inWholeMillis(clock: Clock): Clock {
  return { now: () => Math.floor(clock.now()), elapsed: () => clock.elapsed() }
}

// What nobody confirmed yet is not sworn to either.
function confirmedClock(clock: Clock, timekeeper: Timekeeper): PublishClock {
  return {
    now: () => timekeeper.now(),
    elapsed: () => clock.elapsed(),
    confirmed() {
      const jump = timekeeper.standing()
      if (jump !== undefined) throw clockJump(jump.expected, jump.found)
      return clock.now()
    },
  }
}

function optionalRecord(entry: StoredEntry | undefined): AuditRecord | undefined {
  return entry === undefined ? undefined : recordOf(entry)
}

function refusedOr(error: unknown): AppendOutcome {
  if (error instanceof LedgerError) return { state: 'refused', error }
  throw error
}
