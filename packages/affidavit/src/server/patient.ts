// A stream to somebody who takes what comes: whoever takes nothing for long is cut off, and holds no memory meanwhile (spec/http.md §7).

import { Readable } from 'node:stream'

import type { Clock } from '../clock/clock.ts'

export const PATIENCE_MILLIS = 30_000
const LOOK_MILLIS = 500

/** Pieces are made as they are taken. @param cutOff called once, where nothing was taken for so long */
export function patientStream(
  pieces: AsyncGenerator<string>,
  { elapsed }: Pick<Clock, 'elapsed'>,
  cutOff: () => void,
): Readable {
  let offeredAt: number | undefined
  async function* offered(): AsyncGenerator<string> {
    for await (const piece of pieces) {
      offeredAt = elapsed()
      yield piece
      offeredAt = undefined
    }
  }
  const stream = Readable.from(offered(), { objectMode: false })
  const looking = setInterval(() => {
    if (offeredAt === undefined || elapsed() - offeredAt < PATIENCE_MILLIS) return
    clearInterval(looking)
    cutOff()
  }, LOOK_MILLIS)
  looking.unref()
  stream.once('close', () => clearInterval(looking))
  return stream
}
