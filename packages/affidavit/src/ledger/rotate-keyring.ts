// A new key-encryption key for the keyring, on record (spec/vault.md §8): the keyring is turned over with every row, the version
// of before is destroyed, and a record says so. Where that record was never written, whoever opens the ledger next writes one.

import type { Draft } from '../formats/fields.ts'
import { type KeyringTurn, parseKeyringTurn } from '../formats/key-rotation.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Owner } from '../vault/wrap-anew.ts'
import { destroyRetired } from './destroy-retired.ts'
import type { Erasing } from './erase.ts'
import { newestOutcome } from './erasure-records.ts'
import { actorOf, type Operator } from './operator.ts'
import type { Settled } from './place.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

export interface KeyringRotated {
  readonly generation: number
  readonly old_version: string
  readonly new_version: string
  /** Versions that still stand: a key service takes its time, and a keeper may not have answered. */
  readonly retired_key_versions: readonly string[]
  /** Where the record stands. */
  readonly seq: number
}

export interface KeyringRotationParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keyring: Keyring
  readonly erasing: Pick<Erasing, 'undisturbed' | 'settle'>
  record(draft: Draft): Promise<Settled>
  deriveId(...words: readonly string[]): string
}

/** Turns the keyring over for good and all: earlier copies of it open no more. @param without owners whose keys are destroyed with it */
export async function rotateKeyring(
  parts: KeyringRotationParts,
  operator?: Operator,
  without: readonly Owner[] = [],
): Promise<KeyringRotated> {
  const { store, ledger, keyring, erasing } = parts
  const turned = await erasing.undisturbed(async () => {
    const { generation, old_version, new_version } = await keyring.turnOver(without)
    return { generation, old_version, new_version, retired_key_versions: await destroyRetired(keyring) }
  })
  const { generation, ...versions } = turned
  const { keyring_generation: previous_generation } = await keyringOnRecord(store, ledger)
  const told = { key: 'keyring', told: 'by-rotation', keyring_generation: generation, previous_generation } as const
  // Whoever opened the ledger meanwhile may have recorded it: then that is the record.
  const { seq } = await parts.record({ ...turnRecord(parts, { ...told, ...versions }), ...actorOf(operator) })
  return { ...turned, seq }
}

/** Others turn over at the same time; each time somebody has come further. */
const LOOKS = 20

/**
 * Records that the keyring is of another generation than the newest one on record: whoever turned it over did not live to tell,
 * or another copy of it came back.
 */
export async function recordKeyring(parts: KeyringRotationParts): Promise<void> {
  const { store, ledger, keyring } = parts
  for (let look = 1; ; look++) {
    // An erasure that is not over may have turned it over, and says so when it is.
    await parts.erasing.settle()
    const { generation, version } = await keyring.inForce()
    const { seq: newest, keyring_generation: previous_generation } = await keyringOnRecord(store, ledger)
    if (previous_generation === generation) return
    if (look < LOOKS && (await keyring.inForce()).generation !== generation) continue
    const retired_key_versions = await destroyRetired(keyring)
    const told = { key: 'keyring', told: 'at-opening', keyring_generation: generation, previous_generation } as const
    const turn = { ...told, new_version: version, retired_key_versions }
    const { seq } = await parts.record(turnRecord(parts, turn))
    // It was told before, and another generation since: an old copy came back, or two that turned over told it the other way round.
    if (seq < newest) await parts.record(turnRecord(parts, turn, [`behind ${newest}`]))
    return
  }
}

// One turn-over is one record, whoever tells of it: no two have the same version. `again` tells a return from it.
function turnRecord(
  { deriveId }: Pick<KeyringRotationParts, 'deriveId'>,
  turn: KeyringTurn,
  again: readonly string[] = [],
): Draft {
  return {
    id: deriveId('key_rotated', 'keyring', String(turn.keyring_generation), turn.new_version, ...again),
    action: 'key_rotated',
    outcome: 'success',
    ...actorOf(undefined),
    data_classification: 'internal',
    details: { ...turn },
  }
}

interface Told {
  readonly seq: number
  readonly keyring_generation: number
}

/** The newest record about the keyring: a rotation, the outcome of an erasure, or the beginning. */
export async function keyringOnRecord(store: LedgerStore, ledger: string): Promise<Told> {
  const [rotated, erased] = [await newestTurn(store, ledger), await newestOutcome(store, ledger)]
  const newest = (rotated?.seq ?? -1) > (erased?.seq ?? -1) ? rotated : erased
  return newest ?? { seq: 0, keyring_generation: await firstGeneration(store, ledger) }
}

async function newestTurn(store: LedgerStore, ledger: string): Promise<Told | undefined> {
  for await (const entry of readPages(store, ledger, { action: 'key_rotated' }, { order: 'descending' })) {
    const { seq, details } = recordOf(entry)
    const turn = parseKeyringTurn(details ?? {})
    if (turn !== undefined) return { seq, keyring_generation: turn.keyring_generation }
  }
  return undefined
}

// A ledger that goes on after a restore has a keyring that is older than it is.
async function firstGeneration(store: LedgerStore, ledger: string): Promise<number> {
  const [start] = await store.entries(ledger, { until_seq: 1 }, { limit: 1, order: 'ascending' })
  const generation = start === undefined ? undefined : recordOf(start).details?.keyring_generation
  return typeof generation === 'number' ? generation : 1
}
