// The ledger: wiring of admission, queue, store, publication and reading. Each of these lives in a file of its own.

import type { KeyObject } from 'node:crypto'
import type { AccessPolicy } from '../access/policy.ts'
import type { DetectorParts } from '../classify/detect-with.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import type { TimeSource } from '../clock/time-source.ts'
import { createRandomSource } from '../crypto/random.ts'
import { type Hash, hmacSha256Hex } from '../crypto/sha256.ts'
import type { LedgerError } from '../errors/ledger-error.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { HashTile } from '../merkle/tile.ts'
import { DEFAULT_PERSONAL_IDS } from '../registry/read-personal-ids.ts'
import type { Registry } from '../registry/registry.ts'
import { builtInSet, type PolicySet } from '../retention/policy-set.ts'
import type { Keyring } from '../vault/keyring.ts'
import { createAdmission } from './admit.ts'
import { appendMany } from './append-many.ts'
import type { Archival } from './archival.ts'
import type { ArchiveReader } from './archive-reader.ts'
import { carryHolds } from './carry-holds.ts'
import { checkKeys } from './check-keys.ts'
import type { CheckpointFile } from './checkpoint-file.ts'
import { readCheckpoints } from './checkpoints.ts'
import { createClockWatch } from './clock-watch.ts'
import { confirmedClock, inWholeMillis } from './confirmed-clock.ts'
import { proveConsistency } from './consistency.ts'
import { createDisposing, type Dispositions } from './dispose.ts'
import type { DispositionFiles } from './disposition-files.ts'
import { dispositionNotes } from './disposition-notes.ts'
import type { ArchiveEnding, EndingOptions } from './end-archived.ts'
import { createEqualBodies } from './equal-bodies.ts'
import { createErasing, type Erasures } from './erase.ts'
import { createFind } from './find.ts'
import { Refusal } from './hand-over.ts'
import { type Health, healthOf } from './health.ts'
import { createHolding, type Holding } from './hold.ts'
import { createJudging } from './judge-records.ts'
import type { LedgerKeys } from './keys.ts'
import { createKeysAtHand } from './keys-at-hand.ts'
import type { Operator } from './operator.ts'
import { conflictRecord, idConflict, ledgerClosed, type Start, startRecord } from './own-records.ts'
import { createPlacing, type Settled } from './place.ts'
import { policiesInForce, recordPolicies } from './policies.ts'
import { createProver } from './prove.ts'
import { createPublisher, type PublishSchedule } from './publisher.ts'
import { createQueue, queueFull } from './queue.ts'
import { findEntry, optionalRecord, recordOf, type SearchOptions } from './read.ts'
import { readThrough } from './read-through.ts'
import type { Reader } from './reader.ts'
import { createReading, type Reading } from './reading.ts'
import { recover } from './recover.ts'
import { type ReplayWord, replayDispositions } from './replay-dispositions.ts'
import { rotateCheckpointKey } from './rotate.ts'
import { type KeyringRotated, recordKeyring, rotateKeyring } from './rotate-keyring.ts'
import { scopesOf } from './scopes.ts'
import { createSpoolable, type Spoolable } from './spoolable.ts'
import { createSpooling, type Spooling } from './spooling.ts'
import { signStatement } from './statement.ts'
import type { EntryFilter, LedgerStore, Placed, PreparedDraft, StoredCheckpoint, StoredEntry } from './store.ts'
import { readTile } from './tiles.ts'
import { createTimekeeper } from './timekeeper.ts'
import { recordedFilter } from './translate-filter.ts'
import { timeAsFarAsKnown, timeToCountFrom, timeToDestroy } from './trusted-time.ts'
import { unusedKeys } from './unused-keys.ts'
import { type VersionAction, type VersionInForce, versionInForce } from './version-in-force.ts'
import { type Seen, withinScope } from './within-scope.ts'

/** What an append resolves to: the record is durable, and this is its place. */
export interface Appended {
  readonly id: string
  readonly seq: number
  readonly integrity_hash: string
  readonly recorded_at: string
  /** `duplicate`: the same draft was recorded before, and this is that record. */
  readonly state: 'recorded' | 'duplicate'
  /** `not compared`: the record with this id stands, and a key is destroyed that would tell whether it is this draft's. */
  readonly duplicate?: 'not compared'
}

