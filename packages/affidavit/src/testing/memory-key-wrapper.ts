// A key wrapper in memory that keeps the contract: for tests of what stands on one, with a hook before each act.

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

import { assertContext, assertWrappable, unwrapKey, wrapKey } from '../keys/wrapped-key.ts'
import { doesNotOpen, keyDestroyed, keyUnavailable } from '../keys/wrapper-errors.ts'
import type { KeyWrapper } from '../vault/key-wrapper.ts'

/** `before` may throw: then nothing was done. */
export function memoryKeyWrapper(before: (method: keyof KeyWrapper) => void = () => undefined): KeyWrapper {
  const keys = new Map<string, KeyObject | 'destroyed'>()

  function keyOf(version: string): KeyObject {
    const key = known(version)
    if (key === 'destroyed') throw keyDestroyed(version)
    return key
  }

  function known(version: string): KeyObject | 'destroyed' {
    const key = keys.get(version)
    if (key === undefined) throw keyUnavailable(`there is no version ${version}`, 'name one that is there')
    return key
  }

  return {
    kind: 'file',
    async create() {
      before('create')
      const version = `memory-${keys.size + 1}`
      keys.set(version, createSecretKey(randomBytes(32)))
      return version
    },
    versions: async () =>
      [...keys].map(([version, key]) => ({ version, state: key === 'destroyed' ? 'destroyed' : 'usable' })),
    async wrap(version, key, context) {
      before('wrap')
      assertWrappable(key, context)
      return wrapKey(keyOf(version), key, { ledger: 'memory', version, context })
    },
    async unwrap(version, wrapped, context) {
      before('unwrap')
      assertContext(context)
      const key = unwrapKey(keyOf(version), wrapped, { ledger: 'memory', version, context })
      if (key === undefined) throw doesNotOpen(version)
      return key
    },
    async destroy(version) {
      before('destroy')
      known(version)
      keys.set(version, 'destroyed')
      return 'destroyed'
    },
    close: async () => undefined,
  }
}
