// A message that comes in pieces, put together: texts go on where they ended, lists by the index of each element, and what names a
// thing stands for itself.

import { numberOf, type Shape, shapeOf } from '../wire/shape.ts'

/** Members are own ones, whatever their names. */
export type Joined = { [name: string]: unknown }

export function joined(): Joined {
  return Object.create(null)
}

/** Is not repeated in each piece, or is the same in all. */
const NAMES_A_THING = new Set(['index', 'id', 'type', 'role', 'name'])

/** Nothing of `delta` is kept but its texts: what comes of it is ours to change. */
export function joinDelta(whole: Joined, delta: Shape): void {
  for (const [name, piece] of Object.entries(delta)) whole[name] = joinPiece(name, whole[name], piece)
}

function joinPiece(name: string, before: unknown, piece: unknown): unknown {
  if (piece === undefined || piece === null) return before ?? piece
  if (Array.isArray(piece)) return joinList(Array.isArray(before) ? before : [], piece)
  if (typeof piece === 'object') {
    const members = isJoined(before) ? before : joined()
    joinDelta(members, shapeOf(piece))
    return members
  }
  const goesOn = typeof piece === 'string' && typeof before === 'string' && !NAMES_A_THING.has(name)
  return goesOn ? before + piece : piece
}

function joinList(list: unknown[], pieces: readonly unknown[]): unknown[] {
  for (const piece of pieces) {
    const index = numberOf(shapeOf(piece).index)
    const at = index === undefined ? -1 : list.findIndex((one) => isJoined(one) && one.index === index)
    if (at === -1) list.push(joinPiece('', undefined, piece))
    else list[at] = joinPiece('', list[at], piece)
  }
  return list
}

function isJoined(value: unknown): value is Joined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
