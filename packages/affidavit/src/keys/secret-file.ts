// Small files with secrets: there whole or not at all, durable, readable for their owner alone (spec/keys.md §2).

import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { isGone } from '../ledger/is-gone.ts'

/**
 * Written beside its place and linked into it: the file is there whole or not at all, and never over another.
 * @throws the error of the file system; `EEXIST` where a file is there already
 */
export function writeSecret(path: string, text: string): void {
  const draft = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  try {
    linkSync(draft, path)
  } finally {
    rmSync(draft)
  }
  syncFolder(dirname(path))
}

const DRAFT = /\.(\d+)-[0-9a-f]{12}\.tmp$/

/**
 * Removes drafts of processes that were killed while they wrote one: each may hold a copy of a secret. This process is not at
 * one now; in a container its number is often that of the one before.
 */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(DRAFT.exec(name)?.[1])
    if (pid === process.pid || (pid > 0 && isGone(pid))) rmSync(join(folder, name), { force: true })
  }
}

export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
