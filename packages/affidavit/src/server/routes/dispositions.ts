// Dispositions: what is due is planned, and destroyed with somebody else's approval (spec/disposition.md, spec/http.md §10).

import Type, { type TSchema } from 'typebox'

import { toBase64 } from '../../bytes/base64.ts'
import type { DispositionAsked } from '../../embedded/disposing.ts'
import { dispositionsOf } from '../acting.ts'
import { instantIn, instantSchema } from './instant.ts'
import { bytesIn, bytesSchema, copiesSchema, saysSchema } from './paper.ts'
import { about, inLedger, type Routes } from './route.ts'

const standingSchema: TSchema = Type.Object(
  {
    plan_sha256: Type.String(),
    state: Type.String(),
    seq: Type.Integer({ minimum: 0 }),
    recorded_at: Type.String(),
    because: Type.Optional(Type.String()),
    because_of_seq: Type.Optional(Type.Integer({ minimum: 0 })),
    ledger: Type.Optional(Type.String()),
    objects: Type.Optional(Type.Array(Type.Object({ key: Type.String() }, { additionalProperties: true }))),
  },
  { additionalProperties: false },
)
export const dispositionStandings: TSchema = Type.Array(standingSchema)

const dispositionsSchema: TSchema = Type.Object({ dispositions: dispositionStandings }, { additionalProperties: false })

export function addDispositions(app: Routes): void {
  app.post(
    '/dispositions/plans',
    about(
      {
        operation: 'planDisposition',
        needs: 'plan-disposition',
        summary: 'Write down what is due, for somebody else to approve. Destroys nothing',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            at: Type.Optional(instantSchema('what is due then; now where left out')),
            retention_policy: Type.Optional(Type.String({ description: 'only records that it applies to' })),
            delay_days: Type.Optional(
              Type.Integer({ minimum: 7, description: 'the days on record that take the place of an approval' }),
            ),
            copies: Type.Optional(copiesSchema),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(
            {
              says: saysSchema,
              plan_sha256: Type.String(),
              plan: bytesSchema('the paper: what is approved'),
              manifest: bytesSchema('the list of what goes'),
            },
            { additionalProperties: false },
          ),
        },
      },
    ),
    async ({ asked, body: { at, retention_policy, ...more } }) => {
      const instant = instantIn(at, 'at', asked.served.ledger.retention.calendar)
      const planned: DispositionAsked = {
        ...(instant === undefined ? {} : { at: instant }),
        ...(retention_policy === undefined ? {} : { retention_policy }),
        ...more,
      }
      const { says, plan_sha256, plan, manifest } = await dispositionsOf(asked).plan(planned)
      return { says, plan_sha256, plan: toBase64(plan), manifest: toBase64(manifest) }
    },
  )

  app.post(
    '/dispositions',
    about(
      {
        operation: 'dispose',
        needs: 'dispose',
        summary: 'Destroy what a plan lists, or put one on record that waits. Sent again, it goes on where it stopped',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            plan: bytesSchema('as it was planned'),
            manifest: bytesSchema('as it was planned'),
            approval: Type.Optional(
              Type.String({ description: 'the signed note; left out where a delay takes its place' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(
            {
              state: Type.Enum(['announced', 'done']),
              standing: standingSchema,
              waits_until: Type.Optional(Type.String()),
              certificate: Type.Optional(Type.String({ description: 'signed note' })),
            },
            { additionalProperties: false },
          ) as TSchema,
        },
      },
    ),
    async ({ asked, body: { approval, ...papers } }) =>
      dispositionsOf(asked).run({
        plan: bytesIn(papers.plan, 'plan'),
        manifest: bytesIn(papers.manifest, 'manifest'),
        ...(approval === undefined ? {} : { approval }),
      }),
  )

  app.get(
    '/dispositions',
    about(
      { operation: 'listDispositions', needs: 'plan-disposition', summary: 'Where each disposition stands' },
      { params: Type.Object(inLedger), response: { 200: dispositionsSchema } },
    ),
    async ({ asked }) => ({ dispositions: await dispositionsOf(asked).status() }),
  )

  app.post(
    '/dispositions/finish',
    about(
      { operation: 'finishDispositions', needs: 'dispose', summary: 'Go on with all that was decided and is not over' },
      { params: Type.Object(inLedger), response: { 200: dispositionsSchema } },
    ),
    async ({ asked }) => ({ dispositions: await dispositionsOf(asked).finish() }),
  )
}
