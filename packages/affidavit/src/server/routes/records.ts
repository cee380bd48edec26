// Records, read in the name of whoever signed in (spec/http.md §4).

import Type from 'typebox'

import type { AuditRecord } from '../../formats/fields.ts'
import { recordOf } from '../../ledger/read.ts'
import { cursorBehind, filterAt, filterSchema, SEARCH_LIMIT, searchOf } from '../search.ts'
import { recordSchema } from './record-schema.ts'
import { about, bytesAnswer, inLedger, type Routes } from './route.ts'

const oneRecord = Type.Object({
  ...inLedger,
  id: Type.String({ description: 'the id of a record, or its seq' }),
})

export function addRecords(app: Routes): void {
  app.get(
    '/records',
    about(
      {
        operation: 'searchRecords',
        needs: 'search',
        summary: 'Find records: all conditions hold at once. With as_of a search answers the same again',
      },
      {
        params: Type.Object(inLedger),
        querystring: Type.Object(
          {
            ...filterSchema,
            as_of: Type.Optional(
              Type.Integer({ minimum: 0, description: 'as if the record with this seq were the last' }),
            ),
            order: Type.Optional(Type.Enum(['ascending', 'descending'])),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: SEARCH_LIMIT })),
            cursor: Type.Optional(Type.String({ description: 'next of an answer: goes on with the same search' })),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            as_of_seq: Type.Union([Type.Integer(), Type.Null()]),
            records: Type.Array(recordSchema),
            next: Type.Optional(Type.String()),
          }),
        },
      },
    ),
    async ({ asked, query }) => {
      const place = searchOf(query, (await asked.served.ledger.health()).size)
      const { order, limit, as_of_size } = place
      const found = asked.reading.search(filterAt(place), { order, limit })
      const records: AuditRecord[] = []
      let one = await found.next()
      for (; one.done !== true; one = await found.next()) records.push(one.value)
      const last = records.at(-1)
      const next = one.value.more && last !== undefined ? { next: cursorBehind(place, last.seq) } : {}
      return { as_of_seq: as_of_size === 0 ? null : as_of_size - 1, records, ...next }
    },
  )

  app.get(
    '/records/:id',
    about(
      { operation: 'getRecord', needs: 'search', summary: 'One record, by id or seq' },
      { params: oneRecord, response: { 200: recordSchema } },
    ),
    async ({ asked, params }) => recordOf(await asked.reading.show(whichOf(params.id))),
  )

  app.get(
    '/records/:id/entry',
    about(
      { operation: 'getEntry', needs: 'search', summary: 'The exact bytes of a record that were hashed' },
      { params: oneRecord, response: { 200: bytesAnswer('the entry') } },
    ),
    async ({ asked, params }, reply) => {
      const { entry } = await asked.reading.show(whichOf(params.id))
      return reply.type('application/octet-stream').send(Buffer.from(entry))
    },
  )
}

/** A seq where the text is a number, else an id. */
export function whichOf(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text
}
