import { type Command, InvalidArgumentError } from 'commander'

import { archiveRecords } from '../../archive/archive-records.ts'
import { DAYS_AT_HAND } from '../../archive/at-hand.ts'
import { extendLocks } from '../../archive/extend-locks.ts'
import type { LockProof } from '../../archive/object-store.ts'
import { openObjectStore } from '../../archive/open-object-store.ts'
import { restoreRecords } from '../../archive/restore.ts'
import { type ArchivedGroup, type ArchiveStatus, archiveStatus } from '../../archive/status.ts'
import { systemClock } from '../../clock/clock.ts'
import { readAccess } from '../../embedded/access.ts'
import { archiveSetting, makeArchiveFolder, openArchive } from '../../embedded/archive-place.ts'
import { openFolder } from '../../embedded/open.ts'
import { expectVerifier, recordVerification } from '../../embedded/record-verification.ts'
import { writeArchive } from '../../embedded/settings.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { parseSegmentKeys, type SegmentKeyFile } from '../../formats/segment-key-file.ts'
import { countRuns } from '../../formats/seq-runs.ts'
import { expectAllowed } from '../../ledger/reader.ts'
import type { Report } from '../../verify/report.ts'
import { archivingIn } from '../archive-at.ts'
import { exitCodeOfReport } from '../exit-codes.ts'
import { untilInterrupted } from '../interrupted.ts'
import {
  addFilterOptions,
  addReaderOptions,
  type FilterOptions,
  filterOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  pinned,
  placeIn,
  type ReaderOptions,
  readerOf,
  trustOf,
  vkeyOption,
  wholeNumber,
} from '../options.ts'
import { count, counted, jsonDocument, table } from '../output.ts'
import { readInput } from '../read-input.ts'
import { readSet } from '../read-retention.ts'
import { renderReport } from '../render-report.ts'
import type { Surroundings } from '../surroundings.ts'
import { tellOfOtherPlace } from '../tell-of-other-place.ts'
import { verifyArchive, verifyStoreAlone } from '../verify-archive.ts'
import { addArchiveKeys } from './archive-keys.ts'

interface Common extends LedgerOptions {
  readonly json?: boolean
}

interface VerifyOptions extends ReaderOptions {
  readonly ledger?: string
  readonly keys?: string
  readonly store?: string
  readonly segmentKeys?: string
  readonly vkey: readonly string[]
  readonly json?: boolean
}

export function addArchive(program: Command, surroundings: Surroundings): void {
  const archive = program
    .command('archive')
    .description('Keep what is published in write-once storage, sealed and signed; read and verify it there.')
  addUse(archive, surroundings)
  addRun(archive, surroundings)
  addStatus(archive, surroundings)
  addVerify(archive, surroundings)
  addRestore(archive, surroundings)
  addArchiveKeys(archive, surroundings)
}

function addUse(archive: Command, { terminal }: Surroundings): void {
  archive
    .command('use')
    .description(
      'Name the place of the archive: a folder, which is made, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX. Moves nothing.',
    )
    .argument('<place>', 'where it is, or is to be')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(async (given: string, options: Common) => {
      const { home } = placeIn(options)
      // Nothing is made where there is no ledger, or none that opens.
      await (await openFolder(placeIn(options))).close()
      const place = archiveSetting(home, given)
      makeArchiveFolder(place)
      const objects = openObjectStore(place, systemClock)
      const lock = await objects.lockProof()
      await objects.close()
      writeArchive(home, place)
      if (options.json === true) terminal.out(jsonDocument({ path: objects.where, lock }))
      else terminal.err(`archive   ${objects.where}\nlock      ${lockWords(lock)}\n`)
    })
}

