// Drafts become records: one as JSON, many as JSON lines (spec/http.md §3).

import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'

import type { JsonValue } from '../../bytes/json.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { draftSchema } from '../../formats/draft.ts'
import type { Draft } from '../../formats/fields.ts'
import { isLateFact } from '../../formats/late-facts.ts'
import { appendLines, type LineOutcome } from '../../imports/append-lines.ts'
import { readDraftJson } from '../../imports/draft-json.ts'
import { splitLines } from '../../imports/read-lines.ts'
import type { Appended } from '../../ledger/ledger.ts'
import { denied, expectMay } from '../asked.ts'
import { expectOwnAgent } from '../own-agent.ts'
import { problemOf } from '../problem.ts'
import { NDJSON } from '../read-body.ts'
import { appendedSchema } from './record-schema.ts'
import { about, answerIn, inLedger, problemSchema, type Routes } from './route.ts'

const outcomeSchema = Type.Union([
  Type.Intersect([Type.Object({ line: Type.Integer({ minimum: 1 }) }), appendedSchema]),
  Type.Object(
    { line: Type.Integer({ minimum: 1 }), state: Type.Enum(['refused', 'failed']), error: problemSchema },
    { additionalProperties: false },
  ),
])

/** Lines of one request that are under way. */
const WINDOW = 500
/** A draft with its contents, in base64 where they are no text. */
const MAX_LINE_BYTES = 67_108_864

export function addAppend(app: Routes): void {
  app.post(
    '/records',
    {
      ...about(
        {
          operation: 'appendRecords',
          needs: 'append or link',
          summary: 'Record a draft, or many as JSON lines: each outcome is sent when its record is durable',
        },
        {
          params: Type.Object(inLedger),
          body: Type.Unsafe<unknown>(draftSchema),
          consumes: ['application/json', ...NDJSON],
          response: {
            200: answerIn('a duplicate; or of JSON lines one outcome a line, in the same order', {
              'application/json': appendedSchema,
              'application/x-ndjson': outcomeSchema,
            }),
            201: appendedSchema,
          },
        },
      ),
      // A draft is held against its schema where it is admitted, with what is wrong told in its own words.
      validatorCompiler: () => (value: unknown) => ({ value }),
    },
    async (request, reply) => {
      if (request.body instanceof Readable) {
        const outcomes = Readable.from(linesOf(request, request.body), { objectMode: false })
        return reply.type('application/x-ndjson').send(outcomes)
      }
      const appended = await appendAs(request, readDraftJson(request.body as JsonValue))
      return reply.code(appended.state === 'recorded' ? 201 : 200).send(appended)
    },
  )
}

async function* linesOf(request: FastifyRequest, body: Readable): AsyncGenerator<string> {
  const { drafts } = request.asked.served
  const append = (draft: Draft): Promise<Appended> => drafts(() => appendAs(request, draft))
  for await (const outcome of appendLines(splitLines(body, MAX_LINE_BYTES), append, WINDOW)) {
    yield `${JSON.stringify(lineOf(outcome, request))}\n`
  }
}

function lineOf(outcome: LineOutcome, { id: request_id }: FastifyRequest): object {
  const { line } = outcome
  if ('appended' in outcome) return { line, ...outcome.appended }
  if ('refused' in outcome) return { line, state: 'refused', error: problemOf(outcome.refused) }
  return { line, state: 'failed', error: { ...problemOf(outcome.failed), request_id } }
}

/** @throws LedgerError `not-allowed`, once that is on record; what append throws */
async function appendAs(request: FastifyRequest, given: Draft): Promise<Appended> {
  const { served } = request.asked
  const draft = isLateFact(Object(given).action) ? await lateFactBy(request, given) : await drafted(request, given)
  await expectOwnAgent(request, Object(draft).agent_name)
  return served.ledger.append(draft)
}

async function drafted(request: FastifyRequest, given: Draft): Promise<Draft> {
  await expectMay(request, 'append')
  return given
}

// Whoever states a late fact is whoever signed in.
async function lateFactBy(request: FastifyRequest, given: Draft): Promise<Draft> {
  await expectMay(request, 'link')
  const { actor_id, actor_type } = request.asked.principal
  const named = given.actor_id ?? actor_id
  if (named === actor_id) return { ...given, actor_id, actor_type }
  await denied(request, 403)
  throw new LedgerError('not-allowed', {
    problem: 'the actor of a late fact is whoever signed in, and the draft names another',
    cure: 'leave actor_id out',
    path: 'actor_id',
  })
}
