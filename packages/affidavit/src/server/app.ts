// The HTTP application: what every request goes through, and its routes. Each route is a schema that validates and documents it.

import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

import compress from '@fastify/compress'
import Fastify, { type FastifyRequest, LogController } from 'fastify'

import type { AppParts } from './app-parts.ts'
import { answerProblem } from './app-problem.ts'
import { loggerOptions, logRequests, requestId } from './log.ts'
import { measure } from './metrics.ts'
import { describeRoutes } from './openapi.ts'
import { PATIENCE_MILLIS } from './patient.ts'
import { fewOfAConnection } from './pipelined.ts'
import { RequestFault } from './problem.ts'
import { readBodies } from './read-body.ts'
import type { Routes } from './routes/route.ts'
import { addRoutes } from './routes.ts'
import type { Served } from './served.ts'
import { cutOffUntaken } from './untaken.ts'
import { compileValidator, type SchemaTypes } from './validate.ts'

/** How long a whole request may take to arrive; its headers less. */
const REQUEST_MILLIS = 120_000
const HEADERS_MILLIS = 15_000
const IDLE_MILLIS = 72_000

/** An application that listens to nothing yet. */
export async function createApp(parts: AppParts): Promise<Routes> {
  const { ledgers, bodyLimit, tls } = parts
  const app: Routes = Fastify({
    logger: loggerOptions(parts.log),
    frameworkErrors: answerProblem,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    bodyLimit,
    forceCloseConnections: 'idle',
    // A name may be as long as a ledger's.
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: false, caseSensitive: true },
    rewriteUrl: ({ url = '/' }) => withEncodedName(url, ledgers),
    serverFactory: (handler) => createListener(fewOfAConnection(handler), tls),
  }).withTypeProvider<SchemaTypes>()
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.setErrorHandler(answerProblem)
  app.setNotFoundHandler((request, reply) => answerProblem(noRoute(request), request, reply))
  readBodies(app)
  logRequests(app)
  cutOffUntaken(app, PATIENCE_MILLIS)
  await app.register(compress, { requestEncodings: ['gzip', 'deflate', 'br', 'zstd', 'identity'] })
  await describeRoutes(app)
  await addRoutes(app, parts, measure(app, ledgers))
  return app
}

function createListener(handler: RequestListener, tls: AppParts['tls']): Server {
  const server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler)
  server.requestTimeout = REQUEST_MILLIS
  server.headersTimeout = HEADERS_MILLIS
  server.keepAliveTimeout = IDLE_MILLIS
  return server
}

function noRoute({ method }: FastifyRequest): RequestFault {
  return new RequestFault('no-route', `nothing is here for ${method}`, {
    cure: 'GET /openapi.json lists what is there',
  })
}

const LEDGERS = '/v1/ledgers/'

/** A NAME has slashes: in a path it may stand as it is, too. */
function withEncodedName(url: string, ledgers: ReadonlyMap<string, Served>): string {
  if (!url.startsWith(LEDGERS)) return url
  const rest = url.slice(LEDGERS.length)
  for (const { name, ledger } of ledgers.values()) {
    for (const called of [ledger.origin, name]) {
      if (called.includes('/') && rest.startsWith(`${called}/`))
        return `${LEDGERS}${encodeURIComponent(called)}${rest.slice(called.length)}`
    }
  }
  return url
}
