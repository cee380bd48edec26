// Legal holds: placed by whoever may, released with somebody else's approval (spec/holds.md, spec/http.md §10).

import Type, { type TSchema } from 'typebox'

import { toBase64 } from '../../bytes/base64.ts'
import { parseHoldRelease } from '../../papers/hold-release.ts'
import { questionsOf } from '../../query/questions.ts'
import { holdsOf } from '../acting.ts'
import { RequestFault } from '../problem.ts'
import { bytesIn, bytesSchema, saysSchema } from './paper.ts'
import { about, inLedger, type Routes } from './route.ts'

const oneHold = Type.Object({ ...inLedger, id: Type.String({ description: 'hold_id: the id of its hold_placed' }) })
const label = Type.String({ minLength: 1 })

const placedSchema: TSchema = Type.Object(
  {
    hold_id: Type.String(),
    seq: Type.Integer({ minimum: 0 }),
    recorded_at: Type.String(),
    records: Type.Union([Type.Integer({ minimum: 0 }), Type.Literal('not counted')]),
    masked_in_reason: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)

const releasedSchema: TSchema = Type.Object(
  {
    hold_id: Type.String(),
    seq: Type.Integer({ minimum: 0 }),
    recorded_at: Type.String(),
    still_held: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
)

const plannedSchema: TSchema = Type.Object(
  {
    says: saysSchema,
    release_sha256: Type.String(),
    release: bytesSchema('the paper: what is approved, and handed back'),
  },
  { additionalProperties: false },
)

const foundSchema: TSchema = Type.Object(
  {
    as_of_seq: Type.Integer({ minimum: -1 }),
    holds: Type.Array(
      Type.Object(
        {
          hold_id: Type.String(),
          state: Type.Enum(['stands', 'released']),
          records: Type.Integer({ minimum: 0 }),
          seq: Type.Integer({ minimum: 0 }),
          matter: Type.String(),
        },
        { additionalProperties: true, description: 'Further members: spec/holds.md §1' },
      ),
    ),
    ignored: Type.Array(Type.Object({ seq: Type.Integer() }, { additionalProperties: true })),
  },
  { additionalProperties: false },
)

export function addHolds(app: Routes): void {
  app.get(
    '/holds',
    about(
      { operation: 'listHolds', needs: 'search', summary: 'Which holds were placed, which stand, and what each binds' },
      {
        params: Type.Object(inLedger),
        querystring: Type.Object(
          {
            matter: Type.Optional(Type.String()),
            at: Type.Optional(Type.String({ description: 'as they stood before this instant, as records have it' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: foundSchema },
      },
    ),
    async ({ asked, query }) => questionsOf(asked.reading).holds(query),
  )

  app.post(
    '/holds',
    about(
      {
        operation: 'placeHold',
        needs: 'hold',
        summary: 'Place a legal hold: it binds at once what fits, also what is recorded later',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            matter: label,
            reason: label,
            custodian: Type.String({ minLength: 1, description: 'who answers for it' }),
            conversation_id: Type.Optional(label),
            subject_id: Type.Optional(label),
            actor_id: Type.Optional(label),
            agent_name: Type.Optional(label),
            resource_type: Type.Optional(label),
            resource_id: Type.Optional(label),
            from: Type.Optional(label),
            until: Type.Optional(label),
            everything: Type.Optional(Type.Literal('yes', { description: 'binds every record, and has no condition' })),
          },
          { additionalProperties: false },
        ),
        response: { 201: placedSchema },
      },
    ),
    async ({ asked, body }, reply) => reply.code(201).send(await holdsOf(asked).place(body)),
  )

  app.post(
    '/holds/:id/release-plans',
    about(
      {
        operation: 'planHoldRelease',
        needs: 'release-hold',
        summary: 'Write down the release of a hold, for somebody else to approve. Releases nothing',
      },
      {
        params: oneHold,
        body: Type.Object({ reason: label }, { additionalProperties: false }),
        response: { 200: plannedSchema },
      },
    ),
    async ({ asked, params, body }) => {
      const { release, ...planned } = await holdsOf(asked).planRelease(params.id, body.reason)
      return { ...planned, release: toBase64(release) }
    },
  )

  app.post(
    '/holds/:id/releases',
    about(
      {
        operation: 'releaseHold',
        needs: 'release-hold',
        summary: 'Release a hold, as somebody else approved. Destroys nothing',
      },
      {
        params: oneHold,
        body: Type.Object(
          { release: bytesSchema('as it was planned'), approval: Type.String({ description: 'the signed note' }) },
          { additionalProperties: false },
        ),
        response: { 201: releasedSchema },
      },
    ),
    async ({ asked, params, body }, reply) => {
      const release = bytesIn(body.release, 'release')
      expectOf(params.id, release)
      return reply.code(201).send(await holdsOf(asked).release({ release, approval: body.approval }))
    },
  )
}

/** @throws RequestFault `invalid-request` */
function expectOf(hold_id: string, release: Uint8Array): void {
  const says = parseHoldRelease(release)
  if ('code' in says || says.hold_id === hold_id) return
  throw new RequestFault('invalid-request', 'release is of another hold than the path names', {
    cure: `POST holds/${says.hold_id}/releases`,
    path: 'release',
  })
}