/** What becomes of one draft of appendMany. */
export type AppendOutcome = Appended | { readonly state: 'refused'; readonly error: LedgerError }

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
  /** Reads in somebody's name: every read is on record before it is answered. */
  as(reader: Reader, seen?: Seen): Reading
  /** Places legal holds and releases them, in somebody's name (spec/holds.md). */
  holding(by: Reader, judged?: Pick<Seen, 'policy'>): Holding
  /** The record with this id. */
  get(id: string): Promise<AuditRecord | undefined>
  at(seq: number): Promise<AuditRecord | undefined>
  search(filter?: EntryFilter, options?: SearchOptions): AsyncGenerator<AuditRecord>
  /** Entries as stored, for exports and proofs: the exact bytes. */
  entries(filter?: EntryFilter, options?: SearchOptions): AsyncGenerator<StoredEntry>
  /**
   * The filter with tokens for persons, to be written down.
   * @throws LedgerError `not-found` where an id in it finds nothing, `invalid-query`
   */
  recordedFilter(filter: EntryFilter): Promise<EntryFilter>
  /** The C2SP proof file of a record, by id or seq; publishes first where no checkpoint covers it. */
  prove(which: string | number): Promise<string>
  /** Publishes a checkpoint of everything recorded; the newest one where nothing is new. */
  publish(): Promise<StoredCheckpoint>
  /** The newest that is kept. */
  newestCheckpoint(): Promise<StoredCheckpoint | undefined>
  /** Hashes of the RFC 6962 proof that the first `to` entries continue the first `from`, which is at least 1. @throws RangeError where none does */
  consistency(from: number, to: number): Promise<readonly Hash[]>
  /** Kept checkpoints with sizes above `after`, ascending. */
  checkpoints(after?: number): AsyncGenerator<StoredCheckpoint>
  /** The bytes of a hash tile (C2SP tlog-tiles). @throws LedgerError `not-found` beyond the tree */
  tile(tile: HashTile): Promise<Uint8Array>
  /** A signed note by the checkpoint key over a text that is no checkpoint. @throws LedgerError `invalid-statement` */
  signStatement(text: string): Promise<string>
  /** The verifier key (C2SP vkey) that signs checkpoints now. */
  verifierKey(): Promise<string>
  /**
   * Replaces the key that signs checkpoints, on record; `by` stands there as who did. Crash-safe: a rotation that was begun is finished at the
   * next opening.
   */
  rotateKey(by?: Operator): Promise<{ readonly verifierKey: string; readonly checkpoint: StoredCheckpoint }>
  /**
   * Gives the keyring a new key-encryption key, and destroys the one before: earlier copies of the keyring open no more. It is
   * put on record, with `by` as who did; where a crash keeps it from that, the next opening does, and knows nobody.
   */
  rotateKeyring(by?: Operator): Promise<KeyringRotated>
  /** Accepts a wall clock that jumped forward by more than a day, and records who did. */
  confirmClock(by: { readonly actor_id: string; readonly reason: string }): Promise<void>
  /** Plans, carries out and finishes erasures (spec/erasure.md). */
  readonly erasures: Erasures
  /** What an archive is written from. */
  readonly archival: Archival
  /** Plans, carries out and finishes dispositions (spec/disposition.md). */
  readonly dispositions: Dispositions
  /** Whether a record has this id: what a caller would learn by appending it once more. */
  isRecorded(id: string): Promise<boolean>
  /**
   * A draft as it may wait on disk: checked, out of its caller's hands, and without what may not be kept even sealed.
   * @throws LedgerError `invalid-draft`, `draft-too-large`
   */
  spoolable(draft: Draft): Promise<Spoolable>
  /** Seals what waits on disk. */
  readonly spooling: Spooling
  /** An id that the same words always give (UUIDv8): what is derived twice is recorded once. */
  deriveId(...words: readonly string[]): string
  /** The version of an agent's prompt or model that was announced last. */
  versionInForce(action: VersionAction, agent_name: string): Promise<VersionInForce | undefined>
  /** What tools touch; absent where the ledger was opened without. */
  readonly registry: Registry | undefined
  /** How long records are kept. */
  readonly retention: PolicySet
  /** What whoever writes from elsewhere needs: the key of digests and of what waits on disk, and the application's own actions. */
  readonly writing: { readonly digestKey: KeyObject; readonly actions: ApplicationActions }
  /** A keyed digest (HMAC-SHA-256, hex) under the ledger's key: versions of prompts, arguments; never their text. */
  digest(text: string): string
  health(): Promise<Health>
  /** Resolves where an append could be committed now: a transaction was, which changes nothing. @throws LedgerError what keeps it from that */
  canCommit(): Promise<void>
  /** Takes no more, waits for what was taken, publishes, and lets go. */
  close(): Promise<void>
}

