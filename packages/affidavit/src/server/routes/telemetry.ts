// OTLP/HTTP (spec/otlp.md §1): traces and logs of agents that are instrumented otherwise.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'

import type { Encoding } from '../../otlp/decode.ts'
import { OtlpFault } from '../../otlp/fault.ts'
import type { Received } from '../../otlp/receive.ts'
import type { Signal } from '../../otlp/telemetry.ts'
import { answerable } from '../app-problem.ts'
import { expectOwnAgent } from '../own-agent.ts'
import { RequestFault } from '../problem.ts'
import { about, answerIn, type Routes } from './route.ts'

const MEDIA_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}
const LIMIT = 32 * 2 ** 20

const telemetry = Type.Unsafe<Buffer>({
  type: 'object',
  description: 'OTLP: ExportTraceServiceRequest, ExportLogsServiceRequest',
})
const answered = Type.Object({
  partialSuccess: Type.Optional(
    Type.Object({
      rejectedSpans: Type.Optional(Type.Integer()),
      rejectedLogRecords: Type.Optional(Type.Integer()),
      errorMessage: Type.String(),
    }),
  ),
})

const statusSchema = Type.Object({ message: Type.String(), code: Type.String(), status: Type.Integer() })

function both(schema: TSchema): { readonly [type: string]: TSchema } {
  return { [MEDIA_TYPES.json]: schema, [MEDIA_TYPES.protobuf]: Type.Unknown() }
}

export function addTelemetry(app: Routes): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    Object.values(MEDIA_TYPES),
    { parseAs: 'buffer', bodyLimit: LIMIT },
    async (_: unknown, body: Buffer) => body,
  )
  app.setErrorHandler(answerStatus)
  addSignal(app, 'traces', 'receiveTraces')
  addSignal(app, 'logs', 'receiveLogs')
}

function addSignal(app: Routes, signal: Signal, operation: string): void {
  app.post(
    `/v1/${signal}`,
    {
      ...about(
        { operation, needs: 'append', summary: `Telemetry of agents: ${signal}, by OTLP/HTTP` },
        {
          body: telemetry,
          consumes: Object.values(MEDIA_TYPES),
          response: {
            200: answerIn('what was taken, and what is refused for good', both(answered)),
            '4xx': answerIn('google.rpc.Status, with the problem', both(statusSchema)),
            '5xx': answerIn('google.rpc.Status, with the problem', both(statusSchema)),
          },
        },
      ),
      validatorCompiler: () => (value: unknown) => ({ value }),
    },
    async (request, reply) => {
      // What a credential for certain agents may write cannot be told of telemetry before it is read.
      await expectOwnAgent(request, undefined)
      const encoding = encodingOf(request)
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const received = await request.asked.served.telemetry.receive({ body, signal, encoding }).catch(inOurWords)
      return reply.type(MEDIA_TYPES[encoding]).send(answerOf(received, signal, encoding))
    },
  )
}

function encodingOf({ headers }: FastifyRequest): Encoding {
  return headers['content-type']?.startsWith(MEDIA_TYPES.protobuf) === true ? 'protobuf' : 'json'
}

function inOurWords(error: unknown): never {
  if (!(error instanceof OtlpFault)) throw error
  const { kind, message, path } = error
  throw new RequestFault(kind === 'too-large' ? 'request-too-large' : 'invalid-request', message, { path })
}

function answerOf({ rejected, message }: Received, signal: Signal, encoding: Encoding): Buffer | object {
  if (encoding === 'json') {
    if (rejected === 0) return {}
    const count = signal === 'traces' ? { rejectedSpans: rejected } : { rejectedLogRecords: rejected }
    return { partialSuccess: { ...count, errorMessage: message } }
  }
  if (rejected === 0) return Buffer.alloc(0)
  // Export…ServiceResponse { partial_success = 1 { rejected_… = 1, error_message = 2 } }
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.Varint).int64(rejected).tag(2, WireType.LengthDelimited).string(message)
  return Buffer.from(writer.join().finish())
}

/** What is not taken is answered as OTLP asks for: google.rpc.Status { message = 2 }, in the encoding of the request. */
async function answerStatus(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const problem = await answerable(error, request, reply)
  if (encodingOf(request) === 'json') {
    return reply.type(MEDIA_TYPES.json).send(JSON.stringify({ ...problem, message: problem.detail }))
  }
  const status = new BinaryWriter().tag(2, WireType.LengthDelimited).string(`${problem.code}: ${problem.detail}`)
  return reply.type(MEDIA_TYPES.protobuf).send(Buffer.from(status.finish()))
}
