// What lies where in the folder of an embedded ledger.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { LedgerError } from '../ledger/errors.ts'

/** Where the checkpoint log is kept, and how independent of the database that is. */
export interface AnchorPlace {
  readonly folder: string
  readonly kind: 'same directory' | 'own directory'
}

export function databaseFile(folder: string): string {
  return join(folder, 'ledger.db')
}

export function keysFolder(folder: string): string {
  return join(folder, 'keys')
}

function settingsFile(folder: string): string {
  return join(folder, 'affidavit.json')
}

/**
 * The folder of the checkpoint log: as init was told, else `checkpoints` beside the database.
 * @throws LedgerError `not-a-ledger` where the settings are unreadable
 */
export function readAnchor(folder: string): AnchorPlace {
  const file = settingsFile(folder)
  if (!existsSync(file)) return { folder: join(folder, 'checkpoints'), kind: 'same directory' }
  const anchor = anchorOf(readFileSync(file, 'utf8'))
  if (anchor !== undefined) return { folder: anchor, kind: 'own directory' }
  throw new LedgerError('not-a-ledger', {
    problem: `${file} is no settings file of a ledger`,
    cure: 'it holds {"anchor": "/absolute/folder"}; without the file the checkpoint log is in DIR/checkpoints',
  })
}

/** Remembers a folder of the checkpoint log. */
export function writeAnchor(folder: string, anchor: string): void {
  writeFileSync(settingsFile(folder), `${JSON.stringify({ anchor: resolve(anchor) }, undefined, 2)}\n`, { flag: 'wx' })
}

function anchorOf(text: string): string | undefined {
  try {
    const value = parseJson(text, PLAIN_JSON)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return typeof value.anchor === 'string' ? value.anchor : undefined
  } catch (error) {
    if (error instanceof Error && error.name === 'JsonFault') return undefined
    throw error
  }
}
