// A way to a PostgreSQL server that is lost at one statement: before the server has it, in the middle of it, when it was done and
// nobody is told; or while it is on its way, so that the server has it later (PostgreSQL, 55.7: message formats).

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export const CUTS = ['before', 'during', 'after', 'late'] as const
export type Cut = (typeof CUTS)[number]

export interface CuttingProxy {
  readonly port: number
  /** Loses the connection at the n-th statement of all connections, from 1; then refuses as many new ones. */
  cutAt(n: number, cut: Cut, refused?: number): void
  /** Statements that came. */
  seen(): number
  /** Has the server get what is on its way, with the end of the connection behind it; nothing where nothing is. */
  deliver(): Promise<void>
  close(): Promise<void>
}

/** @param server the port of the server on this machine */
export async function startCuttingProxy(server: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>()
  let plan: { readonly n: number; readonly cut: Cut; refused: number } | undefined
  let seen = 0
  let onItsWay: { readonly upstream: Socket; readonly bytes: readonly Buffer[] } | undefined

  const listener = createServer({ noDelay: true }, (client) => {
    if (plan !== undefined && seen >= plan.n && plan.refused-- > 0) {
      client.destroy()
      return
    }
    const upstream = connect({ port: server, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      // A lost connection is what this is for.
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    const asked = createReader('untyped first')
    const answered = createReader('typed')
    /** Answers end with ReadyForQuery: that of the start, and of each Query and Sync. */
    let ends = 1
    let ended = 0
    let last = Number.POSITIVE_INFINITY
    let late: Buffer[] | undefined

    client.on('data', (bytes) => {
      for (const message of asked(bytes)) {
        if (late !== undefined) late.push(message.bytes)
        else pass(message)
      }
    })
    function pass({ type, bytes }: Message): void {
      const isCut = (type === 'Q' || type === 'E') && ++seen === plan?.n ? plan.cut : undefined
      if (isCut === 'before') {
        lose()
        return
      }
      if (isCut === 'during') {
        upstream.end(bytes.subarray(0, bytes.length >> 1))
        client.destroy()
        return
      }
      if (isCut === 'late') {
        late = [bytes]
        onItsWay = { upstream, bytes: late }
        // What was sent with it is on its way too.
        setImmediate(() => client.destroy())
        return
      }
      if (isCut === 'after') last = ends + 1
      if (type === 'Q' || type === 'S') ends++
      upstream.write(bytes)
    }
    function lose(): void {
      client.destroy()
      upstream.destroy()
    }

    upstream.on('data', (bytes) => {
      for (const message of answered(bytes)) {
        if (ended < last - 1) client.write(message.bytes)
        if (message.type === 'Z' && ++ended === last) lose()
      }
    })
    upstream.on('close', () => client.destroy())
    client.on('close', () => {
      if (late === undefined) upstream.end()
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cutAt(n, cut, refused = 0) {
      plan = { n, cut, refused }
    },
    seen: () => seen,
    async deliver() {
      if (onItsWay === undefined) return
      const { upstream, bytes } = onItsWay
      onItsWay = undefined
      if (upstream.destroyed) return
      // A server that gave this session up meanwhile resets it.
      const closed = new Promise((resolve) => upstream.once('close', resolve))
      upstream.end(Buffer.concat(bytes))
      await closed
    },
    async close() {
      listener.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

interface Message {
  readonly type: string
  readonly bytes: Buffer
}

/** Cuts a stream into messages. The first one of a client, and no other, has no type. */
function createReader(first: 'untyped first' | 'typed'): (bytes: Buffer) => Message[] {
  let rest = Buffer.alloc(0)
  let typeBytes = first === 'typed' ? 1 : 0
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    const messages: Message[] = []
    while (rest.length >= typeBytes + 4) {
      const length = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < length) break
      const message = rest.subarray(0, length)
      messages.push({ type: message.toString('latin1', 0, typeBytes), bytes: message })
      rest = rest.subarray(length)
      typeBytes = 1
    }
    return messages
  }
}
