// Turn-overs of the keyring of a clinic: what is on record of them, what is in force, and what may come between.

import assert from 'node:assert/strict'

import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { parseKeyringTurn } from '../src/formats/key-rotation.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import type { ErasureClinic } from './erasure-clinic.ts'
import { verifyUnderItsKey } from './verify-home.ts'

export type Turn = NonNullable<ReturnType<typeof parseKeyringTurn>> & { readonly seq: number }

/** What is on record of turn-overs, in order; every record of a key that is none of these is about the checkpoint key. */
export async function turnsIn(ledger: Ledger): Promise<Turn[]> {
  const turns: Turn[] = []
  for await (const { seq, details = {} } of ledger.search({ action: 'key_rotated' })) {
    const turn = parseKeyringTurn(details)
    if (turn === undefined) assert.ok('old_key' in details, JSON.stringify(details))
    else turns.push({ ...turn, seq })
  }
  return turns
}

export async function inForce({ folder, origin }: ErasureClinic): ReturnType<Keyring['inForce']> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    return await keyring.inForce()
  } finally {
    await keyring.close()
  }
}

export async function assertValid({ folder, verifierKey }: ErasureClinic): Promise<void> {
  const report = await verifyUnderItsKey(folder, verifierKey)
  assert.deepEqual([report.status, report.findings], ['valid', []])
}

/** The keyring of a clinic, in which something else happens right behind each turn-over. */
export async function interrupted(clinic: ErasureClinic, then: () => Promise<unknown>): Promise<Keyring> {
  const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
  return {
    ...keyring,
    async turnOver(without) {
      const turned = await keyring.turnOver(without)
      await then()
      return turned
    },
  }
}
