// Bytes that come in any pieces, cut into pieces of one length. The last of them is known only when all have come, so one
// piece is always held back; that is all the memory it takes.

export interface Cutter {
  /** Takes bytes; gives the pieces that are whole and have something behind them. They are good until the next call. */
  push(bytes: Uint8Array): readonly Uint8Array[]
  /** What was held back: the last piece, of at most the length; empty only where nothing came. */
  rest(): Uint8Array
}

/** `expected` bytes that are known to come need no room made for them again. */
export function createCutter(length: number, expected = 0): Cutter {
  let held = new Uint8Array(Math.min(length, expected))
  let filled = 0

  function hold(bytes: Uint8Array): void {
    const needed = filled + bytes.length
    if (needed > held.length) {
      // Doubled, for a caller who brings single bytes; small bodies never pay for a whole piece.
      const grown = new Uint8Array(Math.min(length, Math.max(needed, 2 * held.length)))
      grown.set(held.subarray(0, filled))
      held = grown
    }
    held.set(bytes, filled)
    filled = needed
  }

  return {
    push(bytes) {
      const pieces: Uint8Array[] = []
      let at = 0
      while (at < bytes.length) {
        if (filled === length) {
          pieces.push(held)
          held = new Uint8Array(0)
          filled = 0
        }
        // What lies whole in the caller's bytes needs no copy, as long as more follows.
        while (filled === 0 && bytes.length - at > length) {
          pieces.push(bytes.subarray(at, at + length))
          at += length
        }
        const part = bytes.subarray(at, at + length - filled)
        hold(part)
        at += part.length
      }
      return pieces
    },
    rest: () => held.subarray(0, filled),
  }
}
