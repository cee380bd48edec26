// Detection in a text that comes in chunks, in memory that does not grow with it (spec/detection.md §6).

import type { DetectedType, Detection } from './detector.ts'

/** A part of the stream. Its detections are whole: no cut goes through one. */
export interface Piece<Type extends DetectedType = DetectedType> {
  /** What stands before it in the stream, as far as detection looked. */
  readonly before: string
  readonly text: string
  /** Offsets into `text`; sorted, without overlap. */
  readonly detections: readonly Detection<Type>[]
}

/** How far around a finding it may depend on the text; more than the longest finding with its label. */
export const REACH = 512
/** New text that one look covers at least. */
export const STRIDE = 65_536

/**
 * Cuts the stream into pieces, each as it is found in the whole text. The texts of the pieces, one after another, are the
 * stream. Only chains of overlapping candidates longer than 512 characters may be told apart elsewhere; they are found.
 */
export async function* scanStream<Type extends DetectedType>(
  chunks: AsyncIterable<string> | Iterable<string>,
  detect: (text: string) => readonly Detection<Type>[] | Promise<readonly Detection<Type>[]>,
): AsyncGenerator<Piece<Type>> {
  let before = ''
  let waiting = ''
  for await (const chunk of chunks) {
    waiting += chunk
    if (waiting.length < STRIDE + 2 * REACH) continue
    const piece = pieceOf(before, waiting, await detect(before + waiting), waiting.length - 2 * REACH)
    waiting = waiting.slice(piece.text.length)
    before = (before + piece.text).slice(-2 * REACH)
    yield piece
  }
  if (waiting !== '') yield pieceOf(before, waiting, await detect(before + waiting), waiting.length)
}

/** The piece that is told of `waiting`: up to `until`, or to the end of what reaches over it. `found` is of `before + waiting`. */
export function pieceOf<Type extends DetectedType>(
  before: string,
  waiting: string,
  found: readonly Detection<Type>[],
  until: number,
): Piece<Type> {
  // What begins in the text before was told with it, or is cut off there and so is nothing.
  const fresh = found
    .filter(({ start }) => start >= before.length)
    .map(({ type, start, end }) => ({ type, start: start - before.length, end: end - before.length }))
  const cut = cutAfter(waiting, fresh.find(({ start, end }) => start < until && end > until)?.end ?? until)
  return { before, text: waiting.slice(0, cut), detections: fresh.filter(({ end }) => end <= cut) }
}

/** Never between the two halves of a character. */
function cutAfter(text: string, cut: number): number {
  const code = text.charCodeAt(cut - 1)
  return cut < text.length && code >= 0xd800 && code <= 0xdbff ? cut + 1 : cut
}
