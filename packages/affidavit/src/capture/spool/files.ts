// What a spool does to its files: everything that changes the disk goes through here, and tests break it (spec/spool.md §1).

import { open, rename, rm } from 'node:fs/promises'
import { syncFolder } from '../../ledger/sync-folder.ts'

export interface SpoolFile {
  /** How many of the bytes were written. */
  write(bytes: Uint8Array): Promise<number>
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

export interface SpoolFiles {
  /** A new file, for its owner alone; one of that name that is there is emptied. */
  create(path: string): Promise<SpoolFile>
  rename(from: string, to: string): Promise<void>
  /** Nothing where it is gone already. */
  remove(path: string): Promise<void>
  /** Makes names in a folder durable. */
  syncFolder(folder: string): Promise<void>
}

export const DISK: SpoolFiles = {
  async create(path) {
    const file = await open(path, 'w', 0o600)
    return {
      write: async (bytes) => (await file.write(bytes)).bytesWritten,
      sync: () => file.sync(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  syncFolder,
}

/** Writes all of it: a disk that is nearly full takes a part, and says so to nobody who does not look. */
export async function writeWhole(file: SpoolFile, bytes: Uint8Array): Promise<void> {
  const written = await file.write(bytes)
  if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes could be written`)
}
