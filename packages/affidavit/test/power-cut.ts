// What is on a disk when the power is cut: names as of the last fsync of their folder, bytes as of the last fsync of their file,
// and of what came later as much or as little as the disk likes.

import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { DISK, type SpoolFile, type SpoolFiles } from '../src/capture/spool/files.ts'

interface Inode {
  bytes: Buffer
  synced: Buffer
}

/** How much of what was not synced got to the disk all the same. */
export type Kept = 'nothing' | 'all' | 'names' | 'removals' | 'half and zeros'

export interface WatchedFiles extends SpoolFiles {
  /** Lays out in `into` what would be in `folder` after a power cut now. */
  lay(folder: string, into: string, kept: Kept): void
}

/** Works on the disk, and tells `look` before and after each change. */
export function watchedFiles(look: () => void): WatchedFiles {
  const names = new Map<string, Inode>()
  let synced = new Map<string, Inode>()

  async function changed<T>(work: () => Promise<T>): Promise<T> {
    look()
    const result = await work()
    look()
    return result
  }

  function watched(file: SpoolFile, inode: Inode): SpoolFile {
    return {
      write: (bytes) =>
        changed(async () => {
          const count = await file.write(bytes)
          inode.bytes = Buffer.concat([inode.bytes, bytes.subarray(0, count)])
          return count
        }),
      sync: () =>
        changed(async () => {
          await file.sync()
          inode.synced = inode.bytes
        }),
      truncate: (size) =>
        changed(async () => {
          await file.truncate(size)
          inode.bytes = inode.bytes.subarray(0, size)
        }),
      close: () => file.close(),
    }
  }

  return {
    create: (path) =>
      changed(async () => {
        const file = await DISK.create(path)
        const inode = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) }
        names.set(path, inode)
        return watched(file, inode)
      }),
    rename: (from, to) =>
      changed(async () => {
        await DISK.rename(from, to)
        const inode = names.get(from)
        names.delete(from)
        if (inode !== undefined) names.set(to, inode)
      }),
    remove: (path) =>
      changed(async () => {
        await DISK.remove(path)
        names.delete(path)
      }),
    syncFolder: (folder) =>
      changed(async () => {
        await DISK.syncFolder(folder)
        const elsewhere = [...synced].filter(([path]) => dirname(path) !== folder)
        synced = new Map([...elsewhere, ...[...names].filter(([path]) => dirname(path) === folder)])
      }),
    lay(folder, into, kept) {
      mkdirSync(into)
      for (const [path, inode] of kept === 'nothing' || kept === 'removals' ? synced : names) {
        if (kept === 'removals' && !names.has(path)) continue
        if (dirname(path) === folder) writeFileSync(join(into, basename(path)), bytesOf(inode, kept))
      }
    },
  }
}

function bytesOf({ bytes, synced }: Inode, kept: Kept): Buffer {
  if (kept === 'all') return bytes
  if (kept !== 'half and zeros' || bytes.length <= synced.length) return synced
  const more = Math.floor((bytes.length - synced.length) / 2)
  return Buffer.concat([bytes.subarray(0, synced.length + more), Buffer.alloc(bytes.length - synced.length - more)])
}
