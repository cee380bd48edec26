// Objects as files in a folder (spec/archive.md §3.1). Each is there whole or not at all. Whoever owns the folder can delete from it, so no
// lock here is a proof; they are kept all the same, and hold against us.

import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import { equalBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { type Clock, formatTimestamp, parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { isGone } from '../ledger/is-gone.ts'
import { withinObject } from './byte-range.ts'
import { DISK, type FolderFiles } from './folder-files.ts'
import { assertKeyPrefix, assertObjectKey, isKeyPart } from './object-key.ts'
import type { ObjectStore } from './object-store.ts'
import { archiveUnavailable, assertObjectSize, noSuchObject, objectExists, objectLocked } from './store-errors.ts'

/** The folder has to be there: a disk that is not mounted must not be taken for an empty one. */
export function folderStore(folder: string, clock: Clock, files: FolderFiles = DISK): ObjectStore {
  const root = resolve(folder)

  return {
    where: root,
    lockProof: () =>
      said('look at', '', async () => {
        await assertThere()
        return { lock: 'none', because: `${root} is a folder, and whoever owns it can delete from it` }
      }),
    async put(key, bytes, lockUntil) {
      assertObjectKey(key)
      assertObjectSize(key, bytes.length)
      await said('keep', key, async () => {
        await assertThere()
        if (!(await isKept(key, bytes))) await keep(key, bytes, lockUntil)
        // Found, it may be of a process that was killed before it was durable.
        await syncFolders(key)
        await lock(key, lockUntil)
      })
    },
    async get(key, range) {
      assertObjectKey(key)
      return said('read', key, () =>
        opened(key, (file, size) => {
          const { from, to } = withinObject(range, size)
          return readBytes(file, from, to)
        }),
      )
    },
    async stat(key) {
      assertObjectKey(key)
      return said('look at', key, async () => {
        const size = await opened(key, async (_, bytes) => bytes)
        const until = await lockOf(key)
        if (size === undefined) return undefined
        return { key, size, ...(until === undefined ? {} : { locked_until: until }) }
      })
    },
    async *list(prefix) {
      assertKeyPrefix(prefix)
      await said('list', prefix, assertThere)
      yield* walk('', prefix)
    },
    async extendLock(key, until) {
      assertObjectKey(key)
      await said('lock', key, async () => {
        if (!(await isThere(key))) throw noSuchObject(key, root)
        await lock(key, until)
      })
    },
    async delete(key) {
      assertObjectKey(key)
      await said('delete', key, () => remove(key))
    },
    close: async () => undefined,
  }

  async function keep(key: string, bytes: Uint8Array, lockUntil: UnixMillis | undefined): Promise<void> {
    const path = join(root, key)
    await files.makeFolder(dirname(path))
    await removeLeftovers(path)
    // Before the object: it is at no time there without its lock.
    await lock(key, lockUntil)
    await withDraft(path, bytes, async (draft) => {
      try {
        await files.link(draft, path)
      } catch (error) {
        if (!hasCode(error, 'EEXIST') || !(await isKept(key, bytes))) throw error
      }
    })
  }

  async function lock(key: string, until: UnixMillis | undefined): Promise<void> {
    if (until === undefined || until <= Math.max(clock.now(), (await lockOf(key)) ?? 0)) return
    const path = lockPath(key)
    await withDraft(path, utf8(`${formatTimestamp(until)}\n`), (draft) => files.rename(draft, path))
    await files.syncFolder(dirname(path))
  }

  async function lockOf(key: string): Promise<UnixMillis | undefined> {
    const text = await readFile(lockPath(key), 'utf8').catch(orMissing)
    if (text === undefined) return undefined
    const until = parseTimestamp(text.slice(0, -1))
    if (until === undefined || !text.endsWith('\n')) throw new Error(`${lockPath(key)} holds no instant`)
    return until
  }

  function lockPath(key: string): string {
    const path = join(root, key)
    return join(dirname(path), `.${basename(path)}.locked-until`)
  }

  async function remove(key: string): Promise<void> {
    await assertThere()
    const until = await lockOf(key)
    if (until !== undefined && until > clock.now()) {
      if (await isThere(key)) throw objectLocked(key, root, `until ${formatTimestamp(until)}`)
      // Of a put that another process is at.
      return
    }
    const path = join(root, key)
    if (!(await isFolder(dirname(path))) || (await isFolder(path))) return
    await files.remove(path)
    await files.syncFolder(dirname(path))
    await files.remove(lockPath(key))
    await files.syncFolder(dirname(path))
  }

  /** Whether these bytes are there. @throws LedgerError `object-exists` where others are */
  async function isKept(key: string, bytes: Uint8Array): Promise<boolean> {
    const there = await opened(
      key,
      async (file, size) => size === bytes.length && equalBytes(await readBytes(file, 0, size), bytes),
    )
    if (there === false) throw objectExists(key, root)
    return there === true
  }

  async function isThere(key: string): Promise<boolean> {
    return (await opened(key, async () => true)) === true
  }

  async function opened<T>(key: string, work: (file: FileHandle, size: number) => Promise<T>): Promise<T | undefined> {
    const file = await open(join(root, key), 'r').catch(orMissing)
    if (file === undefined) {
      await assertThere()
      return undefined
    }
    try {
      const there = await file.stat()
      return there.isFile() ? await work(file, there.size) : undefined
    } finally {
      await file.close()
    }
  }

  /** Writes `bytes` durably beside their place, for `work` to bring there. */
  async function withDraft(path: string, bytes: Uint8Array, work: (draft: string) => Promise<void>): Promise<void> {
    const draft = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`)
    try {
      const file = await files.create(draft)
      try {
        for (let at = 0; at < bytes.length; ) at += await writeSome(file, bytes.subarray(at))
        await file.sync()
      } finally {
        await file.close()
      }
      await work(draft)
    } finally {
      await files.remove(draft)
    }
  }

  async function removeLeftovers(path: string): Promise<void> {
    for (const name of await readdir(dirname(path))) {
      const [, of = '', pid] = LEFTOVER.exec(name) ?? []
      if ([basename(path), `.${basename(path)}.locked-until`].includes(of) && isGone(Number(pid)))
        await files.remove(join(dirname(path), name))
    }
  }

  // A killed process may have made the folders, and not made them durable.
  async function syncFolders(key: string): Promise<void> {
    for (let folder = dirname(join(root, key)); folder.startsWith(root); folder = dirname(folder)) {
      await files.syncFolder(folder)
      if (folder === root) return
    }
  }

  async function* walk(folder: string, prefix: string): AsyncGenerator<string> {
    const found = await said('list', folder, async () =>
      (await readdir(join(root, folder), { withFileTypes: true })).filter(({ name }) => isKeyPart(name)),
    )
    const keys = found.map((one) => `${folder}${one.name}${one.isDirectory() ? '/' : ''}`)
    // Of the bytes of whole keys: `a-b` comes before what is in `a/`.
    for (const key of keys.sort()) {
      if (!key.startsWith(prefix) && !(key.endsWith('/') && prefix.startsWith(key))) continue
      if (key.endsWith('/')) yield* walk(key, prefix)
      else yield key
    }
  }

  async function assertThere(): Promise<void> {
    if (await isFolder(root)) return
    throw archiveUnavailable(`there is no folder ${root}`, `mount its disk, or begin with mkdir -m 700 ${root}`)
  }

  async function said<T>(doing: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof LedgerError || cause instanceof RangeError) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      throw archiveUnavailable(
        `cannot ${doing} ${key || 'anything'} in ${root}: ${why}`,
        'check disk and rights, and do it again',
        cause,
      )
    }
  }
}

const LEFTOVER = /^\.(.*)\.(\d+)-[0-9a-f]{12}\.tmp$/

async function writeSome(file: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array): Promise<number> {
  const written = await file.write(bytes)
  if (written === 0) throw new Error('nothing more could be written')
  return written
}

async function readBytes(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from)
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at)
    if (bytesRead === 0) throw new Error('the file became shorter while it was read')
    at += bytesRead
  }
  return bytes
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(orMissing))?.isDirectory() === true
}

function orMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
  throw error
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
