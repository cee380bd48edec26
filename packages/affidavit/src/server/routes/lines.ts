// Answers that take long: a line of JSON for each step when it is done, and one that says how it ended (spec/http.md §10).

import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'

import { isOurs, problemOf } from '../problem.ts'
import { type AnswerIn, answerIn, problemSchema } from './route.ts'

const NDJSON = 'application/x-ndjson'

const lastLine = Type.Union([
  Type.Object({ state: Type.Literal('done') }, { additionalProperties: false }),
  Type.Object({ state: Type.Literal('failed'), error: problemSchema }, { additionalProperties: false }),
])

/** What is answered: lines of these, and a last one. */
export function linesOf(line: TSchema): AnswerIn {
  return answerIn(
    'Lines of JSON: one for each step once it is done. Where the last one is missing, the answer was cut off',
    { [NDJSON]: Type.Union([line, lastLine]) },
  )
}

/**
 * Answers with the steps of a work, each when it is done. Who goes away stops it there.
 * @throws what keeps it from its first step
 */
export async function answerLines<Step>(
  { id: request_id, log }: FastifyRequest,
  reply: FastifyReply,
  steps: AsyncGenerator<Step>,
  told: (step: Step) => object,
): Promise<FastifyReply> {
  const first = await steps.next()
  async function* lines(): AsyncGenerator<string> {
    try {
      for (let step = first; step.done !== true; step = await steps.next()) yield lineOf(told(step.value))
      yield lineOf({ state: 'done' })
    } catch (error) {
      if (isOurs(error)) log.error({ err: error }, 'a bug of ours')
      yield lineOf({ state: 'failed', error: { ...problemOf(error), request_id } })
    } finally {
      await steps.return(undefined)
    }
  }
  return reply.type(NDJSON).send(Readable.from(lines(), { objectMode: false }))
}

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`
}
