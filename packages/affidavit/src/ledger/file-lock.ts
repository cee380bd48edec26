// A lock file among processes that write to one file, on any file system: it is created or it is not. A process that is
// killed leaves its lock behind, so locks are taken away too: from a dead process of this host at once, from any other
// when it has stood still for longer than the work under it takes. No wall clock decides: those of two hosts differ.

import { randomBytes } from 'node:crypto'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

import { isGone } from './is-gone.ts'

/** The work under a lock takes milliseconds; an owner that stands still for so long is gone, or as good as gone. */
const SIGNED_PATIENCE_MILLIS = 10_000
/** Between creating a lock and signing it there is nothing to wait for. */
const UNSIGNED_PATIENCE_MILLIS = 1_000
const GIVE_UP_MILLIS = 2 * SIGNED_PATIENCE_MILLIS

/** Does `work` while this process alone holds the lock at `path`. */
export async function underLock(path: string, work: () => Promise<void>): Promise<void> {
  const mine = `${hostname()} ${process.pid} ${randomBytes(6).toString('hex')}\n`
  await take(path, mine)
  try {
    await work()
  } finally {
    // Whoever found this process too slow has taken the lock away: then it is another's.
    if ((await signatureOf(path)) === mine) await rm(path, { force: true })
  }
}

async function take(path: string, mine: string): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MILLIS
  const isStale = staleness(path)
  const isTakingStale = staleness(takingPath(path))
  while (!(await create(path, mine))) {
    if (performance.now() > giveUpAt) throw new Error(`the lock ${path} is never free`)
    if (await isStale()) await takeAway(path, mine, isStale, isTakingStale)
    await delay(2 + Math.random() * 8)
  }
}

// Two that find a stale lock must not both remove it: the slower one would remove the lock of the faster. So removing is
// under a lock of its own, and the lock is looked at again there.
async function takeAway(
  path: string,
  mine: string,
  isStale: () => Promise<boolean>,
  isTakingStale: () => Promise<boolean>,
): Promise<void> {
  const taking = takingPath(path)
  if (!(await create(taking, mine))) {
    if (await isTakingStale()) await rm(taking, { force: true })
    return
  }
  try {
    if (await isStale()) await rm(path, { force: true })
  } finally {
    await rm(taking, { force: true })
  }
}

function takingPath(path: string): string {
  return `${path}.taking`
}

async function create(path: string, signature: string): Promise<boolean> {
  const file = await openNew(path)
  if (file === undefined) return false
  try {
    await file.write(signature)
    return true
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Tells whether the lock that stands at `path` is a stale one, each time it is asked. */
function staleness(path: string): () => Promise<boolean> {
  let seen = { identity: '', since: 0 }
  return async () => {
    const found = await lookAt(path)
    if (found === undefined) return false
    if (found.identity !== seen.identity) seen = { identity: found.identity, since: performance.now() }
    const patience = found.signature === '' ? UNSIGNED_PATIENCE_MILLIS : SIGNED_PATIENCE_MILLIS
    return isOfTheDead(found.signature) || performance.now() - seen.since > patience
  }
}

async function lookAt(path: string): Promise<{ identity: string; signature: string } | undefined> {
  const signature = await signatureOf(path)
  if (signature === undefined) return undefined
  const { ino, mtimeMs } = await stat(path).catch(orMissing({ ino: 0, mtimeMs: 0 }))
  return { identity: `${ino} ${mtimeMs} ${signature}`, signature }
}

function signatureOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(orMissing(undefined))
}

function orMissing<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, 'ENOENT')) return otherwise
    throw error
  }
}

async function openNew(path: string): Promise<Awaited<ReturnType<typeof open>> | undefined> {
  try {
    return await open(path, 'wx')
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return undefined
    throw error
  }
}

// On another host a pid says nothing.
function isOfTheDead(signature: string): boolean {
  const [host, pid] = signature.split(' ')
  return host === hostname() && Number(pid) > 0 && isGone(Number(pid))
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