export interface LedgerParts {
  readonly store: LedgerStore
  /** Where what left the database is read; what is archived is refused where it is left out. */
  readonly archive?: ArchiveReader
  /** What takes segments out of the archive; nothing there goes where it is left out. */
  readonly archiveEnding?: (archival: Archival, options: EndingOptions) => ArchiveEnding
  readonly ledger: string
  readonly keys: LedgerKeys
  readonly keyring: Keyring
  /** What tools touch, and which ids are personal; what is left out there holds where there is none. */
  readonly registry?: Registry
  /** Detectors of one's own. */
  readonly detectors?: DetectorParts
  /** Who may do what. */
  readonly access?: AccessPolicy
  /** How long records are kept; the built-in policies where left out. */
  readonly retention?: PolicySet
  readonly outside: CheckpointFile
  /** Papers of dispositions, beside the checkpoint log. */
  readonly dispositionFiles: DispositionFiles
  /** Of what came back with a backup. */
  readonly replay?: ReplayWord
  readonly clock: Clock
  /** Asked before anything is destroyed; nothing is where it is left out. */
  readonly timeSource?: TimeSource
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
  const { store: rows, ledger, keys, keyring, outside } = parts
  const store = readThrough(rows, parts.archive)
  const clock = inWholeMillis(parts.clock)
  const publishing = { store: rows, ledger, keys, outside }
  // In this order: a database that was rolled back may name older keys.
  const checked = await recover(publishing)
  await checkKeys(rows, ledger, keys)
  const keysAtHand = await createKeysAtHand(keyring)
  // What the ledger records about itself waits for no key.
  await keysAtHand.fetch({ personal: [], scopes: scopesOf({ timestamp: formatTimestamp(clock.now()) }) })
  const personal_ids = parts.registry?.personal_ids ?? DEFAULT_PERSONAL_IDS
  const equalBodies = createEqualBodies(store, ledger)
  const admission = createAdmission({
    store,
    ledger,
    keyring,
    keys: keysAtHand,
    equalBodies,
    personal_ids,
    ...(parts.registry === undefined ? {} : { registry: parts.registry }),
    ...(parts.detectors === undefined ? {} : { detectors: parts.detectors }),
    actions: parts.actions,
    clock,
  })
  const { deriveId } = admission
  const timekeeper = createTimekeeper(clock)
  const confirmed = confirmedClock(clock, timekeeper)
  const publisher = createPublisher(publishing, checked, confirmed, parts.publish)
  const { publish } = publisher
  const queue = createQueue(commit, parts.queueCapacity)
  const sign = (text: string): Promise<string> => signStatement(keys, ledger, text)
  const find = createFind({ store, ledger, keyring })
  const prove = createProver({ store: rows, ledger, publish })
  const random = createRandomSource()
  const retention = parts.retention ?? builtInSet()
  const erasing = createErasing({
    ...{ store, ledger, keyring, keysAtHand, admission, queue, clock, random, retention, sign },
    time: () => timeAsFarAsKnown(clock, confirmed, parts.timeSource),
    unusedKeys: () => unusedKeys({ rows, ledger, keyring, isArchived: parts.archive !== undefined }),
  })
  const rotatingKeyring = { store, ledger, keyring, erasing, record, deriveId }
  const recordJudged: Archival['recordJudged'] = (draft, size) => placing.placeJudged(admission.admitOwn(draft), size)
  const inside = { rows, store, ledger, keyring, sign, record, recordJudged }
  const archival: Archival = {
    ...{ ...inside, deriveId },
    now: () => timekeeper.now(),
    timeToLeave: () => timeAsFarAsKnown(clock, confirmed, parts.timeSource),
  }
  const archive = parts.archiveEnding?.(archival, { set: retention, publish })
  const [notes, files] = [dispositionNotes(keyring), parts.dispositionFiles]
  const dispositions = createDisposing({
    ...{ ...inside, notes, files, clock, random, archive },
    turnOver: (without) => rotateKeyring(rotatingKeyring, undefined, without),
    time: () => timeToDestroy(clock, confirmed, parts.timeSource),
    timeToCountFrom: () => timeToCountFrom(clock, confirmed, parts.timeSource),
    ...{ judging: createJudging(store, ledger, retention), deriveId, publish },
    endUnusedKeys: () => erasing.endUnusedKeys(),
  })
  const placing = createPlacing({ store, ledger, queue, renew: erasing.renew })
  const clockWatch = createClockWatch(timekeeper, admission, placing)
  let closing: Promise<void> | undefined

  async function commit(drafts: readonly PreparedDraft[], more: 'more' | 'last'): Promise<readonly Placed[]> {
    const batch = { ledger, drafts, at: timekeeper.now(), patienceMillis: parts.patienceMillis }
    const committed = store.commit(more === 'more' ? { ...batch, followedBy: 'another' } : batch)
    committed.catch(equalBodies.refused)
    const placed = await committed
    equalBodies.committed(drafts, placed)
    publisher.appended(placed.filter(({ state }) => state === 'recorded').length)
    return placed
  }

  // What the ledger records about itself goes the same way as everything else: admitted, placed, committed.
  function record(draft: Draft): Promise<Settled> {
    return placing.place(admission.admitOwn(draft), 'ledger')
  }

