// A body in pieces, without what may not be kept (spec/detection.md §4, §9): others have their turn between two pieces.

import { setImmediate as turn } from 'node:timers/promises'

import { createBodyInspection, type Inspected } from '../classify/inspect-body.ts'
import type { Digest } from '../crypto/sha256.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'

/** Bytes of a large body that are looked at between two turns of the event loop. */
const PIECE_BYTES = 262_144

/** @throws LedgerError `invalid-draft` where a Blob cannot be read */
export async function* piecesOf(body: Uint8Array | Blob): AsyncGenerator<Uint8Array> {
  if (body instanceof Blob) {
    try {
      for await (const piece of body.stream()) yield piece
    } catch (cause) {
      throw unreadableBody(cause)
    }
    return
  }
  for (let from = 0; from < body.length; from += PIECE_BYTES) {
    yield body.subarray(from, from + PIECE_BYTES)
    await turn()
  }
}

/** Hands on what is left of a body when what may not be kept is taken out of it, and tells what was found. */
export async function cleanPieces(
  pieces: AsyncIterable<Uint8Array>,
  media_type: string,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<Inspected> {
  const inspecting = createBodyInspection(media_type)
  for await (const piece of pieces) await take(inspecting.push(piece))
  const { rest, ...inspected } = inspecting.end()
  await take(rest)
  return inspected
}

/** The same for somebody who takes the pieces himself; `told` when all of them were. */
export function createCleaning(
  pieces: AsyncIterable<Uint8Array>,
  media_type: string,
): { pieces(): AsyncGenerator<Uint8Array>; told(): Inspected } {
  const inspecting = createBodyInspection(media_type)
  let told: Inspected | undefined
  return {
    async *pieces() {
      for await (const piece of pieces) yield inspecting.push(piece)
      const { rest, ...inspected } = inspecting.end()
      told = inspected
      yield rest
    },
    told: () => told ?? unreachable('a body was cleaned and not read to its end'),
  }
}

/** The same pieces, digested as they go. */
export async function* watched(pieces: AsyncIterable<Uint8Array>, digest: Digest): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    digest.update(piece)
    yield piece
  }
}

function unreadableBody(cause: unknown): LedgerError {
  return new LedgerError('invalid-draft', {
    problem: 'a body cannot be read to its end; nothing was recorded',
    cure: 'hand in a file that nobody removes or changes',
    path: 'content',
    cause,
  })
}
