// What was said: conversations, and content that is opened for a reason (spec/reading.md §3).

import Type from 'typebox'

import type { AuditRecord } from '../../formats/fields.ts'
import { type OpenedRecord, showContents } from '../../ledger/show-content.ts'
import { recordSchema } from './record-schema.ts'
import { whichOf } from './records.ts'
import { about, inLedger, type Routes } from './route.ts'

const inConversation = Type.Object({ ...inLedger, id: Type.String({ description: 'conversation_id' }) })
const reasonBody = Type.Object(
  { reason: Type.String({ description: 'why; it stands in the record of this reading' }) },
  { additionalProperties: false },
)
const openedSchema = Type.Object(
  {
    revealed: Type.Array(
      Type.Object({
        name: Type.String(),
        media_type: Type.String(),
        state: Type.Enum(['text', 'bytes', 'unavailable']),
        text: Type.Optional(Type.String()),
        base64: Type.Optional(Type.String()),
        plain_size: Type.Optional(Type.Integer()),
      }),
    ),
  },
  { additionalProperties: true, description: 'the record, and its contents opened' },
)

export function addContent(app: Routes): void {
  app.get(
    '/conversations/:id',
    about(
      {
        operation: 'getConversation',
        needs: 'search',
        summary: 'The records of a conversation, and what of it was destroyed',
      },
      {
        params: inConversation,
        response: {
          200: Type.Object({
            conversation_id: Type.String(),
            records: Type.Array(recordSchema),
            destroyed_seqs: Type.Optional(Type.Array(Type.Integer())),
          }),
        },
      },
    ),
    async ({ asked: { reading }, params: { id: conversation_id } }) => {
      const records: AuditRecord[] = []
      for await (const record of reading.search({ conversation_id })) records.push(record)
      return { conversation_id, records, ...destroyedOf(await reading.destroyedIn(conversation_id)) }
    },
  )

  app.post(
    '/conversations/:id/reveal',
    about(
      { operation: 'revealConversation', needs: 'reveal', summary: 'A conversation word for word' },
      {
        params: inConversation,
        body: reasonBody,
        response: {
          200: Type.Object({
            conversation_id: Type.String(),
            records: Type.Array(openedSchema),
            destroyed_seqs: Type.Optional(Type.Array(Type.Integer())),
          }),
        },
      },
    ),
    async ({ asked: { reading }, params: { id: conversation_id }, body: { reason } }) => {
      const revealed = await reading.reveal({ conversation_id }, { reason })
      const records: object[] = []
      for (const one of revealed) records.push(shape(await showContents(one)))
      return { conversation_id, records, ...destroyedOf(await reading.destroyedIn(conversation_id)) }
    },
  )

  app.post(
    '/records/:id/reveal',
    about(
      { operation: 'revealRecord', needs: 'reveal', summary: 'A record, with its contents opened' },
      {
        params: Type.Object({ ...inLedger, id: Type.String({ description: 'the id of a record, or its seq' }) }),
        body: reasonBody,
        response: { 200: Type.Object({ records: Type.Array(openedSchema) }) },
      },
    ),
    async ({ asked: { reading }, params, body: { reason } }) => {
      const records: object[] = []
      for (const one of await reading.reveal({ record: whichOf(params.id) }, { reason }))
        records.push(shape(await showContents(one)))
      return { records }
    },
  )

  app.post(
    '/resolve',
    about(
      { operation: 'resolveToken', needs: 'resolve', summary: 'Whom a token stands for' },
      {
        params: Type.Object(inLedger),
        body: Type.Object({ token: Type.String(), reason: Type.String() }, { additionalProperties: false }),
        response: { 200: Type.Object({ token: Type.String(), id: Type.String() }) },
      },
    ),
    async ({ asked: { reading }, body: { token, reason } }) => ({
      token,
      id: await reading.resolve(token, { reason }),
    }),
  )
}

function shape({ record, contents }: OpenedRecord): object {
  return { ...record, revealed: contents }
}

function destroyedOf(seqs: readonly number[]): { destroyed_seqs?: readonly number[] } {
  return seqs.length === 0 ? {} : { destroyed_seqs: seqs }
}
