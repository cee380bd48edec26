// What a folder store does to the disk: everything that changes it goes through here, and tests break it.

import { link, open, rename, rm } from 'node:fs/promises'

import { makeFolder } from '../ledger/make-folder.ts'
import { syncFolder } from '../ledger/sync-folder.ts'

export interface NewFile {
  /** How many of the bytes were written. */
  write(bytes: Uint8Array): Promise<number>
  sync(): Promise<void>
  close(): Promise<void>
}

export interface FolderFiles {
  /** A new file, which its owner alone can read, and nobody opens for writing again. */
  create(path: string): Promise<NewFile>
  /** A second name; never over a file that is there. */
  link(from: string, to: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Nothing where it is gone already. */
  remove(path: string): Promise<void>
  /** With the folders above it. */
  makeFolder(path: string): Promise<void>
  /** Makes names in a folder durable. */
  syncFolder(folder: string): Promise<void>
}

export const DISK: FolderFiles = {
  async create(path) {
    const file = await open(path, 'wx', 0o400)
    return {
      write: async (bytes) => (await file.write(bytes)).bytesWritten,
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
  link,
  rename,
  remove: (path) => rm(path, { force: true }),
  makeFolder: async (path) => makeFolder(path, 0o700),
  syncFolder,
}
