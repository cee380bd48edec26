// One line to the parent process, written before anything else happens: what a child was told survives its own death.

import { writeSync } from 'node:fs'

const moment = new Int32Array(new SharedArrayBuffer(4))

export function tellParent(value: unknown): void {
  const line = Buffer.from(`${JSON.stringify(value)}\n`)
  for (let written = 0; written < line.length; ) written += writeSome(line.subarray(written))
}

// The pipe may be full: then this process waits, as it would for a blocking one.
function writeSome(bytes: Uint8Array): number {
  try {
    return writeSync(1, bytes)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    Atomics.wait(moment, 0, 0, 1)
    return 0
  }
}
