// Opening a ledger: the parts of it, in its home folder and in its database, wired together.

import type { AccessPolicy } from '../access/policy.ts'
import { createArchiveDeletion } from '../archive/delete-segment.ts'
import type { ObjectStore } from '../archive/object-store.ts'
import { createArchiveReader, type ReaderParts } from '../archive/reader.ts'
import { rewriteSegment } from '../archive/rewrite-segment.ts'
import type { DetectorParts } from '../classify/detect-with.ts'
import type { Detector } from '../classify/detector.ts'
import { type Alarm, systemAlarm } from '../clock/alarm.ts'
import { type Clock, systemClock } from '../clock/clock.ts'
import type { TimeSource } from '../clock/time-source.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import { fileKeys } from '../keys/file.ts'
import type { ArchiveReader } from '../ledger/archive-reader.ts'
import { type CheckpointFile, checkpointFile } from '../ledger/checkpoint-file.ts'
import { dispositionFiles } from '../ledger/disposition-files.ts'
import type { LedgerKeys } from '../ledger/keys.ts'
import { createLedger, type Ledger, type LedgerParts } from '../ledger/ledger.ts'
import type { Previous, Start } from '../ledger/own-records.ts'
import { wholeNote } from '../ledger/prove.ts'
import { DEFAULT_SCHEDULE, type PublishSchedule } from '../ledger/publisher.ts'
import { recordOf } from '../ledger/read.ts'
import type { ReplayWord } from '../ledger/replay-dispositions.ts'
import type { LedgerStore } from '../ledger/store.ts'
import type { Registry } from '../registry/registry.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { timeSource } from '../time-sources/time-source.ts'
import type { Keyring } from '../vault/keyring.ts'
import { readAccess } from './access.ts'
import { openArchive } from './archive-place.ts'
import { checkDetectors } from './check-detectors.ts'
import { type AnchorPlace, keysFolder, readAnchor } from './folder.ts'
import { openFolderKeyring } from './keyring.ts'
import { type Place, placeAt } from './place.ts'
import { readRetention } from './retention.ts'
import { readSettings } from './settings.ts'
import { noLedgerAt, openStore } from './store.ts'

export interface OpenOptions {
  /** The application's own actions, from defineActions. */
  readonly actions?: ApplicationActions
  /** What tools touch, and which ids are personal. */
  readonly registry?: Registry
  /** Detectors of one's own, which are asked about every draft before it is recorded (spec/detection.md §10). */
  readonly detectors?: readonly Detector[]
  /** How long a detector may take for one text before the text counts as not looked at. */
  readonly detectorPatienceMillis?: number
  /** Who may do what; `access.yaml` or `access.json` in the folder where left out. */
  readonly access?: AccessPolicy
  /** How long records are kept; `retention.yaml` or `retention.json` in the folder where left out, else the built-in policies. */
  readonly retention?: PolicySet
  readonly clock?: Clock
  /** Where it is archived, and read from what left the database: a store, which the caller closes, or a place as `archive use` takes it; that of the settings where left out. */
  readonly archive?: ObjectStore | string
  /** Asked before anything is destroyed; the one that the retention policies name where left out. */
  readonly timeSource?: TimeSource
  /** Drafts that may wait for their commit; beyond, `queue-full`. */
  readonly queueCapacity?: number
  /** How long a batch waits for other writers before `not-committed`. */
  readonly patienceMillis?: number
  readonly publish?: Partial<PublishSchedule>
}

/** What stands in for a part of the folder. */
export interface PartOptions {
  readonly store?: LedgerStore
  /** Reads what left the database. */
  readonly archiveReader?: ArchiveReader
  readonly keys?: LedgerKeys
  readonly keyring?: Keyring
  readonly alarm?: Alarm
  /** What is said of records that were destroyed and came back with a backup. */
  readonly replay?: ReplayWord
}

/** An agent waits for it before each step. */
const DETECTOR_PATIENCE = 2_000

/**
 * Opens the newest ledger at a place.
 * @throws LedgerError `not-a-ledger`, `invalid-query` (detectors without names of their own; a place that is none), `missing-anchor`, `rolled-back`, `forked`, `missing-key`, `wrong-key`, and what the store throws
 */
