// Reading a folder that somebody else has made. Only plain files in plain folders are read: no link is followed, no pipe
// opened, and nothing is read without a limit.

import { closeSync, constants, type Dirent, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

import { VerifyError } from './error.ts'

/** Why there are no bytes to read under a name. */
export type FileFault = 'missing' | 'not a plain file' | 'too long'

/** Paths are relative to the folder and use `/`. */
export interface Folder {
  /** A whole file of at most `limit` bytes. @throws VerifyError */
  read(path: string, limit: number): Uint8Array | FileFault
  /** A file to be read in pieces. @throws VerifyError */
  open(path: string): Promise<FileHandle | Exclude<FileFault, 'too long'>>
  /** What is in a folder of it; nothing where it is no plain folder. @throws VerifyError */
  list(path: string): readonly Dirent[]
}

// A pipe would keep open() waiting; the flags are for what changes between looking and opening.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * The folder at `root`, which may be named by a link.
 * @throws VerifyError where it is no folder that can be listed
 */
export function openFolder(root: string): Folder {
  const plainFolders = new Set([''])
  attempt(root, () => readdirSync(root))

  function isPlainFolder(path: string): boolean {
    if (plainFolders.has(path)) return true
    const plain = isPlainFolder(parentOf(path)) && kindOf(path) === 'folder'
    if (plain) plainFolders.add(path)
    return plain
  }

  function kindOf(path: string): 'file' | 'folder' | 'other' | 'missing' {
    const stats = attempt(path, () => lstatSync(join(root, path), { throwIfNoEntry: false }))
    if (stats === undefined) return 'missing'
    if (stats.isFile()) return 'file'
    return stats.isDirectory() ? 'folder' : 'other'
  }

  function faultOf(path: string): 'missing' | 'not a plain file' | undefined {
    if (!isPlainFolder(parentOf(path))) return 'missing'
    const kind = kindOf(path)
    if (kind === 'file') return undefined
    return kind === 'missing' ? 'missing' : 'not a plain file'
  }

  return {
    read(path, limit) {
      return faultOf(path) ?? attempt(path, () => readWhole(join(root, path), limit))
    },
    async open(path) {
      const fault = faultOf(path)
      if (fault !== undefined) return fault
      return open(join(root, path), FLAGS).catch((cause: unknown) => {
        throw unavailable(path, cause)
      })
    },
    list(path) {
      return isPlainFolder(path) ? attempt(path, () => readdirSync(join(root, path), { withFileTypes: true })) : []
    },
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function readWhole(path: string, limit: number): Uint8Array | FileFault {
  const fd = openSync(path, FLAGS)
  try {
    const { size } = fstatSync(fd)
    if (size > limit) return 'too long'
    const bytes = new Uint8Array(size)
    let read = 0
    while (read < size) {
      const more = readSync(fd, bytes, read, size - read, read)
      if (more === 0) break
      read += more
    }
    return bytes.subarray(0, read)
  } finally {
    closeSync(fd)
  }
}

function attempt<T>(path: string, look: () => T): T {
  try {
    return look()
  } catch (cause) {
    throw unavailable(path, cause)
  }
}

function unavailable(path: string, cause: unknown): VerifyError {
  return new VerifyError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
}
