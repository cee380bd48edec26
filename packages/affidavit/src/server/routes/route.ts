// What the routes are written in: an application whose handlers are given what their schemas say.

import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import Type, { type TSchema } from 'typebox'

import type { Needs } from '../asked.ts'
import type { SchemaTypes } from '../validate.ts'

export type Routes = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  SchemaTypes
>

/** `NAME`, or `NAME/INCARNATION`. */
export const inLedger: { readonly ledger: TSchema } = {
  ledger: Type.String({ description: 'NAME of the ledger, or NAME/INCARNATION' }),
}

/** What each problem is answered as. */
export const problemSchema: TSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    cure: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
    request_id: Type.Optional(Type.String()),
  },
  { description: 'RFC 9457' },
)

/** An answer that is not JSON, or not always: by its media types. */
export interface AnswerIn {
  readonly description: string
  readonly content: { readonly [type: string]: { readonly schema: TSchema } }
}

export function answerIn(description: string, types: { readonly [type: string]: TSchema }): AnswerIn {
  const content = Object.entries(types).map(([type, schema]) => [type, { schema }])
  return { description, content: Object.fromEntries(content) }
}

const problem = answerIn('RFC 9457', { 'application/problem+json': problemSchema })

/** Bytes, as they are. */
export function bytesAnswer(description: string): AnswerIn {
  return answerIn(description, { 'application/octet-stream': Type.Unknown() })
}

export function textAnswer(description: string): AnswerIn {
  return answerIn(description, { 'text/plain': Type.String() })
}

/** A line of the table in spec/http.md: what a route is called, and what it needs. */
export interface Operation {
  readonly operation: string
  readonly needs: Needs
  readonly summary: string
}

/** The words of an operation where Fastify looks for them. */
export function about<Schema extends object>(
  { operation, needs, summary }: Operation,
  schema: Schema,
): { readonly schema: Schema & OperationWords; readonly config: { needs: Needs; operation: string } } {
  const answers = 'response' in schema && typeof schema.response === 'object' ? schema.response : {}
  const response = { '4xx': problem, '5xx': problem, ...answers }
  const security = needs === 'nobody' ? { security: [] } : {}
  return { schema: { ...schema, ...security, response, operationId: operation, summary }, config: { needs, operation } }
}

interface OperationWords {
  readonly operationId: string
  readonly summary: string
  readonly response: object
}

/** An answer whose members are those of the library (its types, and the spec page, say which). */
export const answerSchema: TSchema = Type.Object({}, { additionalProperties: true })
