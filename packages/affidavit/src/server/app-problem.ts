// A problem, with what every one that is answered has: its status, its request, and the line for the operator.

import type { FastifyReply, FastifyRequest } from 'fastify'

import { isOurs, type Problem, problemOf, retryAfter } from './problem.ts'

/** Sets the status and headers of the answer; its body is for the caller to write. */
export function answerable(error: unknown, request: FastifyRequest, reply: FastifyReply): Problem {
  const problem = { ...problemOf(error), request_id: request.id }
  if (isOurs(error)) request.log.error({ err: error }, 'a bug of ours')
  const seconds = retryAfter(error, problem)
  if (seconds !== undefined) reply.header('Retry-After', String(seconds))
  reply.code(problem.status)
  return problem
}

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = answerable(error, request, reply)
  return reply.type('application/problem+json').send(JSON.stringify(problem))
}