function addRun(archive: Command, { terminal }: Surroundings): void {
  archive
    .command('run')
    .description('Archive every record that is published and not archived yet. Interrupted, it goes on next time.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--policy <id>', 'only records that this policy applies to')
    .option(
      '--gather <minutes>',
      'for schedules: begin when something that waits is so old, or fills a segment',
      minutes,
      0,
    )
    .addOption(jsonOption())
    .action(async (options: Common & { readonly policy?: string; readonly gather: number }) => {
      const place = placeIn(options)
      await using ledger = await openFolder(place)
      await ledger.publish()
      const parts = await archivingIn(place.home, ledger, options.policy)
      const segments: { segment: string; records: number; retention_class: string; due_month: string }[] = []
      let archived = 0
      let locks = { extended: 0, short: 0 }
      try {
        await tellOfOtherPlace(parts, terminal)
        for await (const { segment, runs, retention_class, due_month } of untilInterrupted(
          archiveRecords(parts, options.gather * 60_000),
        )) {
          const records = countRuns(runs)
          archived += records
          segments.push({ segment, records, retention_class, due_month })
          terminal.progress(`${counted(archived, 'record')} archived`)
        }
        locks = await extendLocks(parts, readSet(options))
      } finally {
        terminal.endProgress()
        await parts.objects.close()
      }
      const { where: path } = parts.objects
      if (options.json === true)
        terminal.out(jsonDocument(archived === 0 ? { archived } : { archived, path, segments }))
      else terminal.err(`${counted(archived, 'record')} archived in ${counted(segments.length, 'segment')}: ${path}\n`)
      if (locks.extended > 0) terminal.err(`${counted(locks.extended, 'lock')} extended\n`)
      if (locks.short > 0)
        terminal.err(`${counted(locks.short, 'segment')} not locked as long as the minimum: affidavit archive status\n`)
    })
}

function minutes(given: string): number {
  const parsed = Number(given)
  if (/^\d{1,4}$/.test(given) && parsed > 0) return parsed
  throw new InvalidArgumentError('a whole number of minutes from 1 to 9999 was expected')
}

function addStatus(archive: Command, { terminal }: Surroundings): void {
  archive
    .command('status')
    .description('What is archived, what waits, and whether its locks are proven.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(async (options: Common) => {
      const place = placeIn(options)
      await using ledger = await openFolder(place)
      const parts = await archivingIn(place.home, ledger)
      const status = await archiveStatus(parts)
      await parts.objects.close()
      if (options.json === true) terminal.out(jsonDocument(status))
      else terminal.out(wordsOf(status, terminal.width))
    })
}

function wordsOf(status: ArchiveStatus, width: number): string {
  const since = status.waiting_since === undefined ? '' : `, the oldest since ${status.waiting_since}`
  const unpublished = status.unpublished === 0 ? '' : `; ${count(status.unpublished)} not published yet`
  const rows = status.groups.map((group) => [
    `  ${group.retention_class}`,
    group.due_month,
    counted(group.records, 'record'),
    counted(group.segments, 'segment'),
    lockOf(group, status.lock),
  ])
  return [
    `archive   ${status.path}\n`,
    `archived  ${counted(status.archived, 'record')} in ${counted(status.segments, 'segment')}\n`,
    `waiting   ${counted(status.waiting, 'record')}${since}${unpublished}\n`,
    `lock      ${lockWords(status.lock)}\n`,
    ...(status.ended === 0
      ? []
      : [
          `ended     ${counted(status.ended, 'segment')} on which nothing rests any more, until no lock keeps them: affidavit dispose status says when, dispose finish deletes them\n`,
        ]),
    ...status.missing.map((id) => `missing   segment ${id}: affidavit archive verify says more\n`),
    table(rows, width),
  ].join('')
}

function lockOf({ locked_until }: ArchivedGroup, { lock }: LockProof): string {
  if (locked_until === undefined) return 'no lock'
  return lock === 'none' ? `asked to be kept until ${locked_until}` : `locked until ${locked_until}`
}

function lockWords(lock: LockProof): string {
  if (lock.lock === 'compliance') return `proven: ${lock.by}`
  return `not proven: ${lock.because}; nothing is removed from the database for it`
}

