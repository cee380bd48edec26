// The archive that a ledger's settings name, for whoever verifies: opened where something of it is read, with the keyring to be read.

import type { ObjectStore } from '../archive/object-store.ts'
import { openObjectStore } from '../archive/open-object-store.ts'
import { createArchiveReader } from '../archive/reader.ts'
import { systemClock } from '../clock/clock.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import type { ArchiveReader } from '../ledger/archive-reader.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Anchor } from '../verify/anchors.ts'
import type { ArchiveOf, StoredArchive } from '../verify/stored/archive.ts'
import { archiveAnchor, archiveAway } from './archive-anchor.ts'
import { openArchive } from './archive-place.ts'
import { openKeyringToRead } from './read-keyring.ts'
import { readSettings } from './settings.ts'
import { storedArchive } from './stored-archive.ts'

export interface ArchiveToVerify {
  /** Left out where the settings name no archive. What keeps it from being read is an answer. */
  readonly archiveOf?: ArchiveOf
  /** Its checkpoints. @throws LedgerError `archive-unavailable` where the archive was given */
  anchors(): Promise<readonly Anchor[]>
  close(): Promise<void>
}

/** @param given instead of the one that the settings name */
export function archiveToVerify(home: string, given?: string): ArchiveToVerify {
  if (given === undefined && readSettings(home).archive === undefined)
    return { anchors: async () => [], close: async () => undefined }
  const keyrings: Promise<Keyring>[] = []
  const archives = new Map<string, StoredArchive>()

  function openPlace(): ObjectStore {
    return given === undefined ? openArchive(home) : openObjectStore(given, systemClock)
  }

  async function open(ledger: string): Promise<ArchiveReader> {
    const objects = openPlace()
    const opening = openKeyringToRead(home, ledger)
    keyrings.push(opening)
    return createArchiveReader({ objects, ledger, keyring: await opening })
  }

  function archiveOf(origin: string): StoredArchive {
    if (!archives.has(origin)) archives.set(origin, storedArchive(whenRead(() => open(origin))))
    return archives.get(origin) ?? unreachable('an archive that was opened')
  }

  async function readAnchor(): Promise<Anchor> {
    const objects = openPlace()
    try {
      return await archiveAnchor(objects)
    } finally {
      await objects.close()
    }
  }

  return {
    archiveOf,
    async anchors() {
      if (given !== undefined) return [{ ...(await readAnchor()), use: 'given' }]
      try {
        return [await readAnchor()]
      } catch (error) {
        if (error instanceof LedgerError) return [archiveAway(error.problem)]
        throw error
      }
    },
    async close() {
      const opened = (await Promise.allSettled(keyrings)).filter((one) => one.status === 'fulfilled')
      await Promise.all(opened.map(({ value }) => value.close()))
    },
  }
}

function whenRead(open: () => Promise<ArchiveReader>): ArchiveReader {
  let opening: Promise<ArchiveReader> | undefined
  function opened(): Promise<ArchiveReader> {
    opening ??= open()
    return opening
  }
  return {
    entries: async (places) => (await opened()).entries(places),
    async *chunks(place, blob_id) {
      yield* (await opened()).chunks(place, blob_id)
    },
  }
}

/** Where no key is to be used. */
export const archiveWithoutKeys: ArchiveOf = () => ({
  entries: async (places) => places.map(() => CLOSED),
  async *chunks() {
    yield CLOSED
  },
})

const CLOSED = { unreadable: 'it opens with keys alone, and none was to be used' } as const
