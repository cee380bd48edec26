// Bodies of requests: JSON read strictly, lines and telemetry as they come (spec/http.md §2).

import type { FastifyInstance } from 'fastify'

import { JsonFault, type JsonRules, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { RequestFault } from './problem.ts'

export const NDJSON: readonly string[] = ['application/x-ndjson', 'application/ndjson', 'application/jsonl']

/** As deep and as exact as what drafts may hold; its length is that of the body. */
const BODY_JSON: JsonRules = {
  maxDepth: 40,
  unsafeIntegers: 'refused',
  nul: 'refused',
  maxLength: Number.POSITIVE_INFINITY,
}

/** Other content types are refused. */
export function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseBody(body),
  )
  for (const type of NDJSON) app.addContentTypeParser(type, (_request, payload, done) => done(null, payload))
}

function parseBody(body: Buffer): unknown {
  const text = decodeUtf8(body)
  if (text === undefined) throw new RequestFault('invalid-request', 'the body is not UTF-8')
  if (text.trim() === '') return undefined
  try {
    return parseJson(text, BODY_JSON)
  } catch (error) {
    if (error instanceof JsonFault) throw new RequestFault('invalid-request', error.message, { path: error.path })
    throw error
  }
}
