// A record as it is answered (spec/entry.md §3): for the description, and for clients that are generated from it.

import Type, { type TSchema } from 'typebox'

import { ACTOR_TYPES, CLASSIFICATIONS, OUTCOMES } from '../../formats/fields.ts'

export const recordSchema: TSchema = Type.Object(
  {
    v: Type.Integer(),
    ledger: Type.String(),
    seq: Type.Integer({ minimum: 0 }),
    id: Type.String(),
    timestamp: Type.String(),
    recorded_at: Type.String(),
    action: Type.String(),
    outcome: Type.Optional(Type.Enum([...OUTCOMES])),
    actor_id: Type.String(),
    actor_type: Type.Enum([...ACTOR_TYPES]),
    agent_name: Type.Optional(Type.String()),
    conversation_id: Type.Optional(Type.String()),
    conversation_seq: Type.Optional(Type.Integer({ minimum: 0 })),
    data_classification: Type.Optional(Type.Enum([...CLASSIFICATIONS])),
    details: Type.Optional(Type.Object({}, { additionalProperties: true })),
    previous_hash: Type.String(),
    integrity_hash: Type.String({ description: 'RFC 6962 leaf hash of the exact bytes of the entry' }),
  },
  { additionalProperties: true, description: 'Further members: spec/entry.md §3' },
)

export const appendedSchema: TSchema = Type.Object({
  id: Type.String(),
  seq: Type.Integer({ minimum: 0 }),
  integrity_hash: Type.String(),
  recorded_at: Type.String(),
  state: Type.Enum(['recorded', 'duplicate']),
  duplicate: Type.Optional(Type.Literal('not compared')),
})
