// The questions of an auditor (spec/authority.md §7), and who has read.

import Type from 'typebox'

import { LedgerError } from '../../errors/ledger-error.ts'
import { promptChanges } from '../../query/prompt-changes.ts'
import { DEFAULT_LIMIT, questionsOf } from '../../query/questions.ts'
import { versions } from '../../query/versions.ts'
import { filterSchema } from '../search.ts'
import { whichOf } from './records.ts'
import { about, answerSchema, inLedger, type Routes } from './route.ts'

const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 10_000, description: `items of each list; ${DEFAULT_LIMIT} where left out` }),
)
const optional = Type.Optional(Type.String())
const params = Type.Object(inLedger)

export function addQuestions(app: Routes): void {
  app.get(
    '/records/:id/lineage',
    about(
      {
        operation: 'getLineage',
        needs: 'search',
        summary: 'What a record came from: the question, each call, access, approval and disclosure in between',
      },
      { params: Type.Object({ ...inLedger, id: Type.String() }), response: { 200: answerSchema } },
    ),
    async ({ asked, params }) => questionsOf(asked.reading).lineage(whichOf(params.id)),
  )

  app.get(
    '/grants',
    about(
      { operation: 'getGrants', needs: 'search', summary: 'Who approved which access, and what was accessed without' },
      {
        params,
        querystring: Type.Object(
          {
            resource_type: optional,
            resource_id: optional,
            agent_name: optional,
            show: Type.Optional(Type.Enum(['all', 'findings'])),
            limit,
          },
          { additionalProperties: false },
        ),
        response: { 200: answerSchema },
      },
    ),
    async ({ asked, query }) => questionsOf(asked.reading).grants(query),
  )

  const ofAgent = Type.Object({ agent_name: Type.String(), limit }, { additionalProperties: false })
  app.get(
    '/versions',
    about(
      {
        operation: 'getVersions',
        needs: 'search',
        summary: 'The prompts and models of an agent, and what it answered under each',
      },
      { params, querystring: ofAgent, response: { 200: answerSchema } },
    ),
    async ({ asked, query }) => questionsOf(asked.reading).versions(query),
  )

  app.post(
    '/versions/reveal',
    about(
      {
        operation: 'revealVersions',
        needs: 'reveal',
        summary: 'The same, with the texts of the prompts and what changed in them',
      },
      {
        params,
        body: Type.Object({ agent_name: Type.String(), limit, reason: Type.String() }, { additionalProperties: false }),
        response: { 200: answerSchema },
      },
    ),
    async ({ asked, body: { reason, agent_name, limit = DEFAULT_LIMIT } }) => {
      const { answer, revealed } = await asked.reading.askToReveal(versions({ agent_name, limit }), { reason })
      return { ...answer, changes: await promptChanges(answer.prompts, revealed) }
    },
  )

  app.get(
    '/gaps',
    about(
      { operation: 'getGaps', needs: 'search', summary: 'What is not on record, as far as that can be seen' },
      {
        params,
        querystring: Type.Object(
          {
            from: optional,
            until: optional,
            recorded_from: optional,
            recorded_until: optional,
            from_seq: filterSchema.from_seq,
            until_seq: filterSchema.until_seq,
            limit,
          },
          { additionalProperties: false },
        ),
        response: { 200: answerSchema },
      },
    ),
    async ({ asked, query }) => questionsOf(asked.reading).gaps(query),
  )

  app.get(
    '/readers',
    about(
      { operation: 'getReaders', needs: 'readers', summary: 'Who has read the records that fit' },
      {
        params,
        querystring: Type.Object(filterSchema, { additionalProperties: false }),
        response: { 200: answerSchema },
      },
    ),
    async ({ asked, query }) => {
      if (Object.keys(query).length === 0) throw nothingAsked()
      return { readers: await asked.reading.readers(query) }
    },
  )
}

function nothingAsked(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: 'nothing says which records: the readers of all of them are asked for',
    cure: 'name a condition, such as subject_id or conversation_id',
  })
}
