// Where in a file the last entry of each of many conversations begins: 16 bytes for each, however long its id.

import { randomBytes } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { sha256 } from '../crypto/sha256.ts'

export interface OffsetTable {
  set(name: string, offset: number): void
  /** An offset set under this name; once in a great while one set under another: look what stands there. */
  get(name: string): number | undefined
}

const FIRST_SLOTS = 1_024

export function createOffsetTable(): OffsetTable {
  // Salted, so that nobody can make up names that collide.
  const salt = randomBytes(16)
  let slots = FIRST_SLOTS
  let keys = new BigUint64Array(slots)
  let offsets = new Float64Array(slots)
  let used = 0

  function keyOf(name: string): bigint {
    const hash = sha256(concatBytes(salt, utf8(name)))
    const key = new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
    // Zero marks an empty slot.
    return key === 0n ? 1n : key
  }

  function slotOf(key: bigint): number {
    let slot = Number(key % BigInt(slots))
    while (keys[slot] !== 0n && keys[slot] !== key) slot = (slot + 1) % slots
    return slot
  }

  function put(key: bigint, offset: number): void {
    const slot = slotOf(key)
    if (keys[slot] === 0n) used++
    keys[slot] = key
    offsets[slot] = offset
  }

  function double(): void {
    const [oldKeys, oldOffsets] = [keys, offsets]
    slots *= 2
    used = 0
    keys = new BigUint64Array(slots)
    offsets = new Float64Array(slots)
    for (const [slot, key] of oldKeys.entries()) if (key !== 0n) put(key, oldOffsets[slot] ?? 0)
  }

  return {
    set(name, offset) {
      if (used * 2 >= slots) double()
      put(keyOf(name), offset)
    },
    get(name) {
      const slot = slotOf(keyOf(name))
      return keys[slot] === 0n ? undefined : offsets[slot]
    },
  }
}
