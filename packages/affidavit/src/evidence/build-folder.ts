// Building a folder beside its place: it stands under the wanted name whole and durable, or not at all.

import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { makeFolder } from '../ledger/make-folder.ts'
import { syncFolder } from '../ledger/sync-folder.ts'

/** What a file was when it was closed: the cover lists it. */
export interface WrittenFile {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** A file that is written from its beginning to its end. */
export interface GrowingFile {
  append(bytes: Uint8Array): Promise<void>
  /** Durable when it resolves. */
  close(): Promise<WrittenFile>
}

export interface FolderDraft {
  /** Begins a file. `path` uses `/`, and its folders are made. */
  create(path: string): Promise<GrowingFile>
  write(path: string, bytes: Uint8Array): Promise<WrittenFile>
}

/** Bytes gathered before they are written. */
const BUFFER_BYTES = 1_048_576

/**
 * Lets `fill` write into a new folder and gives it the name `out` once everything in it is durable.
 * @throws LedgerError `export-exists`; `not-exported` where the file system fails; and what `fill` throws. Then nothing
 *   stands under `out` that did not before.
 */
export async function buildFolder<T>(out: string, fill: (draft: FolderDraft) => Promise<T>): Promise<T> {
  const place = resolve(out)
  const building = `${place}.partial-${randomBytes(6).toString('hex')}`
  const openFiles = new Set<FileHandle>()
  let standing: string | undefined
  try {
    await refuseTaken(place)
    makeFolder(building, 0o777)
    standing = building
    const draft = createDraft(building, openFiles)
    const filled = await fill(draft)
    await draft.sync()
    await rename(building, place)
    standing = place
    await syncFolder(dirname(place))
    return filled
  } catch (error) {
    for (const file of openFiles) await file.close()
    if (standing !== undefined) await rm(standing, { recursive: true, force: true })
    throw isFileSystemError(error) ? notExported(out, error) : error
  }
}

async function refuseTaken(place: string): Promise<void> {
  const kind = await stat(place).catch((error: unknown) => {
    if (isFileSystemError(error) && error.code === 'ENOENT') return undefined
    throw error
  })
  if (kind === undefined) return
  const [stranger] = kind.isDirectory() ? await readdir(place) : ['it is a file']
  if (stranger === undefined) return
  throw new LedgerError('export-exists', {
    problem: `${place} is no empty folder (${stranger}); nothing was changed`,
    cure: 'choose a folder that does not exist yet',
  })
}

function createDraft(root: string, openFiles: Set<FileHandle>): FolderDraft & { sync(): Promise<void> } {
  const folders = new Set([root])
  const makeKnown = (path: string): void => {
    if (folders.has(path)) return
    makeFolder(path, 0o777)
    for (let folder = path; folder.length >= root.length; folder = dirname(folder)) folders.add(folder)
  }

  const create = async (path: string): Promise<GrowingFile> => {
    const full = join(root, path)
    makeKnown(dirname(full))
    const file = await open(full, 'wx', 0o644)
    openFiles.add(file)
    return growingFile(file, async () => {
      await file.sync()
      await file.close()
      openFiles.delete(file)
    })
  }
  return {
    create,
    async write(path, bytes) {
      const file = await create(path)
      await file.append(bytes)
      return file.close()
    },
    // A name is durable once its folder is.
    async sync() {
      for (const folder of folders) await syncFolder(folder)
    },
  }
}

function growingFile(file: FileHandle, finish: () => Promise<void>): GrowingFile {
  const digest = createHash('sha256')
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let bytes = 0

  async function flush(): Promise<void> {
    const piece = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    digest.update(piece)
    for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten
  }

  return {
    async append(more) {
      waiting.push(more)
      waitingBytes += more.length
      bytes += more.length
      if (waitingBytes >= BUFFER_BYTES) await flush()
    },
    async close() {
      await flush()
      await finish()
      return { bytes, sha256: digest.digest('hex') }
    },
  }
}

function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

function notExported(out: string, cause: NodeJS.ErrnoException): LedgerError {
  return new LedgerError('not-exported', {
    problem: `the export could not be written to ${out}: ${cause.message}`,
    cure: 'mend disk or rights and export again; nothing stands under that name',
    cause,
  })
}