function addVerify(archive: Command, { terminal, env, exit }: Surroundings): void {
  const verify = archive
    .command('verify')
    .description(
      'Verify every segment: its bytes, signature and record, and with the keys of the ledger every entry in it. With --store, what lies there, by pinned keys alone.',
    )
    .option('--ledger <dir or url>', 'the archive of this ledger')
    .addOption(keysOption())
    .option('--store <place>', 'an archive without its ledger: a folder, or the URL of a bucket')
    .option('--segment-keys <file>', 'with --store: keys that archive keys wrote, to open these segments too')
    .addOption(vkeyOption())
  addReaderOptions(verify)
    .addOption(jsonOption())
    .action(async (options: VerifyOptions) => {
      const told = { onProgress: (checked: number) => terminal.progress(`${counted(checked, 'segment')} verified`) }
      const report = options.store === undefined ? await ofLedger(options, told) : await ofStore(options, told)
      terminal.endProgress()
      terminal.out(options.json === true ? jsonDocument(report) : renderReport(report, terminal))
      exit(exitCodeOfReport(report))
    })

  async function ofLedger(options: VerifyOptions, told: Parameters<typeof verifyArchive>[3]): Promise<Report> {
    const ledger = options.ledger ?? env.AFFIDAVIT_LEDGER
    if (ledger === undefined) throw usage('name what to verify: --ledger PLACE, or --store PLACE with --vkey KEY')
    if (options.segmentKeys !== undefined)
      throw usage('--segment-keys says nothing without --store: a ledger has its keys')
    const place = placeIn({ ...options, ledger })
    const reader = readerOf(options, env)
    expectVerifier(place, reader)
    const report = await verified()
    await recordVerification(place, report, reader)
    return report

    async function verified(): Promise<Report> {
      await using opened = await openFolder(place)
      const objects = openArchive(place.home)
      try {
        return await verifyArchive(opened.archival, objects, trustOf(options.vkey), told)
      } finally {
        await objects.close()
      }
    }
  }

  async function ofStore(options: VerifyOptions, told: Parameters<typeof verifyArchive>[3]): Promise<Report> {
    if (options.ledger !== undefined)
      throw usage('--store says nothing with --ledger, whose archive is in its settings')
    if (options.vkey.length === 0) throw usage('--store needs --vkey KEY: nothing else says whom to trust')
    const objects = openObjectStore(options.store ?? '', systemClock)
    try {
      return await verifyStoreAlone(objects, pinned(options.vkey), keysIn(options.segmentKeys), told)
    } finally {
      await objects.close()
    }
  }
}

function keysIn(file: string | undefined): SegmentKeyFile | undefined {
  if (file === undefined) return undefined
  const read = parseSegmentKeys(readInput('--segment-keys', file))
  if (!('problem' in read)) return read
  throw usage(`--segment-keys: ${file}: ${read.problem}; affidavit archive keys writes one`)
}

function addRestore(archive: Command, { terminal, env }: Surroundings): void {
  const restore = addFilterOptions(
    archive
      .command('restore')
      .description('Bring archived records back into the database, byte for byte; on record. Reading needs no restore.')
      .addOption(ledgerOption())
      .addOption(keysOption())
      .option('--for <days>', 'how long retention run leaves them in the database then', wholeNumber(1), DAYS_AT_HAND),
  )
  addReaderOptions(restore, 'restores them')
    .addOption(jsonOption())
    .action(async (options: Common & ReaderOptions & FilterOptions & { readonly for: number }) => {
      const place = placeIn(options)
      const by = readerOf(options, env)
      expectAllowed(readAccess(place.home), by, 'archive')
      const filter = filterOf(options)
      if (Object.keys(filter).length === 0)
        throw usage('name what to restore: --conversation ID, or --from-seq N --until-seq M')
      await using ledger = await openFolder(place)
      const wanted = await ledger.recordedFilter(filter)
      let restored = 0
      for await (const some of untilInterrupted(restoreRecords(ledger.archival, wanted, by, options.for))) {
        restored += some
        terminal.progress(`${counted(restored, 'record')} restored`)
      }
      terminal.endProgress()
      if (options.json === true) terminal.out(jsonDocument({ restored }))
      else
        terminal.err(
          `${counted(restored, 'record')} restored${restored === 0 ? '' : `, for ${counted(options.for, 'day')}`}\n`,
        )
    })
}

function usage(problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem,
    cure: 'affidavit archive --help, or one of its commands with --help',
  })
}
