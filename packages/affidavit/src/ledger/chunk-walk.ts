// Chunks of an archived payload are asked for by their numbers, and come as a stream: whoever goes on where the last answer ended
// begins nothing anew.

export interface ChunkWalk {
  /** The number of the chunk that comes next. */
  at(): number
  /** The next chunks; fewer where there are no more. */
  take(count: number): Promise<readonly Uint8Array[]>
}

/** @param ended called once there are no more */
export function createChunkWalk(chunks: AsyncIterable<Uint8Array>, ended: () => void): ChunkWalk {
  const stream = chunks[Symbol.asyncIterator]()
  let at = 0
  return {
    at: () => at,
    async take(count) {
      const taken: Uint8Array[] = []
      while (taken.length < count) {
        const next = await stream.next()
        if (next.done === true) {
          ended()
          break
        }
        taken.push(next.value)
        at++
      }
      return taken
    },
  }
}
