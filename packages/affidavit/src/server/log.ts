// The operator's log: a line of JSON for each request, and for what nobody foresaw. It never holds what was asked for (spec/http.md §8).

import type { FastifyInstance, FastifyServerOptions } from 'fastify'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

interface LogLine {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly millis: number
  readonly bytes: number
  readonly credential_id?: string
}

/** @param write takes a line without its newline */
export function loggerOptions(write: (line: string) => void): NonNullable<FastifyServerOptions['logger']> {
  return {
    level: 'info',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    // What an error of ours says may quote its input: its kind and where it was thrown are enough to find it.
    serializers: { err: serializeError, req: () => ({}), res: () => ({}) },
    stream: { write: (text: string) => write(text.trimEnd()) },
  }
}

function serializeError(error: Error): { type: string; message: string; stack: string } {
  const places = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { type: error.name, message: '', stack: places.join('\n') }
}

/** The id of a request: its own, where that may stand in a log, else a new one. */
export function requestId({ headers }: { headers: { [name: string]: unknown } }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : crypto.randomUUID()
}

export function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const credential_id = request.asked?.principal.credential_id
    const line: LogLine = {
      route: request.routeOptions.url ?? 'unknown',
      method: request.method,
      status: reply.statusCode,
      millis: Math.round(reply.elapsedTime),
      bytes: Number(reply.getHeader('content-length') ?? 0),
      ...(credential_id === undefined ? {} : { credential_id }),
    }
    request.log.info(line, 'answered')
  })
}
