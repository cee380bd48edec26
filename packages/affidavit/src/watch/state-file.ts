// The state in the home of its ledger, and the key that it is written under.

import { readFileSync } from 'node:fs'

import { keysFolder } from '../embedded/folder.ts'
import { replaceFile } from '../embedded/replace-file.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { readHomeKeys } from '../keys/file.ts'
import { cannotKeep, stateFile } from './folder.ts'
import { formatState, parseState, type ReadState, type StateKey, stateKey, type WatchState } from './state.ts'

/** Whose home it is, by its keys; nothing of it where they are not there. */
export interface HomeKey {
  readonly ledger?: string
  readonly key?: StateKey
}

export function homeKey(home: string): HomeKey {
  try {
    const { ledger, digestKey } = readHomeKeys(keysFolder(home))
    return { ledger, key: stateKey(digestKey) }
  } catch (error) {
    if (error instanceof LedgerError) return {}
    throw error
  }
}

/** `undefined` where no watcher has run. @throws LedgerError `store-unavailable` */
export function readState(home: string, { key }: HomeKey): ReadState | undefined {
  try {
    return parseState(readFileSync(stateFile(home), 'utf8'), key)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cannotKeep(home, cause)
  }
}

/** @throws LedgerError `store-unavailable` */
export async function writeState(home: string, state: WatchState, { key }: HomeKey): Promise<void> {
  try {
    await replaceFile(stateFile(home), formatState(state, key))
  } catch (cause) {
    throw cannotKeep(home, cause)
  }
}
