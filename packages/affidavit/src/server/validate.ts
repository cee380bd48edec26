// Requests are held against the schemas that document them (spec/http.md).

import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Convert } from 'typebox/value'

import { memberPath } from '../bytes/json.ts'
import { RequestFault } from './problem.ts'

/** What a handler is given is what its schemas say. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  /** That answers are as described is for tests to see: none is changed to be. */
  readonly serializer: unknown
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema)
  return (given: unknown) => {
    // A query is texts, whatever they say.
    const value = httpPart === 'querystring' ? Convert(schema, given) : (given ?? {})
    if (compiled.Check(value)) return { value }
    const [first] = compiled.Errors(value)
    return { error: faultOf(httpPart, first) }
  }
}

interface SchemaError {
  readonly instancePath: string
  readonly message: string
  readonly params?: object
}

function faultOf(part: string | undefined, error: SchemaError | undefined): RequestFault {
  const place = part === 'querystring' ? 'query' : (part ?? 'request')
  if (error === undefined) return new RequestFault('invalid-request', `the ${place} is not of its form`)
  // What a closed object has no member for is held against `false`.
  const said = error.message === 'schema is false' ? 'is not known here' : error.message
  const path = error.instancePath
    .split('/')
    .slice(1)
    .reduce((above, step) => memberPath(above, step.replaceAll('~1', '/').replaceAll('~0', '~')), '')
  const names = Object.values(error.params ?? {})
    .flat()
    .filter((one) => typeof one === 'string')
  const about = names.length === 0 || said.includes(String(names[0])) ? '' : ` (${names.join(', ')})`
  const where = path === '' ? `the ${place}` : path
  return new RequestFault('invalid-request', `${where} ${said}${about}`, {
    cure: 'GET /openapi.json describes every request',
    ...(path === '' ? {} : { path }),
  })
}
