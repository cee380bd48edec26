// Exports that are made while nobody waits (spec/http.md §6): a folder each, for whoever asked, until a day after it is done.

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, mkdtempSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Principal } from '../access/principal.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import { type ExportRequest, exportLedger } from '../evidence/export.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { isOurs, type Problem, problemOf, RequestFault } from './problem.ts'

export interface ExportFile {
  /** With `/`, as the folder has it. */
  readonly path: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

export type ExportState =
  | { readonly state: 'running' }
  | { readonly state: 'failed'; readonly error: Problem }
  | { readonly state: 'done'; readonly files: readonly ExportFile[]; readonly deleted_at: string }

export type ExportJob = ExportState & {
  readonly id: string
  /** Written so far, of how many there can be. */
  readonly records: number
  readonly of: number
}

export interface ExportJobs {
  /** @throws RequestFault `rate-limited` where too many are made, or kept */
  start(principal: Principal, ledger: Ledger, order: ExportOrder): Promise<ExportJob>
  /** `undefined` where there is none of this id for this credential, or none any more. */
  find(principal: Principal, id: string): Promise<ExportJob | undefined>
  /** Where a file of a job lies; `undefined` where it has none of this path. */
  file(principal: Principal, id: string, path: string): Promise<(ExportFile & { readonly place: string }) | undefined>
  /** Stops it where it runs, and deletes it. Whether there was one. */
  remove(principal: Principal, id: string): Promise<boolean>
  /** Deletes those whose time is over. */
  sweep(): Promise<void>
  /** Stops and deletes all. */
  close(): Promise<void>
}

export type ExportOrder = Pick<ExportRequest, 'filter' | 'requester' | 'reason' | 'timeZone'>

const AT_ONCE = 2
const KEPT = 20
const KEPT_MILLIS = 86_400_000

interface Job {
  readonly id: string
  readonly credential_id: string
  readonly ledger: string
  readonly folder: string
  readonly stop: AbortController
  readonly made: Promise<void>
  state: ExportState
  records: number
  of: number
  /** By the clock that only runs forward; nothing while it runs. */
  endsAt: number | undefined
}

/** @param tell told of what nobody foresaw */
export function createExportJobs(clock: Clock, tell: (bug: unknown) => void): ExportJobs {
  const jobs = new Map<string, Job>()

  function begin({ credential_id }: Principal, ledger: Ledger, order: ExportOrder, folder: string): Job {
    const stop = new AbortController()
    const job: { -readonly [name in keyof Job]: Job[name] } = {
      ...{ id: randomUUID(), credential_id, ledger: ledger.origin, folder, stop },
      ...{ state: { state: 'running' }, records: 0, of: 0, endsAt: undefined, made: Promise.resolve() },
    }
    job.made = make(job, ledger, order)
    return job
  }

  async function make(job: Job, ledger: Ledger, order: ExportOrder): Promise<void> {
    const onProgress = (records: number, of: number): void => void Object.assign(job, { records, of })
    try {
      const out = join(job.folder, 'export')
      await exportLedger(ledger, { ...order, out, onProgress, signal: job.stop.signal })
      const files = await filesIn(out)
      job.state = { state: 'done', files, deleted_at: formatTimestamp(clock.now() + KEPT_MILLIS) }
    } catch (error) {
      if (isOurs(error) && !job.stop.signal.aborted) tell(error)
      job.state = { state: 'failed', error: problemOf(error) }
    }
    job.endsAt = clock.elapsed() + KEPT_MILLIS
  }

  async function found({ credential_id, ledger }: Principal, id: string): Promise<Job | undefined> {
    await sweep()
    const job = jobs.get(id)
    return job?.credential_id === credential_id && job.ledger === ledger ? job : undefined
  }

  async function end(job: Job): Promise<void> {
    jobs.delete(job.id)
    job.stop.abort(new Error('the export was deleted'))
    await job.made
    await rm(job.folder, { recursive: true, force: true })
  }

  async function sweep(): Promise<void> {
    const now = clock.elapsed()
    await Promise.all([...jobs.values()].filter(({ endsAt = now + 1 }) => endsAt <= now).map(end))
  }

  return {
    async start(principal, ledger, order) {
      await sweep()
      // Of each ledger: nobody learns of another by what room there is, or takes it from them.
      expectRoom([...jobs.values()].filter((job) => job.ledger === ledger.origin))
      // Nothing is awaited in between: several that come at once are counted.
      const folder = mkdtempSync(join(tmpdir(), 'affidavit-export-'))
      const job = begin(principal, ledger, order, folder)
      jobs.set(job.id, job)
      return shown(job)
    },
    async find(principal, id) {
      const job = await found(principal, id)
      return job === undefined ? undefined : shown(job)
    },
    async file(principal, id, path) {
      const job = await found(principal, id)
      if (job?.state.state !== 'done') return undefined
      const file = job.state.files.find((one) => one.path === path)
      return file === undefined ? undefined : { ...file, place: join(job.folder, 'export', path) }
    },
    async remove(principal, id) {
      const job = await found(principal, id)
      if (job !== undefined) await end(job)
      return job !== undefined
    },
    sweep,
    async close() {
      await Promise.all([...jobs.values()].map(end))
    },
  }
}

function shown({ id, records, of, state }: Job): ExportJob {
  return { id, records, of, ...state }
}

function expectRoom(jobs: readonly Job[]): void {
  const running = jobs.filter(({ state }) => state.state === 'running').length
  if (running >= AT_ONCE) throw tooMany(`${running} exports are being made`, 'wait until one of them is done')
  if (jobs.length >= KEPT) throw tooMany(`${jobs.length} exports are kept`, 'DELETE those that were fetched')
}

function tooMany(problem: string, cure: string): RequestFault {
  return new RequestFault('rate-limited', problem, { cure, retryAfter: 60 })
}

async function filesIn(folder: string): Promise<readonly ExportFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const places = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files: ExportFile[] = []
  for (const place of places.sort()) {
    const path = place.slice(folder.length + 1).replaceAll('\\', '/')
    files.push({ path, bytes: (await stat(place)).size, sha256: await sha256Of(place) })
  }
  return files
}

async function sha256Of(place: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const piece of createReadStream(place)) digest.update(piece)
  return digest.digest('hex')
}
