// Puts an answer on the wire as a behaviour says, and keeps what was put there.

import type { ServerResponse } from 'node:http'

import type { Behaviour, Delivery } from './mock-answer.ts'
import { type Asked, EMPTY_LINE, type Format } from './mock-format.ts'

/** What a client was sent. */
export interface Sent {
  /** 0 where not even the head of a response was sent. */
  status: number
  body: string
  /** The client did not get all that was to be sent: the connection was reset, or the client left. */
  isCut: boolean
}

/** Resolves when all of it was given to the connection, or when the connection is over. */
export async function deliver(
  behaviour: Behaviour,
  { format, asked, response, sent }: { format: Format; asked: Asked; response: ServerResponse; sent: Sent },
): Promise<void> {
  const wire = openWire(response, sent)
  if (behaviour.does === 'refuse') {
    response.setHeader('retry-after-ms', behaviour.retryAfterMs)
    return wire.all(behaviour.status, JSON.stringify(format.error(behaviour.status)))
  }
  const { answer, delivery } = behaviour
  if (delivery.kind === 'held' && delivery.after === 0) await Promise.race([delivery.hold.wait(), wire.over])
  if (response.destroyed) return
  if (asked.body.stream !== true) return deliverBody(JSON.stringify(format.json(answer, asked)), delivery, wire)
  wire.head(200, 'text/event-stream; charset=utf-8')
  await deliverEvents(format.events(answer, asked), delivery, wire)
}

async function deliverBody(json: string, delivery: Delivery, wire: Wire): Promise<void> {
  const half = json.slice(0, json.length >> 1)
  if (delivery.kind === 'malformed') return wire.all(200, half)
  if (delivery.kind !== 'cut') return wire.all(200, json)
  wire.head(200, 'application/json')
  await wire.write(half)
  wire.stop(delivery.by)
}

async function deliverEvents(events: readonly string[], delivery: Delivery, wire: Wire): Promise<void> {
  switch (delivery.kind) {
    case 'whole':
      await wire.write(...events)
      break
    case 'pieces':
      await wire.write(...parted(Buffer.from(events.join('')), delivery.bytes))
      break
    case 'cut':
      await wire.write(...events.slice(0, delivery.after))
      return wire.stop(delivery.by)
    case 'held':
      await wire.write(...events.slice(0, delivery.after))
      if (delivery.after !== 0) await Promise.race([delivery.hold.wait(), wire.over])
      await wire.write(...events.slice(delivery.after))
      break
    case 'malformed':
      await wire.write(...events.slice(0, -1), broken(events.at(-2) ?? ''), ...events.slice(-1))
      break
  }
  wire.stop('end')
}

/** The event as it was, but for the end of its JSON. */
function broken(event: string): string {
  return `${event.trimEnd().slice(0, -1)}${EMPTY_LINE}`
}

function parted(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
}

type Wire = ReturnType<typeof openWire>

function openWire(response: ServerResponse, sent: Sent) {
  const over = new Promise<void>((resolve) => response.once('close', () => resolve()))
  const decoder = new TextDecoder()
  const head = (status: number, type: string): void => {
    sent.status = status
    response.writeHead(status, { 'content-type': type, 'x-request-id': 'req_mock', 'request-id': 'req_mock' })
  }
  return {
    /** Resolves when the connection is over. */
    over,
    head,
    /** Chunk by chunk, and no faster than the client reads. */
    async write(...chunks: readonly (string | Buffer)[]): Promise<void> {
      for (const chunk of chunks) {
        if (response.destroyed) return
        sent.body += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
        const written = new Promise((resolve) => response.write(chunk, resolve))
        await Promise.race([written, over])
      }
    },
    stop(by: 'end' | 'reset'): void {
      if (by === 'end') response.end()
      else response.destroy()
    },
    all(status: number, body: string): void {
      head(status, 'application/json')
      sent.body = body
      response.end(body)
    },
  }
}
