// Keys in files: DIR/keys, mode 0700, each file 0600. Simple and honest: whoever reads the files can sign (SECURITY.md).

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'

import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { formatSignerKey, generateSignerKey, parseSignerKey, type SignerKey } from '../formats/signer-key.ts'
import { type KeyType, sameVerifierKey } from '../formats/verifier-key.ts'
import type { LedgerKeys, Signer } from '../ledger/keys.ts'
import { removeLeftovers, syncFolder, writeSecret } from './secret-file.ts'

const CHECKPOINT = 'checkpoint.key'
const NEXT_CHECKPOINT = 'checkpoint.key.next'
const HEARTBEAT = 'heartbeat.key'
const DIGEST = 'digest.key'

/** The name of the heartbeat key of a ledger: a cosigner of its own, so that its lines are never taken for the log's. */
function heartbeatName(ledger: string): string {
  return `${ledger}/heartbeat`
}

/**
 * Makes the keys of a new ledger in `folder`. Existing key files are left alone and refused.
 * @throws LedgerError `ledger-exists` where a key file is there already
 */
export function createFileKeys(folder: string, ledger: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  removeLeftovers(folder)
  writeKey(join(folder, CHECKPOINT), `${formatSignerKey(generateSignerKey(ledger, 'ed25519'))}\n`)
  writeKey(join(folder, HEARTBEAT), `${formatSignerKey(generateSignerKey(heartbeatName(ledger), 'cosignature/v1'))}\n`)
  writeKey(join(folder, DIGEST), `${toBase64(randomBytes(32))}\n`)
}

/**
 * Sets the keys of the previous incarnation aside, under its checkpoint key's id; nothing where they stand aside already.
 * That key goes last, so that doing it again finishes what a crash interrupted.
 * @throws LedgerError `missing-key`, `wrong-key`
 */
export function retireFileKeys(folder: string): void {
  const retiring = [NEXT_CHECKPOINT, HEARTBEAT, DIGEST, CHECKPOINT].filter((name) => existsSync(join(folder, name)))
  if (retiring.length === 0) return
  const { keyId } = readSigner(folder, CHECKPOINT, 'ed25519').verifierKey
  const shelf = join(folder, 'previous', keyId)
  mkdirSync(shelf, { recursive: true, mode: 0o700 })
  for (const name of retiring) renameSync(join(folder, name), join(shelf, name))
  syncFolder(folder)
}

/**
 * The keys in `folder`.
 * @throws LedgerError `missing-key`, `wrong-key` (a file that is no key of its kind, or of another ledger)
 */
export function fileKeys(folder: string, ledger: string): LedgerKeys {
  const heartbeat = readSigner(folder, HEARTBEAT, 'cosignature/v1')
  expectName(heartbeat, heartbeatName(ledger), join(folder, HEARTBEAT))
  const digestKey = readDigestKey(join(folder, DIGEST))

  function checkpointSigner(): Signer {
    const signer = readSigner(folder, CHECKPOINT, 'ed25519')
    expectName(signer, ledger, join(folder, CHECKPOINT))
    return signer
  }

  function pending(): Signer | undefined {
    const path = join(folder, NEXT_CHECKPOINT)
    if (!existsSync(path)) return undefined
    const signer = readSigner(folder, NEXT_CHECKPOINT, 'ed25519')
    expectName(signer, ledger, path)
    return signer
  }

  checkpointSigner()
  return {
    digestKey,
    heartbeat,
    checkpoint: async () => checkpointSigner(),
    pendingRotation: async () => pending(),
    async beginRotation() {
      const begun = pending()
      if (begun !== undefined) return begun
      const next = generateSignerKey(ledger, 'ed25519')
      writeKey(join(folder, NEXT_CHECKPOINT), `${formatSignerKey(next)}\n`)
      return signerOf(next)
    },
    async finishRotation({ verifierKey }) {
      const begun = pending()
      if (begun === undefined || !sameVerifierKey(begun.verifierKey, verifierKey)) return
      // rename replaces the old key's file in one step: there is never a moment without a key.
      renameSync(join(folder, NEXT_CHECKPOINT), join(folder, CHECKPOINT))
      removeLeftovers(folder)
      syncFolder(folder)
    },
  }
}

/**
 * Whose keys lie in `folder`, and the key of its digests: for whoever does not know the ledger yet.
 * @throws LedgerError `missing-key`, `wrong-key`
 */
export function readHomeKeys(folder: string): { readonly ledger: string; readonly digestKey: KeyObject } {
  const { verifierKey } = readSigner(folder, CHECKPOINT, 'ed25519')
  return { ledger: verifierKey.name, digestKey: readDigestKey(join(folder, DIGEST)) }
}

function signerOf(key: SignerKey): Signer {
  return { verifierKey: key.verifierKey, sign: async (message) => signEd25519(key.privateKey, message) }
}

function readSigner(folder: string, file: string, type: KeyType): Signer {
  const path = join(folder, file)
  const key = parseSignerKey(readText(path).trimEnd())
  if ('code' in key) throw wrongKey(path, `it is no signer key (${key.code})`)
  if (key.verifierKey.type !== type) throw wrongKey(path, `it is a ${key.verifierKey.type} key where ${type} is needed`)
  return signerOf(key)
}

function readDigestKey(path: string): KeyObject {
  const bytes = fromBase64(readText(path).trimEnd())
  if (bytes?.length !== 32) throw wrongKey(path, 'it is no base64 of 32 bytes')
  return createSecretKey(bytes)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new LedgerError('missing-key', {
      problem: `cannot read the key file ${path}`,
      cure: 'restore it from the backup of the keys; without it the ledger can be verified, not written',
      cause,
    })
  }
}

function expectName(signer: Signer, name: string, path: string): void {
  if (signer.verifierKey.name !== name) throw wrongKey(path, `it belongs to ${signer.verifierKey.name}, not to ${name}`)
}

function wrongKey(path: string, problem: string): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `${path}: ${problem}`,
    cure: 'restore the keys that belong to this ledger',
  })
}

function writeKey(path: string, text: string): void {
  try {
    writeSecret(path, text)
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause
    throw new LedgerError('ledger-exists', {
      problem: `cannot create the key file ${path}`,
      cure: 'choose an empty folder',
      cause,
    })
  }
}
