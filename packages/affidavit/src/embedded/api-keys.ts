// The API keys of a ledger, as its home keeps them: without one of them in it (spec/sign-in.md §1).

import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type { ApiKey } from '../access/api-key.ts'
import { parseApiKeys } from '../access/api-keys-file.ts'
import { DocumentFault } from '../documents/fault.ts'
import { LedgerError } from '../errors/ledger-error.ts'

export function apiKeysFile(home: string): string {
  return join(home, 'api-keys.json')
}

/** @throws LedgerError `key-unavailable` where what stands there cannot be read, or is something else */
export function readApiKeys(home: string): readonly ApiKey[] {
  const file = apiKeysFile(home)
  const text = readText(file)
  if (text === undefined) return []
  try {
    return parseApiKeys(text, file)
  } catch (error) {
    if (!(error instanceof DocumentFault)) throw error
    throw new LedgerError('key-unavailable', { problem: `no API key is known: ${error.message}`, cause: error })
  }
}

/**
 * The keys as they are now, each time it is asked. A file that is what it was is not read again.
 * @throws LedgerError as readApiKeys does
 */
export function watchApiKeys(home: string): () => ReadonlyMap<string, ApiKey> {
  let known: { readonly identity: string; readonly keys: ReadonlyMap<string, ApiKey> } | undefined
  return () => {
    const identity = identityOf(statOf(apiKeysFile(home)))
    if (known?.identity === identity) return known.keys
    const keys = new Map(readApiKeys(home).map((key) => [key.id, key]))
    // Looked at before it was read: what comes in between is read at the next request.
    known = { identity, keys }
    return keys
  }
}

// A file is never written again in its place: another one takes its name.
function identityOf(stat: BigIntStats | undefined): string {
  return stat === undefined ? 'none' : `${stat.dev} ${stat.ino} ${stat.ctimeNs} ${stat.mtimeNs} ${stat.size}`
}

function statOf(file: string): BigIntStats | undefined {
  return reading(file, () => statSync(file, { bigint: true, throwIfNoEntry: false }))
}

function readText(file: string): string | undefined {
  if (statOf(file) === undefined) return undefined
  return reading(file, () => readFileSync(file, 'utf8'))
}

function reading<Found>(file: string, read: () => Found): Found {
  try {
    return read()
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('key-unavailable', {
      problem: `cannot read ${file}: ${said}`,
      cure: 'check the rights on it and on the folders above it',
      cause,
    })
  }
}
