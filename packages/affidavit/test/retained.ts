// What a process holds, for tests that say how much that may be.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Bytes that are still referenced. Memory of buffers is given back beside the collection: the least of some looks counts. */
export function retained(): number {
  const looks = Array.from({ length: 4 }, () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  })
  return Math.min(...looks)
}
