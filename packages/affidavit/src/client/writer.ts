// What a client needs to write (spec/http.md §9): what the ledger is called, its digest key, its actions and its registry.

import { createSecretKey, type KeyObject } from 'node:crypto'

import { fromBase64 } from '../bytes/base64.ts'
import { type ApplicationActions, parseActions } from '../formats/actions.ts'
import { parseRegistry } from '../registry/parse.ts'
import type { Registry } from '../registry/registry.ts'
import { type Ask, unreadable } from './ask.ts'
import { isObject, textIn } from './members.ts'

export interface Writer {
  readonly digestKey: KeyObject
  readonly actions: ApplicationActions
  readonly registry: Registry | undefined
}

const DIGEST_KEY_BYTES = 32

/** @throws LedgerError `not-allowed`, `server-unavailable` */
export async function askWriter(ask: Ask, path: string, origin: string): Promise<Writer> {
  const answer = await ask.json({ path: `${path}/writer`, origin })
  if (!isObject(answer) || answer.origin !== origin) throw unreadable('not about this ledger')
  const key = fromBase64(textIn(answer, 'digest_key'))
  if (key?.length !== DIGEST_KEY_BYTES) throw unreadable('without a digest key')
  return {
    digestKey: createSecretKey(key),
    actions: readActions(answer.actions),
    registry: readRegistry(answer.registry),
  }
}

function readActions(value: unknown): ApplicationActions {
  try {
    return parseActions(value ?? {})
  } catch (cause) {
    throw unreadable('a catalogue of actions that cannot be read', cause)
  }
}

function readRegistry(value: unknown): Registry | undefined {
  if (value === undefined) return undefined
  if (!isObject(value) || (value.format !== 'yaml' && value.format !== 'json')) throw unreadable('no registry')
  try {
    return parseRegistry(textIn(value, 'text'), value.format, 'the registry of the server')
  } catch (cause) {
    throw unreadable('a registry that cannot be read', cause)
  }
}
