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
  const response = { ...answers, '4xx': problemSchema, '5xx': problemSchema }
  return { schema: { ...schema, response, operationId: operation, summary }, config: { needs, operation } }
}

interface OperationWords {
  readonly operationId: string
  readonly summary: string
  readonly response: object
}

/** An answer whose members are those of the library (its types, and the spec page, say which). */
export const answerSchema: TSchema = Type.Object({}, { additionalProperties: true })
