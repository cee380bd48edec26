// A problem, with what every one that is answered has: its status, its request, and the line for the operator.

import type { FastifyReply, FastifyRequest } from 'fastify'

import { recordRefusal } from './asked.ts'
import { isOurs, type Problem, problemOf, retryAfter } from './problem.ts'

/** Sets the status and headers of the answer, once a refusal is on record; its body is for the caller to write. */
export async function answerable(thrown: unknown, request: FastifyRequest, reply: FastifyReply): Promise<Problem> {
  const error = await recordRefusal(thrown, request).then(
    () => thrown,
    (kept: unknown) => kept,
  )
  const problem = { ...problemOf(error), request_id: request.id }
  if (isOurs(error)) request.log.error({ err: error }, 'a bug of ours')
  const seconds = retryAfter(error, problem)
  if (seconds !== undefined) reply.header('Retry-After', String(seconds))
  reply.code(problem.status)
  return problem
}

export async function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const problem = await answerable(error, request, reply)
  return reply.type('application/problem+json').send(JSON.stringify(problem))
}
