// Papers in requests and answers: bytes, in base64 (spec/http.md §2).

import Type, { type TSchema, type TString, type TUnsafe } from 'typebox'

import { fromBase64 } from '../../bytes/base64.ts'
import type { Copy } from '../../papers/copies.ts'
import { RequestFault } from '../problem.ts'

export function bytesSchema(description: string): TString {
  return Type.String({ contentEncoding: 'base64', description })
}

/** What a plan says, to be read; its bytes are what counts. */
export const saysSchema: TSchema = Type.Object({}, { additionalProperties: true, description: 'what the paper says' })

/** Copies that are known of. */
export const copiesSchema: TUnsafe<Copy[]> = Type.Unsafe<Copy[]>(
  Type.Array(
    Type.Object(
      {
        kind: Type.Enum(['backup', 'archive', 'export', 'replica', 'recipient']),
        where: Type.String({ minLength: 1 }),
        state: Type.Enum(['known', 'reached', 'not-reached']),
      },
      { additionalProperties: false },
    ),
  ),
)

/** @throws RequestFault `invalid-request` */
export function bytesIn(text: string, path: string): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes !== undefined) return bytes
  throw new RequestFault('invalid-request', `${path} is no base64`, {
    cure: 'send the bytes as they were answered, in the standard alphabet with padding',
    path,
  })
}
