// How long records are kept, by whose rule, and what becomes of them when (spec/retention.md §6).

import Type, { type TSchema } from 'typebox'

import { questionsOf } from '../../query/questions.ts'
import { retentionDue } from '../../retention/due.ts'
import type { PolicySet } from '../../retention/policy-set.ts'
import { instantIn, instantSchema } from './instant.ts'
import { whichOf } from './records.ts'
import { about, inLedger, type Routes } from './route.ts'

const EXAMPLES = 1000

const revisionSchema = Type.Object(
  { revision: Type.String(), digest: Type.String(), time_zone: Type.String() },
  { additionalProperties: false },
)
const count = Type.Integer({ minimum: 0 })
const counts = Type.Record(Type.String(), count)

const policiesSchema: TSchema = Type.Object(
  {
    revision: Type.String(),
    digest: Type.String(),
    time_zone: Type.String(),
    fiscal_year_end: Type.Optional(Type.String()),
    time_source: Type.Optional(Type.String()),
    policies: Type.Array(
      Type.Object(
        { id: Type.String(), title: Type.String(), citation: Type.String(), basis: Type.String() },
        { additionalProperties: true, description: 'Further members: spec/retention.md §1' },
      ),
    ),
  },
  { additionalProperties: false },
)

const planSchema: TSchema = Type.Object(
  {
    as_of_seq: Type.Integer({ minimum: -1 }),
    at: Type.String(),
    policies: revisionSchema,
    records: count,
    states: Type.Record(
      Type.String(),
      Type.Object(
        {
          count,
          listed: Type.Array(
            Type.Object(
              { seq: count, id: Type.String(), action: Type.String(), policies: Type.Array(Type.String()) },
              { additionalProperties: true },
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    overdue: count,
    content_due: count,
    by_policy: counts,
    by_due_month: counts,
  },
  { additionalProperties: false },
)

const boundSchema = Type.Object(
  { state: Type.Enum(['until', 'waits', 'none']) },
  { additionalProperties: true, description: 'until: an instant; for: anchors that are awaited' },
)

const storySchema: TSchema = Type.Object(
  {
    as_of_seq: Type.Integer({ minimum: -1 }),
    at: Type.String(),
    policies: revisionSchema,
    seq: count,
    id: Type.String(),
    action: Type.String(),
    timestamp: Type.String(),
    recorded_at: Type.String(),
    retention_class: Type.String(),
    compliance_domains: Type.Array(Type.String()),
    applied: Type.Array(Type.Object({ id: Type.String(), title: Type.String() }, { additionalProperties: true })),
    minimum: boundSchema,
    maximum: boundSchema,
    available: boundSchema,
    disposition: Type.Object({ state: Type.String() }, { additionalProperties: true }),
    content: Type.Optional(Type.Object({ state: Type.String() }, { additionalProperties: true })),
    holds: Type.Array(
      Type.Object(
        { id: Type.String(), matter: Type.String(), custodian: Type.String() },
        { additionalProperties: false },
      ),
    ),
    sources: Type.Array(count),
  },
  { additionalProperties: false },
)

const dueSchema: TSchema = Type.Object(
  {
    min_until: Type.Union([Type.String(), Type.Null()]),
    max_until: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
)

const judgedAt = Type.Optional(instantSchema('judged at this instant, past or to come; now where left out'))

export function addRetention(app: Routes): void {
  app.get(
    '/policies',
    about(
      { operation: 'listPolicies', needs: 'plan-retention', summary: 'How long records are kept, and who says so' },
      { params: Type.Object(inLedger), response: { 200: policiesSchema } },
    ),
    async ({ asked }) => documentOf(asked.served.ledger.retention),
  )

  app.get(
    '/retention/due',
    about(
      {
        operation: 'getRetentionDue',
        needs: 'plan-retention',
        summary: 'Until when a policy alone keeps what is counted from a day',
      },
      {
        params: Type.Object(inLedger),
        querystring: Type.Object(
          {
            policy: Type.String({ description: 'the id of a policy, such as hipaa' }),
            anchor: Type.String({ description: 'the day that is counted from: YYYY-MM-DD' }),
            zone: Type.Optional(Type.String({ description: 'IANA time zone; that of the policies where left out' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: dueSchema },
      },
    ),
    async ({ asked, query }) => retentionDue(asked.served.ledger.retention, query),
  )

  app.get(
    '/retention/plan',
    about(
      { operation: 'getRetentionPlan', needs: 'plan-retention', summary: 'What becomes of every record, and when' },
      {
        params: Type.Object(inLedger),
        querystring: Type.Object(
          {
            at: judgedAt,
            examples: Type.Optional(
              Type.Integer({ minimum: 0, maximum: EXAMPLES, description: 'records shown of each state at most' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: planSchema },
      },
    ),
    async ({ asked, query: { at, examples } }) => {
      const { retention } = asked.served.ledger
      return questionsOf(asked.reading).retentionPlan(retention, {
        ...judged(at, retention),
        ...(examples === undefined ? {} : { limit: examples }),
      })
    },
  )

  app.get(
    '/records/:id/retention',
    about(
      {
        operation: 'getRetentionStory',
        needs: 'plan-retention',
        summary: 'How long one record is kept: by which policies, counted from when, and what holds it',
      },
      {
        params: Type.Object({ ...inLedger, id: Type.String({ description: 'the id of a record, or its seq' }) }),
        querystring: Type.Object({ at: judgedAt }, { additionalProperties: false }),
        response: { 200: storySchema },
      },
    ),
    async ({ asked, params, query }) => {
      const { retention } = asked.served.ledger
      return questionsOf(asked.reading).retentionStory(retention, whichOf(params.id), judged(query.at, retention))
    },
  )
}

function judged(text: string | undefined, { calendar }: PolicySet): { readonly at?: number } {
  const at = instantIn(text, 'at', calendar)
  return at === undefined ? {} : { at }
}

function documentOf({ revision, digest, calendar, fiscal_year_end, time_source, policies }: PolicySet): object {
  return {
    ...{ revision, digest, time_zone: calendar.zone, policies },
    ...(fiscal_year_end === undefined ? {} : { fiscal_year_end }),
    ...(time_source === undefined ? {} : { time_source }),
  }
}
