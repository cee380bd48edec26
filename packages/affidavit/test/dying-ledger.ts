// A ledger that dies at a chosen write, of its database, its keyring or its key-encryption keys: for tests of what is finished by
// whoever comes next.

import { createRandomSource } from '../src/crypto/random.ts'
import { openWrapper } from '../src/embedded/keyring.ts'
import { type OpenOptions, openFolder } from '../src/embedded/open.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { openKeyring } from '../src/vault/keyring.ts'
import { type Backend, doesAll } from './backend.ts'
import { type ErasureClinic, QUIET } from './erasure-clinic.ts'
import { openKeyringStore } from './keyring-store.ts'

const WRITES = new Set([
  'commit',
  'keepPayload',
  'keepChunks',
  'moveEntries',
  'replaceEntries',
  'add',
  'stage',
  'turnOver',
  'settle',
  'forget',
  'create',
  'wrap',
  'destroy',
])

/** The same object, with `act` around each of its writes. */
function around<Parts extends object>(
  parts: Parts,
  act: (name: string, write: () => Promise<unknown>) => unknown,
): Parts {
  return new Proxy(parts, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || typeof name !== 'string' || !WRITES.has(name)) return member
      return (...args: readonly unknown[]) => act(name, async () => Reflect.apply(member, target, args))
    },
  })
}

export type When = 'before' | 'after'

/** Where each failure takes long, some are before and some behind their write. */
export function waysToFail(backend: Backend): readonly (When | 'before or after')[] {
  return doesAll(backend) ? ['before', 'after'] : ['before or after']
}

/** Whether the failure with this number is before or behind its write. */
export function whenToFail(way: When | 'before or after', number: number): When {
  if (way !== 'before or after') return way
  return number % 2 === 0 ? 'before' : 'after'
}

export interface Dying {
  readonly ledger: Ledger
  /** From now on the writes are counted; the one with this number, and all behind it, fail. */
  dieAt(number: number): void
  readonly died: () => string | undefined
}

/** `when`: whether the write at which it dies reached the disk. */
export async function openToDie(
  { folder, origin }: Pick<ErasureClinic, 'folder' | 'origin'>,
  when: When,
  more: OpenOptions = {},
): Promise<Dying> {
  let [count, at] = [0, Number.POSITIVE_INFINITY]
  let died: string | undefined
  async function act(name: string, write: () => Promise<unknown>): Promise<unknown> {
    count++
    if (count < at) return write()
    if (died === undefined && when === 'after') await write()
    died ??= name
    throw new Error('the power is gone')
  }
  const name = nameOf(origin)
  const keyring = await openKeyring({
    store: around(await openKeyringStore(folder, name), act),
    wrapper: around(await openWrapper(folder, name), act),
    name,
    random: createRandomSource(),
  })
  const store = around(await openStore(placeOf(folder)), act)
  const ledger = await openFolder(folder, { publish: QUIET, ...more, store, keyring })
  return {
    ledger,
    dieAt(number) {
      ;[count, at] = [0, number]
    },
    died: () => died,
  }
}
