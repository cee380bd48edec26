// The archive of a ledger: what is in it, and what goes into it, leaves the database for it, and comes back (spec/archive.md).

import Type, { type TSchema } from 'typebox'

import { DAYS_AT_HAND } from '../../archive/at-hand.ts'
import { countRuns, formatRuns } from '../../formats/seq-runs.ts'
import { archiveOf } from '../acting.ts'
import { filterSchema } from '../search.ts'
import { expectWhole } from '../whole.ts'
import { answerLines, linesOf } from './lines.ts'
import { about, inLedger, type Routes } from './route.ts'

const count = Type.Integer({ minimum: 0 })

const statusSchema: TSchema = Type.Object(
  {
    path: Type.String(),
    archived: count,
    segments: count,
    waiting: count,
    unpublished: count,
    waiting_since: Type.Optional(Type.String()),
    lock: Type.Object({ lock: Type.String() }, { additionalProperties: true }),
    locked: count,
    missing: Type.Array(Type.String()),
    ended: count,
    groups: Type.Array(
      Type.Object(
        {
          retention_class: Type.String(),
          due_month: Type.String(),
          records: count,
          segments: count,
          locked_until: Type.Optional(Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

const segmentLine = Type.Object(
  {
    segment: Type.String(),
    state: Type.Literal('archived'),
    records: count,
    seqs: Type.String({ description: 'such as 0-5 7' }),
    retention_class: Type.String(),
    due_month: Type.String(),
    locked_until: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

const removalLine = Type.Object(
  {
    segment: Type.String(),
    state: Type.Enum(['removed', 'would be removed', 'refused']),
    records: count,
    because: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

const restoreLine = Type.Object({ state: Type.Literal('restored'), records: count }, { additionalProperties: false })

export function addArchive(app: Routes): void {
  app.get(
    '/archive',
    about(
      {
        operation: 'getArchive',
        needs: 'plan-retention',
        summary: 'What is archived, what waits, and whether the archive keeps it',
      },
      { params: Type.Object(inLedger), response: { 200: statusSchema } },
    ),
    async ({ asked }) => {
      expectWhole(asked)
      return archiveOf(asked).status()
    },
  )

  app.post(
    '/archive/runs',
    about(
      {
        operation: 'runArchive',
        needs: 'archive',
        summary: 'Archive what is published and not archived yet: a line for each segment, once it is on record',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object({}, { additionalProperties: false }),
        response: { 200: linesOf(segmentLine) },
      },
    ),
    async (request, reply) =>
      answerLines(request, reply, archiveOf(request.asked).run(), ({ runs, ...told }) => ({
        ...{ segment: told.segment, state: 'archived', records: countRuns(runs), seqs: formatRuns(runs) },
        ...{ retention_class: told.retention_class, due_month: told.due_month },
        ...(told.locked_until === undefined ? {} : { locked_until: told.locked_until }),
      })),
  )

  app.post(
    '/archive/removals',
    about(
      {
        operation: 'removeArchived',
        needs: 'archive',
        summary: 'Take out of the database what may leave it, as it lies in the archive. Destroys nothing',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          { mode: Type.Optional(Type.Enum(['run', 'trial'], { description: 'a trial changes nothing' })) },
          { additionalProperties: false },
        ),
        response: { 200: linesOf(removalLine) },
      },
    ),
    async (request, reply) =>
      answerLines(request, reply, archiveOf(request.asked).remove(request.body.mode), (removed) => removed),
  )

  app.post(
    '/archive/restores',
    about(
      {
        operation: 'restoreArchived',
        needs: 'archive',
        summary: 'Bring back into the database what fits. Reading needs no restore',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            filter: Type.Object(filterSchema, { additionalProperties: false, minProperties: 1 }),
            days: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: 36_500,
                description: `for which no removal takes it out again; ${DAYS_AT_HAND} where left out`,
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: linesOf(restoreLine) },
      },
    ),
    async (request, reply) => {
      const { filter, days } = request.body
      return answerLines(request, reply, archiveOf(request.asked).restore(filter, days), (records) => ({
        state: 'restored',
        records,
      }))
    },
  )
}
