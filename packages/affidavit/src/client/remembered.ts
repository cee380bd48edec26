// What a client remembers of a ledger between its processes (spec/client.md §4): the newest checkpoint it has seen, and the key that
// signed it. No secret; whoever can write the file can make the client forget.

import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { sha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { makeFolder } from '../ledger/make-folder.ts'
import { syncFolder } from '../ledger/sync-folder.ts'

export interface Remembered {
  /** NAME/INCARNATION. */
  readonly origin: string
  /** vkey of the key that signed the note. */
  readonly verifier_key: string
  /** A signed note. */
  readonly note: string
}

export interface Memory {
  /** @throws LedgerError `invalid-query` where the file is none of ours; the world's where it cannot be read */
  recall(): Promise<Remembered | undefined>
  /** Durable when it resolves. */
  remember(seen: Remembered): Promise<void>
}

const VERSION = 1

/** Without a folder it is remembered for as long as the process lives, by whoever asks. */
export function createMemory(folder: string | undefined, ledger: string): Memory {
  if (folder === undefined) return { recall: async () => undefined, remember: async () => undefined }
  const path = join(folder, `seen-${sha256Hex(ledger).slice(0, 32)}.json`)
  return {
    recall: () => inOurWords(`read ${path}`, () => read(path)),
    remember: (seen) => inOurWords(`write ${path}`, () => write(path, { affidavit_seen: VERSION, ...seen })),
  }
}

async function read(path: string): Promise<Remembered | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const value = parsed(text)
  if (typeof value === 'object' && value !== null && Reflect.get(value, 'affidavit_seen') === VERSION) {
    const { origin, verifier_key, note }: { readonly [name: string]: unknown } = { ...value }
    if (typeof origin === 'string' && typeof verifier_key === 'string' && typeof note === 'string')
      return { origin, verifier_key, note }
  }
  throw new LedgerError('invalid-query', {
    problem: `${path} is not what a client remembers of a ledger`,
    cure: 'bring it back from a backup; without it nothing holds the server to what it showed before',
    path: 'stateFolder',
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// There whole or not at all.
async function write(path: string, value: object): Promise<void> {
  makeFolder(dirname(path), 0o700)
  const draft = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(value)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

async function inOurWords<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    throw new LedgerError('store-unavailable', {
      problem: `could not ${doing}: ${cause instanceof Error ? cause.message : ''}`,
      cure: 'stateFolder has to be a folder that this process may write to',
      cause,
    })
  }
}
