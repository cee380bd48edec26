// Kept checkpoints and hash tiles of a ledger on a server (spec/http.md §9).

import type { StoredCheckpoint } from '../ledger/store.ts'
import { type HashTile, tilePath } from '../merkle/tile.ts'
import { type Ask, unreadable } from './ask.ts'
import { countIn, isObject, textIn } from './members.ts'
import { hashesOf } from './read-nodes.ts'

export interface Evidence {
  readonly ask: Ask
  readonly path: string
  readonly origin: string
}

const PAGE = 100

/** Checkpoints with sizes above `after`, ascending. */
export async function* checkpointsOf({ ask, path, origin }: Evidence, after: number): AsyncGenerator<StoredCheckpoint> {
  for (let from = after; ; ) {
    const answer = await ask.json({ path: `${path}/checkpoints?after=${from}&limit=${PAGE}`, origin })
    if (!isObject(answer) || !Array.isArray(answer.checkpoints)) throw unreadable('no list of checkpoints')
    const page = answer.checkpoints.map(readCheckpoint)
    for (const checkpoint of page) {
      if (checkpoint.size <= from) throw unreadable('a list of checkpoints that does not ascend')
      from = checkpoint.size
      yield checkpoint
    }
    if (page.length < PAGE) return
  }
}

function readCheckpoint(value: unknown): StoredCheckpoint {
  if (!isObject(value) || !Array.isArray(value.cosignatures)) throw unreadable('no list of checkpoints')
  return { size: countIn(value, 'size'), note: textIn(value, 'note'), cosignatures: value.cosignatures.map(String) }
}

/** The bytes of a hash tile. @throws LedgerError `not-found` beyond the tree */
export async function tileOf({ ask, path, origin }: Evidence, { level, index, width }: HashTile): Promise<Uint8Array> {
  const place = `${path}/${tilePath(level, index, width)}`
  const bytes = await ask.bytes({ path: place, type: 'application/octet-stream', origin })
  hashesOf(bytes, width)
  return bytes
}
