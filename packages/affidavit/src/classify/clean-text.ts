// Text that comes in pieces, without its sensitive authentication data (spec/detection.md §4, §9).

import type { Tally } from './inspection.ts'
import { removedWord } from './mask.ts'
import { replaceSpans } from './replace-spans.ts'
import { pieceOf, REACH, STRIDE } from './scan-stream.ts'
import { detectBoth } from './structured.ts'

export interface TextCleaning {
  push(text: string): string
  end(): string
}

const WINDOW = STRIDE + 2 * REACH

/**
 * Looks through windows of one length, whatever the pieces are: what comes out, and what is counted, does not depend on the
 * cuts. Holds one window at most, besides the piece it is given.
 */
export function createTextCleaning(tally: Tally): TextCleaning {
  let before = ''
  let waiting = ''

  function take(window: string, until: number): string {
    const { all, authentication } = detectBoth(before + window)
    const { text, detections } = pieceOf(before, window, authentication, until)
    // What begins in the text before was told with it.
    tally.find(all.filter(({ start }) => start >= before.length && start < before.length + text.length))
    tally.remove(detections)
    const cleaned = replaceSpans(text, detections, removedWord, before)
    before = (before + text).slice(-2 * REACH)
    waiting = waiting.slice(text.length)
    return cleaned
  }

  return {
    push(text) {
      waiting += text
      let cleaned = ''
      while (waiting.length >= WINDOW) cleaned += take(waiting.slice(0, WINDOW), STRIDE)
      return cleaned
    },
    end: () => (waiting === '' ? '' : take(waiting, waiting.length)),
  }
}
