// A PKCS#11 token, as far as the wrapper needs one: sessions, objects by label, AES-GCM. The package pkcs11js is optional and
// loaded only here. Its calls are synchronous; a token answers in milliseconds, and is asked when a keyring is opened or
// rotated.

import type { Attribute, Handle, Mechanism, PKCS11, Pkcs11 } from 'pkcs11js'

import { NONCE_BYTES, TAG_BYTES } from '../crypto/aead.ts'
import { keyUnavailable } from './wrapper-errors.ts'

export interface TokenPlace {
  /** The library of the token's maker, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string
  /** The token's label. */
  readonly token: string
  readonly pin: string
}

/** One session, for one piece of work. */
export interface TokenSession {
  /** The labels of all objects of that kind. */
  labels(kind: ObjectKind): string[]
  find(kind: ObjectKind, label: string): Handle[]
  generateKey(label: string): void
  /** Whether the token would ever give the key away. */
  isConfined(key: Handle): boolean
  leaveNote(label: string, text: string): void
  remove(object: Handle): void
  encrypt(key: Handle, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array
  decrypt(key: Handle, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array
}

export type ObjectKind = 'key' | 'note'

/** @throws LedgerError `key-unavailable` where the optional package is missing or was not built */
export async function loadPkcs11(): Promise<Pkcs11> {
  try {
    return (await import('pkcs11js')).default
  } catch (cause) {
    throw keyUnavailable(
      'keys in a PKCS#11 token need the package pkcs11js',
      'npm install pkcs11js, which compiles: it needs Python, make and a C++ compiler, and leave to run its script',
      cause,
    )
  }
}

/**
 * Opens a session, does the work, closes the session. Nothing is kept between: a token that was taken out and put back, or a
 * connection to one that broke, is met as it is.
 * @throws LedgerError `key-unavailable`, and whatever `work` throws
 */
export function inSession<T>(
  pkcs11: Pkcs11,
  library: PKCS11,
  place: TokenPlace,
  work: (session: TokenSession) => T,
): T {
  const slot = findToken(library, place)
  const flags = pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION
  const session = asked('open a session', () => library.C_OpenSession(slot, flags))
  try {
    logIn(pkcs11, library, session, place.pin)
    return work(tokenSession(pkcs11, library, session))
  } finally {
    closeQuietly(library, session)
  }
}

/** @throws LedgerError `key-unavailable` */
export function loadLibrary(pkcs11: Pkcs11, path: string): PKCS11 {
  try {
    const library = new pkcs11.PKCS11()
    library.load(path)
    initialize(library)
    return library
  } catch (cause) {
    throw keyUnavailable(`cannot load the PKCS#11 module ${path}`, 'check its path, and what it needs to run', cause)
  }
}

// A library is initialized once for the whole process, perhaps by somebody else, and so never finalized by us.
function initialize(library: PKCS11): void {
  try {
    library.C_Initialize()
  } catch (error) {
    if (!isCode(error, CKR.CRYPTOKI_ALREADY_INITIALIZED)) throw error
  }
}

const CKR = {
  ARGUMENTS_BAD: 0x7,
  MECHANISM_PARAM_INVALID: 0x71,
  PIN_INCORRECT: 0xa0,
  PIN_LOCKED: 0xa4,
  USER_ALREADY_LOGGED_IN: 0x100,
  CRYPTOKI_ALREADY_INITIALIZED: 0x191,
} as const

function findToken(library: PKCS11, { token, module }: TokenPlace): Handle {
  const slots = asked('list the tokens', () => library.C_GetSlotList(true))
  const [found, ...others] = slots.filter((slot) => labelOf(library, slot) === token)
  if (found !== undefined && others.length === 0) return found
  throw keyUnavailable(
    `${module} shows ${found === undefined ? 'no token' : 'several tokens'} of the label ${token}`,
    'check the label, and that the token is connected and answers',
  )
}

// A token in another slot that does not answer is not the one: it must not stand in the way.
function labelOf(library: PKCS11, slot: Handle): string | undefined {
  try {
    // Padded with blanks (PKCS #11 v2.40, CK_TOKEN_INFO).
    return library.C_GetTokenInfo(slot).label.trimEnd()
  } catch {
    return undefined
  }
}

// A login counts for all sessions of the process with that token.
function logIn(pkcs11: Pkcs11, library: PKCS11, session: Handle, pin: string): void {
  try {
    library.C_Login(session, pkcs11.CKU_USER, pin)
  } catch (cause) {
    if (isCode(cause, CKR.USER_ALREADY_LOGGED_IN)) return
    if (isCode(cause, CKR.PIN_INCORRECT, CKR.PIN_LOCKED)) {
      throw keyUnavailable(
        'the token refuses the PIN',
        'correct it before trying again: tokens lock after a few',
        cause,
      )
    }
    throw keyUnavailable('cannot log in to the token', 'check the token', cause)
  }
}

function closeQuietly(library: PKCS11, session: Handle): void {
  try {
    library.C_CloseSession(session)
  } catch {
    // Nothing rests on it: the work was done, or its own error says why not.
  }
}

function tokenSession(pkcs11: Pkcs11, library: PKCS11, session: Handle): TokenSession {
  function ofKind(kind: ObjectKind): Attribute[] {
    const type = kind === 'key' ? pkcs11.CKO_SECRET_KEY : pkcs11.CKO_DATA
    return [
      { type: pkcs11.CKA_CLASS, value: type },
      { type: pkcs11.CKA_TOKEN, value: true },
    ]
  }

  function search(template: readonly Attribute[]): Handle[] {
    library.C_FindObjectsInit(session, template)
    try {
      const found: Handle[] = []
      for (;;) {
        const some = library.C_FindObjects(session, 64)
        if (some.length === 0) return found
        found.push(...some)
      }
    } finally {
      library.C_FindObjectsFinal(session)
    }
  }

  function attributeOf(object: Handle, type: number): Buffer {
    return library.C_GetAttributeValue(session, object, [{ type }])[0]?.value ?? Buffer.alloc(0)
  }

  const isSet = (object: Handle, type: number) => attributeOf(object, type).some((byte) => byte !== 0)

  return {
    labels: (kind) =>
      asked('list what it holds', () =>
        search(ofKind(kind)).map((object) => attributeOf(object, pkcs11.CKA_LABEL).toString('utf8')),
      ),
    find: (kind, label) =>
      asked('look for a key', () => search([...ofKind(kind), { type: pkcs11.CKA_LABEL, value: label }])),
    generateKey(label) {
      const template = keyTemplate(pkcs11, label)
      asked('make a key', () => library.C_GenerateKey(session, { mechanism: pkcs11.CKM_AES_KEY_GEN }, template))
    },
    isConfined: (key) =>
      asked('tell about a key', () => isSet(key, pkcs11.CKA_SENSITIVE) && !isSet(key, pkcs11.CKA_EXTRACTABLE)),
    leaveNote(label, text) {
      asked('keep a note', () => library.C_CreateObject(session, noteTemplate(pkcs11, label, text)))
    },
    remove: (object) => asked('destroy an object', () => library.C_DestroyObject(session, object)),
    encrypt: (key, nonce, aad, plain) =>
      asked('encrypt', () => {
        begin(pkcs11, nonce, aad, (mechanism) => library.C_EncryptInit(session, mechanism, key))
        return library.C_Encrypt(session, Buffer.from(plain), Buffer.alloc(plain.length + TAG_BYTES))
      }),
    decrypt: (key, nonce, aad, sealed) =>
      asked('decrypt', () => {
        begin(pkcs11, nonce, aad, (mechanism) => library.C_DecryptInit(session, mechanism, key))
        return library.C_Decrypt(session, Buffer.from(sealed), Buffer.alloc(sealed.length))
      }),
  }
}

// Generated inside, and never to leave: not in plain, not wrapped.
function keyTemplate(pkcs11: Pkcs11, label: string): Attribute[] {
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_AES },
    { type: pkcs11.CKA_VALUE_LEN, value: 32 },
    { type: pkcs11.CKA_LABEL, value: label },
    { type: pkcs11.CKA_TOKEN, value: true },
    { type: pkcs11.CKA_PRIVATE, value: true },
    { type: pkcs11.CKA_SENSITIVE, value: true },
    { type: pkcs11.CKA_EXTRACTABLE, value: false },
    { type: pkcs11.CKA_MODIFIABLE, value: false },
    { type: pkcs11.CKA_ENCRYPT, value: true },
    { type: pkcs11.CKA_DECRYPT, value: true },
    { type: pkcs11.CKA_WRAP, value: false },
    { type: pkcs11.CKA_UNWRAP, value: false },
  ]
}