export async function openFolder(where: string | Place, options: OpenOptions & PartOptions = {}): Promise<Ledger> {
  const place = placeAt(where)
  const folder = place.home
  checkDetectors(options.detectors ?? [], options.detectorPatienceMillis ?? DETECTOR_PATIENCE)
  const store = options.store ?? (await openStore(place))
  let keyring = options.keyring
  try {
    const ledgers = await store.ledgers()
    const ledger = ledgers.at(-1)
    if (ledger === undefined) throw noLedgerAt(place)
    const anchor = readAnchor(folder)
    await checkAnchor(store, ledger, anchor, folder)
    const outside = checkpointFile(anchor.folder)
    keyring ??= await openFolderKeyring(folder, ledger, 'open')
    return await createLedger({
      store,
      ...withArchive(folder, { ledger, keyring }, options),
      ledger,
      keys: options.keys ?? fileKeys(keysFolder(folder), ledger),
      keyring,
      ...(options.registry === undefined ? {} : { registry: options.registry }),
      ...withAccess(folder, options.access),
      ...withRetention(folder, options),
      ...withDetectors(options),
      outside,
      dispositionFiles: dispositionFiles(anchor.folder),
      ...(options.replay === undefined ? {} : { replay: options.replay }),
      clock: options.clock ?? systemClock,
      actions: options.actions ?? {},
      queueCapacity: options.queueCapacity ?? 10_000,
      patienceMillis: options.patienceMillis ?? 10_000,
      publish: { ...DEFAULT_SCHEDULE, ...options.publish },
      start: {
        checkpoint_log: KNOWN_PLACES[anchor.kind],
        keyring: placeOfKeyring(folder),
        ...(await startOf(store, outside, ledgers.at(-2))),
      },
    })
  } catch (error) {
    await Promise.all([store.close(), keyring?.close()])
    throw error
  }
}

function withArchive(
  folder: string,
  parts: Omit<ReaderParts, 'objects'>,
  { archive, archiveReader, clock }: OpenOptions & PartOptions,
): Pick<LedgerParts, 'archive' | 'archiveEnding'> {
  if (archiveReader !== undefined) return { archive: archiveReader }
  // Nothing is asked of the store before something of it is read.
  if (archive === undefined && readSettings(folder).archive === undefined) return {}
  const objects = typeof archive === 'object' ? archive : openArchive(folder, clock, archive)
  return {
    archive: createArchiveReader({ ...parts, objects }),
    archiveEnding: (archival, options) => ({
      ...createArchiveDeletion(objects, parts.ledger),
      rewrite: (segment) => rewriteSegment({ ...archival, objects }, options, segment),
    }),
  }
}

function withAccess(folder: string, given: AccessPolicy | undefined): { readonly access?: AccessPolicy } {
  const access = given ?? readAccess(folder)
  return access === undefined ? {} : { access }
}

function withRetention(
  folder: string,
  given: OpenOptions,
): { readonly retention?: PolicySet; readonly timeSource?: TimeSource } {
  const retention = given.retention ?? readRetention(folder)
  const url = retention?.time_source
  const source = given.timeSource ?? (url === undefined ? undefined : timeSource(url, given.clock ?? systemClock))
  return {
    ...(retention === undefined ? {} : { retention }),
    ...(source === undefined ? {} : { timeSource: source }),
  }
}

function withDetectors({
  detectors = [],
  detectorPatienceMillis = DETECTOR_PATIENCE,
  alarm = systemAlarm,
}: OpenOptions & PartOptions): { readonly detectors?: DetectorParts } {
  return detectors.length === 0 ? {} : { detectors: { detectors, patienceMillis: detectorPatienceMillis, alarm } }
}

function placeOfKeyring(folder: string): Start['keyring'] {
  return readSettings(folder).keyring === undefined ? 'same folder' : 'elsewhere'
}

const KNOWN_PLACES = { 'same directory': 'same folder', 'own directory': 'elsewhere' } as const

// Without its settings a ledger would begin a checkpoint log anew, in its own folder, and what was released be forgotten.
async function checkAnchor(store: LedgerStore, ledger: string, anchor: AnchorPlace, folder: string): Promise<void> {
  const [start] = await store.entries(ledger, { until_seq: 1 }, { limit: 1, order: 'ascending' })
  if (start === undefined || anchor.kind === 'own directory') return
  if (recordOf(start).details?.checkpoint_log !== 'elsewhere') return
  throw new LedgerError('missing-anchor', {
    problem: `the checkpoint log of ${ledger} is kept elsewhere, and ${folder} does not say where`,
    cure: 'bring affidavit.json back: {"anchor": "/absolute/folder"}, as init --anchor was told',
  })
}

// A ledger that is not the first in its database follows the one before, which came back from a backup: also where a crash
// kept its first record from being written.
async function startOf(
  store: LedgerStore,
  outside: CheckpointFile,
  previous_ledger: string | undefined,
): Promise<Previous> {
  if (previous_ledger === undefined) return { kind: 'new' }
  const last = await store.latestCheckpoint(previous_ledger, Number.MAX_SAFE_INTEGER)
  if (last === undefined) return { kind: 'new' }
  const start = { kind: 'after-restore', previous_ledger, previous_checkpoint: wholeNote(last) } as const
  const lost = (await outside.newest(previous_ledger)).filter(({ size }) => size > last.size).at(-1)
  return lost === undefined ? start : { ...start, lost_checkpoint: lost.note }
}
