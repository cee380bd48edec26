// The archive that a ledger's settings name, for whoever verifies: opened where something of it is read, with the keyring to be read.

import { createArchiveReader } from '../archive/reader.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { ArchiveReader } from '../ledger/archive-reader.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { ArchiveOf, StoredArchive } from '../verify/stored/through-archive.ts'
import { openArchive } from './archive-place.ts'
import { openKeyringToRead } from './read-keyring.ts'
import { readSettings } from './settings.ts'
import { storedArchive } from './stored-archive.ts'

export interface ArchiveToVerify {
  /** Left out where the settings name no archive. What keeps it from being read is an answer. */
  readonly archiveOf?: ArchiveOf
  close(): Promise<void>
}

export function archiveToVerify(home: string): ArchiveToVerify {
  if (readSettings(home).archive === undefined) return { close: async () => undefined }
  const keyrings: Promise<Keyring>[] = []
  const archives = new Map<string, StoredArchive>()

  async function open(ledger: string): Promise<ArchiveReader> {
    const objects = openArchive(home)
    const opening = openKeyringToRead(home, ledger)
    keyrings.push(opening)
    return createArchiveReader({ objects, ledger, keyring: await opening })
  }

  function archiveOf(origin: string): StoredArchive {
    if (!archives.has(origin)) archives.set(origin, storedArchive(whenRead(() => open(origin))))
    return archives.get(origin) ?? unreachable('an archive that was opened')
  }

  return {
    archiveOf,
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
