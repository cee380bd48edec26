// Alerts that wait to be delivered: a file for each, there before the watcher remembers that it raised it, and gone when a
// receiver has taken it (spec/watch.md §5).

import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { isJson } from '../bytes/is-json.ts'
import { replaceFile } from '../embedded/replace-file.ts'
import { syncFolder } from '../ledger/sync-folder.ts'
import type { Alert } from './alert.ts'
import { cannotKeep, outboxFolder } from './folder.ts'

export interface WaitingAlert extends Pick<Alert, 'id' | 'text'> {
  /** What it is filed under: its number, and what tells it from another of that number. */
  readonly name: string
}

export interface Outbox {
  /** Durable when it resolves; the same one once more is the same file. @throws LedgerError `store-unavailable` */
  put(alert: Alert): Promise<void>
  /** The oldest first. */
  waiting(): readonly WaitingAlert[]
  /** The number behind the last one that waits; 1 where none does. */
  next(): number
  /** Nothing where it is gone already. @throws LedgerError `store-unavailable` */
  delivered(alert: WaitingAlert): Promise<void>
}

const FILE = /^(\d{10})-(watch_[0-9a-f]{32})\.json$/

/** @throws LedgerError `store-unavailable` */
export function openOutbox(home: string): Outbox {
  const folder = outboxFolder(home)
  const waiting = readWaiting(home)
  const sorted = (): WaitingAlert[] => [...waiting.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    async put({ id, number, text }) {
      const name = `${String(number).padStart(10, '0')}-${id}.json`
      // A disk that takes no file keeps nobody from being told.
      waiting.set(name, { id, name, text })
      await replaceFile(join(folder, name), text).catch((cause) => {
        throw cannotKeep(home, cause)
      })
    },
    waiting: sorted,
    next: () => 1 + Number(sorted().at(-1)?.name.slice(0, 10) ?? 0),
    async delivered({ name }) {
      waiting.delete(name)
      try {
        await rm(join(folder, name), { force: true })
        await syncFolder(folder)
      } catch (cause) {
        throw cannotKeep(home, cause)
      }
    },
  }
}

/** How many wait, for whoever only looks. @throws LedgerError `store-unavailable` */
export function countWaiting(home: string): number {
  return readWaiting(home).size
}

function readWaiting(home: string): Map<string, WaitingAlert> {
  const folder = outboxFolder(home)
  const found = new Map<string, WaitingAlert>()
  try {
    for (const name of readdirSync(folder)) {
      const id = FILE.exec(name)?.[2]
      const text = id === undefined ? '' : readFileSync(join(folder, name), 'utf8')
      if (id !== undefined && isJson(text)) found.set(name, { id, name, text })
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cannotKeep(home, cause)
  }
  return found
}
