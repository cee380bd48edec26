// The golden segment of the archive: object, signed manifest, the key of its scope, the key that signed it, and what was archived.

import { createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'

const folder = join(import.meta.dirname, '../testdata/archive')
const given: { readonly keyHex: string; readonly vkey: string } = JSON.parse(
  readFileSync(join(folder, 'segment.json'), 'utf8'),
)

export const goldenObject: Uint8Array = readFileSync(join(folder, 'segment.seg'))
export const goldenManifest: Uint8Array = readFileSync(join(folder, 'segment.note'))
/** The exact bytes of each entry, in the order of seq. */
export const goldenEntries: readonly string[] = readFileSync(join(folder, 'segment.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
export const goldenKeyBytes: Buffer = Buffer.from(given.keyHex, 'hex')
export const goldenKey: KeyObject = createSecretKey(goldenKeyBytes)
export const goldenSigner: VerifierKey = signer()

function signer(): VerifierKey {
  const key = parseVerifierKey(given.vkey)
  if ('code' in key) throw new Error(key.code)
  return key
}
