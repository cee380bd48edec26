// What goes through one transport, with somebody who looks at it. Its methods are replaced on the instance, which stays of its class: the
// SDK asks for that.

import { membersOf, type Shape } from '../wire/shape.ts'

/** What the transports of both major versions of the SDK have in common. */
export interface McpTransport {
  onmessage?: Receive | undefined
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  send(message: unknown, options?: unknown): Promise<void>
}

export type Receive = (message: unknown, extra?: unknown) => void
type Send = (message: unknown) => Promise<void>

/** Decides what becomes of a message: it is passed on, or something else is sent or received in its place. */
export interface Exchange {
  /** `undefined` where it looks at no such message: it is passed on. @throws what keeps it from being sent */
  outgoing(message: Shape, options: Shape, pass: Send): Promise<void> | undefined
  incoming(message: Shape, pass: (message: unknown) => void, answer: Send): Promise<void> | undefined
  closed(): void
}

export function tapTransport(transport: McpTransport, exchange: Exchange): void {
  const send = transport.send.bind(transport)
  tapSending(transport, exchange, send)
  tapReceiving(transport, exchange, send)
  const closed = transport.onclose
  transport.onclose = () => {
    closed?.()
    exchange.closed()
  }
}

function tapSending(transport: McpTransport, exchange: Exchange, send: McpTransport['send']): void {
  // A transport may send through itself once more, for instance when it had to authorize first.
  const underWay = new WeakSet<object>()
  transport.send = (message, options) => {
    if (!isMessage(message) || underWay.has(message)) return send(message, options)
    underWay.add(message)
    const pass = (passed: unknown): Promise<void> => send(passed, options)
    const sent = exchange.outgoing(message, membersOf(options), pass) ?? pass(message)
    return sent.finally(() => underWay.delete(message))
  }
}

function tapReceiving(transport: McpTransport, exchange: Exchange, send: McpTransport['send']): void {
  const tapped =
    (handler: Receive): Receive =>
    (message, extra) => {
      const pass = (passed: unknown): void => handler(passed, extra)
      if (!isMessage(message)) return pass(message)
      const passed = exchange.incoming(message, pass, (answer) => send(answer))
      if (passed === undefined) return pass(message)
      passed.catch((error) => transport.onerror?.(error instanceof Error ? error : new Error(String(error))))
    }

  // Of a transport that hands this on to another one, the handler is that other one's.
  const setter = inheritedSetter(transport)
  let handler = transport.onmessage
  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    enumerable: true,
    get: () => handler,
    set(given: Receive | undefined) {
      handler = given === undefined ? undefined : tapped(given)
      setter?.call(transport, handler)
    },
  })
}

function isMessage(message: unknown): message is Shape {
  return typeof message === 'object' && message !== null
}

function inheritedSetter(transport: object): ((value: unknown) => void) | undefined {
  let owner: object | null = Object.getPrototypeOf(transport)
  for (; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const found = Object.getOwnPropertyDescriptor(owner, 'onmessage')
    if (found !== undefined) return found.set
  }
  return undefined
}