  // A draft that is refused for its recipient leaves a record before its answer, and nothing else.
  async function recordRefusal(error: unknown): Promise<never> {
    if (!(error instanceof Refusal)) throw error
    await record(error.record)
    throw error.answer
  }

  async function append(draft: Draft): Promise<Appended> {
    if (closing !== undefined) throw ledgerClosed()
    const admitted = admission.admit(draft)
    if (placing.room() < 1) throw queueFull(parts.queueCapacity)
    clockWatch.look()
    const settled = await placing.place(admitted, 'caller').catch(recordRefusal)
    const { id } = admitted
    if (settled.state === 'recorded') return { id, ...settled }
    if (settled.state === 'duplicate') {
      const { compared, ...duplicate } = settled
      return compared ? { id, ...duplicate } : { id, ...duplicate, duplicate: 'not compared' }
    }
    const { seq, refused_commitment: draft_commitment } = settled
    await record(conflictRecord(admission, { id, draft_commitment }, seq))
    throw idConflict(id, seq)
  }

  async function shutDown(): Promise<void> {
    await Promise.all([placing.settled(), erasing.idle()])
    const [recorded] = await Promise.allSettled([clockWatch.settle()])
    try {
      await publisher.stop()
    } finally {
      await Promise.all([store.close(), keyring.close()])
    }
    if (recorded.status === 'rejected') throw recorded.reason
  }

  const reading = { store, rows, ledger, keyring, now: clock.now, find, record, prove }
  const opened: Ledger = {
    origin: ledger,
    append,
    appendMany: (drafts) => appendMany(drafts, { append, placing }),
    as: (reader, { policy = parts.access, scope } = {}) =>
      createReading(withinScope({ ...reading, policy }, scope), reader),
    holding: (by, { policy = parts.access } = {}) =>
      createHolding({ store, rows, ledger, keyring, policy, clock, record, deriveId }, by),
    get: async (id) => optionalRecord(await findEntry(store, ledger, id)),
    at: async (seq) => optionalRecord(await findEntry(store, ledger, seq)),
    async *search(filter = {}, options = {}) {
      for await (const entry of find(filter, options)) yield recordOf(entry)
    },
    entries: (filter = {}, options = {}) => find(filter, options),
    recordedFilter: (filter) =>
      recordedFilter(keyring, filter, async (one) => {
        return (await rows.entries(ledger, one, { limit: 1, order: 'ascending' })).length > 0
      }),
    prove,
    publish,
    newestCheckpoint: () => store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER),
    consistency: (from, to) => proveConsistency(store, ledger, from, to),
    checkpoints: (after = -1) => readCheckpoints(store, ledger, after),
    tile: (tile) => readTile(store, ledger, tile),
    signStatement: sign,
    erasures: erasing,
    archival,
    dispositions,
    verifierKey: async () => formatVerifierKey((await keys.checkpoint()).verifierKey),
    rotateKey: (operator) => rotateCheckpointKey({ keys, record, publisher, deriveId, operator }),
    rotateKeyring: (operator) => rotateKeyring(rotatingKeyring, operator),
    confirmClock: ({ actor_id, reason }) => clockWatch.confirm({ actor_id, outcome_reason: reason }),
    isRecorded: async (id) => (await findEntry(rows, ledger, id)) !== undefined,
    spoolable: createSpoolable({ actions: parts.actions, clock, random }),
    spooling: createSpooling(ledger, keys, random),
    deriveId: (...words) => deriveId('caller', ...words),
    versionInForce: (action, agent) => versionInForce({ store, ledger, keyring, find }, action, agent),
    registry: parts.registry,
    retention,
    writing: { digestKey: keys.digestKey, actions: parts.actions },
    digest: (text) => hmacSha256Hex(keys.digestKey, `affidavit digest v1\n${text}`),
    health: () => healthOf({ store, ledger, room: placing.room(), publishFailure: publisher.failure() }),
    async canCommit() {
      if (closing !== undefined) throw ledgerClosed()
      await store.proveCommit(ledger)
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
      await record(await startRecord(keys, parts.start, keysAtHand.generation()))
      await publisher.publish()
    }
    if ((await keys.pendingRotation()) !== undefined) await opened.rotateKey()
    // Before anything is destroyed in this incarnation.
    await carryHolds({ store, ledger, record })
    // Finishes erasures that were decided, too: they may have turned the keyring over.
    await recordKeyring(rotatingKeyring)
    await replayDispositions({
      ...{ rows, ledger, notes, files, record, deriveId, publish: () => publisher.publish() },
      ...(parts.replay === undefined ? {} : { word: parts.replay }),
    })
    await recordPolicies({ store, ledger, record, deriveId }, policiesInForce(parts))
  }
}
