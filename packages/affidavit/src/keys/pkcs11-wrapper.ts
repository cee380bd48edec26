// Key-encryption keys in a PKCS#11 token, such as a hardware security module: they are made in it and never leave it
// (spec/keys.md §6).

import { randomBytes } from 'node:crypto'

import type { Handle } from 'pkcs11js'

import { NONCE_BYTES } from '../crypto/aead.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { KeyVersion, KeyWrapper } from '../vault/key-wrapper.ts'
import { type Environment, secretText } from './environment-secret.ts'
import { expectLedgerName } from './ledger-name.ts'
import { inSession, loadLibrary, loadPkcs11, type TokenPlace, type TokenSession } from './pkcs11-token.ts'
import { formatTombstone } from './version-file.ts'
import { compareVersionNames, isVersionName, nextVersionName } from './version-name.ts'
import {
  assertContext,
  assertWrappable,
  type Binding,
  bindingBytes,
  formatWrapping,
  parseWrapping,
} from './wrapped-key.ts'
import { doesNotOpen, keyDestroyed, keyUnavailable } from './wrapper-errors.ts'

const PIN = 'AFFIDAVIT_PKCS11_PIN'

export interface Pkcs11WrapperOptions {
  /** The library of the token's maker, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string
  /** The token's label. */
  readonly token: string
  readonly ledger: string
  /** With `AFFIDAVIT_PKCS11_PIN` or `AFFIDAVIT_PKCS11_PIN_FILE`: `process.env`. A command line shows a PIN to everybody. */
  readonly environment: Environment
}

/** @throws LedgerError `key-unavailable` where package, module, token or PIN are not there */
export async function pkcs11Wrapper({ module, token, ledger, environment }: Pkcs11WrapperOptions): Promise<KeyWrapper> {
  expectLedgerName(ledger)
  const place: TokenPlace = { module, token, pin: secretText(environment, PIN) }
  const pkcs11 = await loadPkcs11()
  const library = loadLibrary(pkcs11, module)
  const asking = async <T>(work: (session: TokenSession) => T): Promise<T> => inSession(pkcs11, library, place, work)
  const prefix = `affidavit/${ledger}/`

  await asking(() => undefined)
  return {
    kind: 'pkcs11',
    create: () =>
      asking((session) => {
        const version = nextVersionName(listVersions(session, prefix).map((one) => one.version))
        session.generateKey(prefix + version)
        return version
      }),
    versions: () => asking((session) => listVersions(session, prefix)),
    wrap: (version, key, context) =>
      asking((session) => {
        assertWrappable(key, context)
        return wrapIn(session, usableKey(session, prefix, version), key, { ledger, version, context })
      }),
    unwrap: (version, wrapped, context) =>
      asking((session) => {
        assertContext(context)
        return unwrapIn(session, usableKey(session, prefix, version), wrapped, { ledger, version, context })
      }),
    destroy: (version) =>
      asking((session) => {
        destroyIn(session, prefix, version, formatTombstone(ledger, version))
        return 'destroyed'
      }),
    close: async () => undefined,
  }
}

function listVersions(session: TokenSession, prefix: string): KeyVersion[] {
  const namesOf = (labels: readonly string[]) =>
    labels
      .filter((label) => label.startsWith(prefix))
      .map((label) => label.slice(prefix.length))
      .filter(isVersionName)
  const kept = new Set(namesOf(session.labels('key')))
  const destroyed = new Set(namesOf(session.labels('note')))
  return [...new Set([...kept, ...destroyed])].sort(compareVersionNames).map((version) => {
    if (!destroyed.has(version)) return { version, state: 'usable' }
    return { version, state: kept.has(version) ? 'destroying' : 'destroyed' }
  })
}

function usableKey(session: TokenSession, prefix: string, version: string): Handle {
  if (!isVersionName(version)) throw noSuchVersion('of that name')
  if (session.find('note', prefix + version).length > 0) throw keyDestroyed(version)
  const [key, ...others] = session.find('key', prefix + version)
  if (key === undefined) throw noSuchVersion(version)
  if (others.length === 0 && session.isConfined(key)) return key
  throw new LedgerError('wrong-key', {
    problem: `the token has ${others.length > 0 ? 'several keys' : 'a key that may leave it'} in the place of ${version}`,
    cure: 'find out who put it there, and remove what was not made by this library',
  })
}

function wrapIn(session: TokenSession, key: Handle, plain: Uint8Array, binding: Binding): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  return formatWrapping(nonce, session.encrypt(key, nonce, bindingBytes(binding), plain))
}

function unwrapIn(session: TokenSession, key: Handle, wrapped: Uint8Array, binding: Binding): Uint8Array {
  const parts = parseWrapping(wrapped)
  if (parts === undefined) throw doesNotOpen(binding.version)
  try {
    return Uint8Array.from(session.decrypt(key, parts.nonce, bindingBytes(binding), parts.sealed))
  } catch (cause) {
    expectWorking(session, key, binding)
    throw doesNotOpen(binding.version, cause)
  }
}

// Tokens do not agree on how they refuse a tag; some say no more than "general error". One that opens what it has just
// wrapped is in order: then it was the bytes.
function expectWorking(session: TokenSession, key: Handle, binding: Binding): void {
  const nonce = randomBytes(NONCE_BYTES)
  const aad = bindingBytes(binding)
  session.decrypt(key, nonce, aad, session.encrypt(key, nonce, aad, randomBytes(32)))
}

function destroyIn(session: TokenSession, prefix: string, version: string, tombstone: string): void {
  if (!isVersionName(version)) throw noSuchVersion('of that name')
  const label = prefix + version
  const buried = session.find('note', label).length > 0
  if (!buried) {
    if (session.find('key', label).length === 0) throw noSuchVersion(version)
    session.leaveNote(label, tombstone)
  }
  for (const key of session.find('key', label)) session.remove(key)
  if (session.find('key', label).length === 0) return
  throw keyUnavailable(`the token still has key-encryption key ${version}`, 'destroy it again')
}

function noSuchVersion(version: string): LedgerError {
  return keyUnavailable(
    `the token holds no key-encryption key ${version} of this ledger`,
    'connect the token that belongs to this keyring, or restore it from its own backup',
  )
}
