// Random bytes in small portions. A call of the generator costs microseconds however few bytes it is asked for, so one call
// fills a supply for many portions.

import { randomBytes } from 'node:crypto'

const SUPPLY_BYTES = 4096

/** So many random bytes from the system's generator; each byte is given out once. */
export type RandomSource = (bytes: number) => Uint8Array

export function createRandomSource(): RandomSource {
  let supply = new Uint8Array(0)
  let used = 0
  return (bytes) => {
    if (used + bytes > supply.length) {
      // A new buffer each time: a portion that was given out never changes.
      supply = randomBytes(Math.max(SUPPLY_BYTES, bytes))
      used = 0
    }
    used += bytes
    return supply.subarray(used - bytes, used)
  }
}