function noteTemplate(pkcs11: Pkcs11, label: string, text: string): Attribute[] {
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_DATA },
    { type: pkcs11.CKA_LABEL, value: label },
    { type: pkcs11.CKA_APPLICATION, value: 'affidavit' },
    { type: pkcs11.CKA_VALUE, value: Buffer.from(text) },
    { type: pkcs11.CKA_TOKEN, value: true },
    { type: pkcs11.CKA_PRIVATE, value: false },
    { type: pkcs11.CKA_MODIFIABLE, value: false },
  ]
}

// PKCS #11 v2.40 gave the parameters of GCM a member more than the drafts that some tokens were built by. A token knows its
// own by their size, and refuses the other.
function begin(pkcs11: Pkcs11, nonce: Uint8Array, aad: Uint8Array, init: (mechanism: Mechanism) => void): void {
  const parameter = { iv: Buffer.from(nonce), aad: Buffer.from(aad), ivBits: NONCE_BYTES * 8, tagBits: TAG_BYTES * 8 }
  const mechanism = pkcs11.CKM_AES_GCM
  try {
    init({ mechanism, parameter: { ...parameter, type: pkcs11.CK_PARAMS_AES_GCM_v240 } })
  } catch (error) {
    if (!isCode(error, CKR.ARGUMENTS_BAD, CKR.MECHANISM_PARAM_INVALID)) throw error
    init({ mechanism, parameter: { ...parameter, type: pkcs11.CK_PARAMS_AES_GCM } })
  }
}

// What the token refuses, in its own word, such as CKR_DEVICE_REMOVED: that is what its manual explains.
function asked<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const answer = cause instanceof Error ? /CKR_\w+/.exec(cause.message)?.[0] : undefined
    throw keyUnavailable(`the token did not ${what}: ${answer ?? 'no answer'}`, 'check the token', cause)
  }
}

function isCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && codes.includes(error.code)
}
