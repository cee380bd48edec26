// What a ledger swears to, and what proves it: checkpoints, tiles, and that one tree continues another (spec/http.md §9).

import Type from 'typebox'

import { toBase64 } from '../../bytes/base64.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { wholeNote } from '../../ledger/prove.ts'
import type { StoredCheckpoint } from '../../ledger/store.ts'
import { parseTilePath } from '../../merkle/tile.ts'
import { RequestFault } from '../problem.ts'
import { about, bytesAnswer, inLedger, type Routes, textAnswer } from './route.ts'

const NOTE = 'text/plain; charset=utf-8'
const PAGE = 100

const checkpointSchema = Type.Object({
  size: Type.Integer({ minimum: 0 }),
  note: Type.String({ description: 'C2SP signed note' }),
  cosignatures: Type.Array(Type.String()),
})

export function addCheckpoints(app: Routes): void {
  app.get(
    '/checkpoint',
    about(
      { operation: 'getCheckpoint', needs: 'any', summary: 'The newest checkpoint: a C2SP signed note' },
      { params: Type.Object(inLedger), response: { 200: textAnswer('a C2SP signed note') } },
    ),
    async ({ asked }, reply) => {
      const newest = await asked.served.ledger.newestCheckpoint()
      if (newest === undefined) throw noCheckpoint()
      return reply.type(NOTE).send(wholeNote(newest))
    },
  )

  app.post(
    '/checkpoint',
    about(
      {
        operation: 'publishCheckpoint',
        needs: 'any',
        summary: 'A checkpoint of everything recorded, published where it was not yet',
      },
      { params: Type.Object(inLedger), response: { 200: textAnswer('a C2SP signed note') } },
    ),
    async ({ asked }, reply) => reply.type(NOTE).send(wholeNote(await asked.served.ledger.publish())),
  )

  app.get(
    '/checkpoints',
    about(
      { operation: 'listCheckpoints', needs: 'any', summary: 'Kept checkpoints, ascending' },
      {
        params: Type.Object(inLedger),
        querystring: Type.Object(
          {
            after: Type.Optional(Type.Integer({ minimum: -1, description: 'sizes above it' })),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE })),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ checkpoints: Type.Array(checkpointSchema) }) },
      },
    ),
    async ({ asked, query: { after = -1, limit = PAGE } }) => {
      const checkpoints: StoredCheckpoint[] = []
      for await (const checkpoint of asked.served.ledger.checkpoints(after)) {
        checkpoints.push(checkpoint)
        if (checkpoints.length === limit) break
      }
      return { checkpoints }
    },
  )

  app.get(
    '/tile/*',
    about(
      { operation: 'getTile', needs: 'any', summary: 'A hash tile (C2SP tlog-tiles)' },
      {
        params: Type.Object({
          ...inLedger,
          '*': Type.String({ description: 'LEVEL/INDEX, and .p/WIDTH of a partial one' }),
        }),
        response: { 200: bytesAnswer('the tile') },
      },
    ),
    async ({ asked, params }, reply) => {
      const tile = parseTilePath(`tile/${params['*']}`)
      if (tile === undefined || tile.level === 'entries') throw noTile()
      const bytes = await asked.served.ledger.tile(tile)
      return reply.type('application/octet-stream').send(Buffer.from(bytes))
    },
  )

  app.get(
    '/consistency',
    about(
      {
        operation: 'getConsistency',
        needs: 'any',
        summary: 'The proof that one size of the tree continues another (RFC 6962 §2.1.2)',
      },
      {
        params: Type.Object(inLedger),
        querystring: Type.Object(
          { from: Type.Integer({ minimum: 1 }), to: Type.Integer({ minimum: 1 }) },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({ from: Type.Integer(), to: Type.Integer(), proof: Type.Array(Type.String()) }),
        },
      },
    ),
    async ({ asked, query: { from, to } }) => {
      const { size } = await asked.served.ledger.health()
      if (from > to || to > size) throw noConsistency(from, to, size)
      const proof = await asked.served.ledger.consistency(from, to)
      return { from, to, proof: proof.map(toBase64) }
    },
  )
}

function noCheckpoint(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'no checkpoint is kept yet',
    cure: 'POST checkpoint publishes one',
  })
}

function noTile(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'this names no hash tile',
    cure: 'tiles are named as C2SP tlog-tiles says: tile/LEVEL/INDEX, and .p/WIDTH behind a partial one',
  })
}

function noConsistency(from: number, to: number, size: number): RequestFault {
  return new RequestFault('invalid-request', `no proof leads from size ${from} to size ${to} in a tree of ${size}`, {
    cure: 'ask from a size of at least 1 to one that is not smaller, and that the ledger has',
    path: from > to ? 'from' : 'to',
  })
}
