// Erasures: planned, carried out with somebody else's approval, and where each stands (spec/erasure.md, spec/http.md §10).

import Type, { type TSchema } from 'typebox'

import { toBase64 } from '../../bytes/base64.ts'
import { erasuresOf } from '../acting.ts'
import { bytesIn, bytesSchema, copiesSchema, saysSchema } from './paper.ts'
import { about, inLedger, type Routes } from './route.ts'

const label = Type.String({ minLength: 1 })

const standingSchema: TSchema = Type.Object(
  {
    plan_sha256: Type.String(),
    decision_seq: Type.Integer({ minimum: 0 }),
    decided_at: Type.String(),
    subjects: Type.Integer({ minimum: 0 }),
    conversations: Type.Integer({ minimum: 0 }),
    state: Type.Enum(['decided', 'erasing', 'erased']),
    outcome_seq: Type.Optional(Type.Integer({ minimum: 0 })),
    retired_key_versions: Type.Array(Type.String()),
    copies: copiesSchema,
  },
  { additionalProperties: false },
)
export const erasureStandings: TSchema = Type.Array(standingSchema)

const erasuresSchema: TSchema = Type.Object({ erasures: erasureStandings }, { additionalProperties: false })

export function addErasures(app: Routes): void {
  app.post(
    '/erasures/plans',
    about(
      {
        operation: 'planErasure',
        needs: 'plan-erasure',
        summary: 'Write down what would become unreadable, for somebody else to approve. Erases nothing',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            subjects: Type.Optional(Type.Array(label, { description: 'persons, by their own ids or their tokens' })),
            conversations: Type.Optional(Type.Array(label)),
            basis: Type.String({ description: 'the rule, a word: gdpr_17' }),
            reason: label,
            copies: Type.Optional(copiesSchema),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(
            { says: saysSchema, plan_sha256: Type.String(), plan: bytesSchema('the paper: what is approved') },
            { additionalProperties: false },
          ),
        },
      },
    ),
    async ({ asked, body: { subjects = [], conversations = [], copies = [], ...why } }) => {
      const { says, plan_sha256, plan } = await erasuresOf(asked).plan({ subjects, conversations, copies, ...why })
      return { says, plan_sha256, plan: toBase64(plan) }
    },
  )

  app.post(
    '/erasures',
    about(
      {
        operation: 'erase',
        needs: 'erase',
        summary: 'Carry an approved plan out. Sent again, it goes on where it stopped, or certifies anew',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          { plan: bytesSchema('as it was planned'), approval: Type.String({ description: 'the signed note' }) },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(
            { certificate: Type.String({ description: 'signed note' }), standing: standingSchema },
            { additionalProperties: false },
          ),
        },
      },
    ),
    async ({ asked, body }) => erasuresOf(asked).run({ plan: bytesIn(body.plan, 'plan'), approval: body.approval }),
  )

  app.get(
    '/erasures',
    about(
      { operation: 'listErasures', needs: 'plan-erasure', summary: 'Where each erasure stands' },
      { params: Type.Object(inLedger), response: { 200: erasuresSchema } },
    ),
    async ({ asked }) => ({ erasures: await erasuresOf(asked).status() }),
  )

  app.post(
    '/erasures/finish',
    about(
      { operation: 'finishErasures', needs: 'erase', summary: 'Go on with all erasures that are not over' },
      { params: Type.Object(inLedger), response: { 200: erasuresSchema } },
    ),
    async ({ asked }) => ({ erasures: await erasuresOf(asked).finish() }),
  )
}
