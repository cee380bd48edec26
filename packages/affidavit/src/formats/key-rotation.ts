// What a record key_rotated announces: another checkpoint key (spec/sequencing.md §7), or another generation of the keyring
// (spec/vault.md §8). Each has members of its own, all of them and no others, so that no record is both.

import { labelProblem } from '../bytes/label.ts'
import { MAX_LABEL_BYTES } from './fields.ts'
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts'

/** As an entry or a draft has them. */
export type Details = { readonly [name: string]: unknown }

export interface CheckpointKeyChange {
  readonly oldKey: VerifierKey
  readonly newKey: VerifierKey
}

interface Turned {
  readonly key: 'keyring'
  /** The one in force since. */
  readonly keyring_generation: number
  /** The newest that was on record before. */
  readonly previous_generation: number
  /** Of the key-encryption key: the version in force since. */
  readonly new_version: string
  /** Versions before it that still stand, ascending; the first hundred. */
  readonly retired_key_versions: readonly string[]
}

export type KeyringTurn =
  | (Turned & { readonly told: 'by-rotation'; readonly old_version: string })
  /** Found by whoever opened the ledger: whoever turned the keyring over did not record it. */
  | (Turned & { readonly told: 'at-opening' })

/** Key versions that a record lists at most. */
export const MAX_LISTED_VERSIONS = 100

/** The change of the checkpoint key that these details announce; `undefined` where they announce none. */
export function parseCheckpointKeyChange(details: Details): CheckpointKeyChange | undefined {
  if (!hasOnly(details, ['old_key', 'new_key', 'attempt'])) return undefined
  const [oldKey, newKey] = [keyOf(details.old_key), keyOf(details.new_key)]
  return oldKey === undefined || newKey === undefined ? undefined : { oldKey, newKey }
}

/** The turn-over of the keyring that these details announce; `undefined` where they announce none. */
export function parseKeyringTurn(details: Details): KeyringTurn | undefined {
  const { key, told, keyring_generation, previous_generation, new_version, old_version, retired_key_versions } = details
  if (key !== 'keyring' || !isGeneration(keyring_generation) || !isGeneration(previous_generation)) return undefined
  if (!isVersion(new_version) || !isListed(retired_key_versions)) return undefined
  const turned = { key, keyring_generation, previous_generation, new_version, retired_key_versions } as const
  const members = [...Object.keys(turned), 'told']
  if (told === 'at-opening') return hasOnly(details, members) ? { ...turned, told } : undefined
  if (told !== 'by-rotation' || !isVersion(old_version)) return undefined
  return hasOnly(details, [...members, 'old_version']) ? { ...turned, told, old_version } : undefined
}

function hasOnly(details: Details, members: readonly string[]): boolean {
  return Object.keys(details).every((name) => members.includes(name))
}

function keyOf(text: unknown): VerifierKey | undefined {
  const key = typeof text === 'string' ? parseVerifierKey(text) : undefined
  return key === undefined || 'code' in key ? undefined : key
}

function isGeneration(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function isVersion(value: unknown): value is string {
  return typeof value === 'string' && labelProblem(value, MAX_LABEL_BYTES) === undefined
}

function isListed(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_LISTED_VERSIONS || !value.every(isVersion)) return false
  return value.every((version, i) => i === 0 || version > (value[i - 1] ?? ''))
}
