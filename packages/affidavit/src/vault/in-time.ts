// What a keyring stands on answers in time and in our words (spec/vault.md §7): a store or a keeper of keys that hangs holds up
// nobody for ever, and what either throws is a LedgerError.

import { LedgerError } from '../errors/ledger-error.ts'
import type { KeyringParts } from './generation.ts'
import type { KeyWrapper } from './key-wrapper.ts'
import type { KeyringStore } from './keyring-store.ts'

/** More than a keyring waits for other processes, and a key service for itself. */
const PATIENCE_MILLIS = 30_000
/** Removing the rows of a large keyring, and writing it back, may take that many times as long. */
const LONG = 20

/** The same parts, each call of which rejects with a LedgerError in the end: `key-unavailable` where no answer came. */
export function answeringInTime(parts: KeyringParts): KeyringParts {
  const { store, wrapper, patienceMillis = PATIENCE_MILLIS } = parts
  return { ...parts, store: storeInTime(store, patienceMillis), wrapper: wrapperInTime(wrapper, patienceMillis) }
}

function storeInTime(store: KeyringStore, millis: number): KeyringStore {
  const call = <T>(work: () => Promise<T>, times = 1): Promise<T> => within(STORE, millis * times, work)
  return {
    head: () => call(() => store.head()),
    begin: (head) => call(() => store.begin(head)),
    find: (generation, lookups) => call(() => store.find(generation, lookups)),
    byKeys: (generation, keys) => call(() => store.byKeys(generation, keys)),
    byOwner: (generation, owner) => call(() => store.byOwner(generation, owner)),
    add: (generation, rows) => call(() => store.add(generation, rows)),
    page: (generation, after, limit) => call(() => store.page(generation, after, limit)),
    stage: (generation, stage, rows) => call(() => store.stage(generation, stage, rows)),
    turnOver: (turn) => call(() => store.turnOver(turn), LONG),
    settle: () => call(() => store.settle(), LONG),
    forget: (version) => call(() => store.forget(version)),
    close: () => closed(call(() => store.close())),
  }
}

function wrapperInTime(wrapper: KeyWrapper, millis: number): KeyWrapper {
  const call = <T>(work: () => Promise<T>): Promise<T> => within(WRAPPER, millis, work)
  return {
    kind: wrapper.kind,
    create: () => call(() => wrapper.create()),
    versions: () => call(() => wrapper.versions()),
    wrap: (version, key, context) => call(() => wrapper.wrap(version, key, context)),
    unwrap: (version, wrapped, context) => call(() => wrapper.unwrap(version, wrapped, context)),
    destroy: (version) => call(() => wrapper.destroy(version)),
    close: () => closed(call(() => wrapper.close())),
  }
}

/** Who is asked, and what a failure in words of its own means. */
interface Asked {
  readonly who: string
  readonly code: 'store-unavailable' | 'key-unavailable'
  readonly cure: string
}

const STORE: Asked = { who: 'the keyring', code: 'store-unavailable', cure: 'check the disk that it lies on' }
const WRAPPER: Asked = {
  who: 'whoever keeps the key-encryption keys',
  code: 'key-unavailable',
  cure: 'check that the folder, token or service is in order',
}

async function within<T>(asked: Asked, millis: number, work: () => Promise<T>): Promise<T> {
  const deadline = Promise.withResolvers<never>()
  const timer = setTimeout(() => deadline.reject(noAnswer(asked, millis)), millis)
  try {
    return await Promise.race([work(), deadline.promise])
  } catch (error) {
    throw inOurWords(asked, error)
  } finally {
    clearTimeout(timer)
  }
}

// Everything that was told is durable: nobody loses by not waiting for a farewell.
async function closed(closing: Promise<void>): Promise<void> {
  try {
    await closing
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'key-unavailable')) throw error
  }
}

// What came late may have been done: each of these calls may be done again.
function noAnswer({ who, cure }: Asked, millis: number): LedgerError {
  return new LedgerError('key-unavailable', { problem: `${who} did not answer within ${millis / 1000} s`, cure })
}

// Of what somebody else's code says only the kind of its failure is repeated: it may quote a secret.
function inOurWords({ who, code, cure }: Asked, error: unknown): LedgerError {
  if (error instanceof LedgerError) return error
  const kind = error instanceof Error ? error.name : 'no error'
  return new LedgerError(code, { problem: `${who} failed: ${kind}`, cure, cause: error })
}
