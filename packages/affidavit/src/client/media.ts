// What an answer is by its head: its media type, or a problem document (RFC 9457). Pure.

import { decodeUtf8 } from '../bytes/text.ts'
import type { Answer } from './exchange.ts'
import { type Problem, readProblem } from './problem.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export function isType(answer: Answer, type: string): boolean {
  return answer.header('content-type')?.split(';')[0]?.trim().toLowerCase() === type
}

/** The problem that an answer is; `undefined` where it is none. */
export function problemIn(answer: Answer, body: Uint8Array): Problem | undefined {
  return answer.status >= 400 && isType(answer, PROBLEM_TYPE) ? readProblem(parsed(body)) : undefined
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(body) ?? '')
  } catch {
    return undefined
  }
}
