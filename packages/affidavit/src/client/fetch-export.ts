// An export that a server makes, fetched into a folder (spec/http.md §6): each file is what the server says of it, or there is no folder.

import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import type { Alarm } from '../clock/alarm.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { unreadable } from './ask.ts'
import type { Evidence } from './evidence.ts'
import type { Exchange } from './exchange.ts'
import { countIn, isObject, type Members, textIn } from './members.ts'

export interface ExportAsked {
  /** A folder that is not there yet. */
  readonly out: string
  readonly filter?: EntryFilter
  readonly requester?: string
  readonly reason?: string
  readonly timeZone?: string
  readonly onProgress?: (records: number, of: number) => void
}

export interface FetchingParts extends Evidence {
  readonly exchange: Exchange
  readonly alarm: Alarm
  readonly headers: Readonly<Record<string, string>>
  readonly patienceMillis: number
}

const EVERY_MILLIS = 300

/** @throws LedgerError what the server says of the export; `export-exists`, `not-exported` */
export async function fetchExport(parts: FetchingParts, { out, onProgress, ...asked }: ExportAsked): Promise<void> {
  const { ask, path, origin, headers, alarm } = parts
  const folder = makeFolder(out)
  try {
    const { filter, requester, reason, timeZone: time_zone } = asked
    let job: unknown = await ask.json({
      ...{ path: `${path}/exports`, origin, headers },
      body: present({ filter, requester, reason, time_zone }),
    })
    const place = `${path}/exports/${encodeURIComponent(textIn(objectOf(job), 'id'))}`
    for (;;) {
      const { state, error, files, ...counts } = objectOf(job)
      onProgress?.(countIn(counts, 'records'), countIn(counts, 'of'))
      if (state === 'failed') throw failed(error)
      if (state === 'done') {
        for (const file of listOf(files)) await fetchFile(parts, place, file, folder)
        break
      }
      await new Promise<void>((ring) => alarm(EVERY_MILLIS, ring))
      job = await ask.json({ path: place, origin, headers })
    }
    renameSync(folder, out)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function fetchFile(
  { exchange, headers, patienceMillis }: FetchingParts,
  place: string,
  file: Members,
  folder: string,
): Promise<void> {
  const [name, bytes] = [textIn(file, 'path'), countIn(file, 'bytes')]
  const target = within(folder, name)
  mkdirSync(dirname(target), { recursive: true })
  const [hash, written] = [createHash('sha256'), openSync(target, 'wx')]
  try {
    const path = `${place}/files/${name.split('/').map(encodeURIComponent).join('/')}`
    const { status } = await exchange.send(
      { method: 'GET', path, headers, maxBytes: bytes, patienceMillis },
      (_, piece) => {
        hash.update(piece)
        writeSync(written, piece)
        return 'more'
      },
    )
    if (status !== 200 || hash.digest('hex') !== textIn(file, 'sha256')) throw unreadable('not the file that was named')
  } finally {
    closeSync(written)
  }
}

function makeFolder(out: string): string {
  const folder = `${resolve(out)}.fetching-${process.pid}`
  try {
    mkdirSync(folder)
    return folder
  } catch (cause) {
    throw new LedgerError('not-exported', {
      problem: `there is no room for an export at ${out}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cure: 'name a folder that is not there yet, in one that you may write in',
      path: '--out',
      cause,
    })
  }
}

// A server names files of an export, and nothing else of this machine.
function within(folder: string, name: string): string {
  const place = join(folder, name)
  if (
    name === '' ||
    name.includes('\\') ||
    name.split('/').some((part) => part === '' || part === '.' || part === '..')
  )
    throw unreadable('a file with a name that no export has')
  return place
}

function failed(error: unknown): LedgerError {
  const detail = isObject(error) && typeof error.detail === 'string' ? error.detail : 'nothing is said of why'
  return new LedgerError('not-exported', {
    problem: `the server could not make the export: ${detail}`,
    cure: 'ask again',
  })
}

function objectOf(value: unknown): Members {
  if (isObject(value)) return value
  throw unreadable('no export')
}

function listOf(value: unknown): readonly Members[] {
  if (Array.isArray(value)) return value.map(objectOf)
  throw unreadable('an export without files')
}

function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
