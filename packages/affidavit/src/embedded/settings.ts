// affidavit.json in the folder of a ledger: what lies elsewhere, and who keeps the key-encryption keys.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { statOf } from './stat.ts'

/** Who keeps the key-encryption keys of the keyring (spec/keys.md). */
export type KeyWrapperChoice =
  | { readonly kind: 'file' | 'environment' | 'aws_kms' }
  | {
      readonly kind: 'pkcs11'
      /** The library of the token's maker. */
      readonly module: string
      /** The token's label. */
      readonly token: string
    }

/** What init was told; a member that is absent has its default. */
export interface Settings {
  /** URL of the database that holds the records, with the NAME of the ledger and without a password; `ledger.db` where absent. */
  readonly database?: string
  /** Folder of the checkpoint log; `DIR/checkpoints` where absent. */
  readonly anchor?: string
  /** Folder of the keyring, or URL of the database that holds it, without a password; `DIR` where absent. */
  readonly keyring?: string
  /** Folder of the archive, or its URL, without credentials; nothing is archived where absent. */
  readonly archive?: string
  /** `file` where absent. */
  readonly key_wrapper?: KeyWrapperChoice
}

export function settingsFile(folder: string): string {
  return join(folder, 'affidavit.json')
}

/** @throws LedgerError `not-a-ledger` where the file is there and is no settings file */
export function readSettings(folder: string): Settings {
  const file = settingsFile(folder)
  const kind = statOf(file)
  if (kind === undefined) return {}
  const settings = kind.isFile() ? parseSettings(readFileSync(file, 'utf8')) : undefined
  if (settings !== undefined) return settings
  throw new LedgerError('not-a-ledger', {
    problem: `${file} is no settings file of a ledger`,
    cure: 'it holds {"database": "postgres://…?ledger=NAME", "anchor": "/absolute/folder", "keyring": "/absolute/folder or postgres://…", "archive": "/absolute/folder or s3://…", "key_wrapper": {"kind": "file"}}, each or none',
  })
}

/** Remembers what init was told; nothing where all of it is the default. */
export function writeSettings(folder: string, settings: Settings): void {
  if (Object.keys(settings).length === 0) return
  writeFileSync(settingsFile(folder), `${JSON.stringify(settings, undefined, 2)}\n`, { flag: 'wx' })
}

/** Names the archive from now on; everything else stays as it is. */
export function writeArchive(folder: string, archive: string): void {
  const file = settingsFile(folder)
  const next = `${file}.next`
  writeFileSync(next, `${JSON.stringify({ ...readSettings(folder), archive }, undefined, 2)}\n`)
  renameSync(next, file)
}

function parseSettings(text: string): Settings | undefined {
  try {
    return settingsOf(parseJson(text, PLAIN_JSON))
  } catch (error) {
    if (error instanceof Error && error.name === 'JsonFault') return undefined
    throw error
  }
}

function settingsOf(value: JsonValue): Settings | undefined {
  if (!isObject(value)) return undefined
  const { database, anchor, keyring, archive, key_wrapper, ...unknown } = value
  if (Object.keys(unknown).length > 0) return undefined
  if (!isTextOrAbsent(database) || !isTextOrAbsent(anchor) || !isTextOrAbsent(keyring)) return undefined
  if (!isTextOrAbsent(archive)) return undefined
  const wrapper = key_wrapper === undefined ? undefined : wrapperOf(key_wrapper)
  if (key_wrapper !== undefined && wrapper === undefined) return undefined
  return {
    ...(database === undefined ? {} : { database }),
    ...(anchor === undefined ? {} : { anchor }),
    ...(keyring === undefined ? {} : { keyring }),
    ...(archive === undefined ? {} : { archive }),
    ...(wrapper === undefined ? {} : { key_wrapper: wrapper }),
  }
}

function wrapperOf(value: JsonValue): KeyWrapperChoice | undefined {
  if (!isObject(value)) return undefined
  const { kind, module, token, ...unknown } = value
  if (Object.keys(unknown).length > 0) return undefined
  if (kind === 'pkcs11') {
    return typeof module === 'string' && typeof token === 'string' ? { kind, module, token } : undefined
  }
  if (module !== undefined || token !== undefined) return undefined
  return kind === 'file' || kind === 'environment' || kind === 'aws_kms' ? { kind } : undefined
}

function isObject(value: JsonValue): value is { readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrAbsent(value: JsonValue | undefined): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
