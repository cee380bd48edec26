// Stands between a client and a PostgreSQL server, and breaks the connection at a chosen message of the protocol: before it, within
// it, or behind it. Messages: PostgreSQL 15, §55.7; a type of one byte, a length of four, a body.

import { connect, createServer, type Socket } from 'node:net'

export interface Fault {
  readonly from: 'client' | 'server'
  /** Of the type and the text of a message: `Q COMMIT`. The first that fits is hit, once. */
  readonly at: RegExp
  /** Done before the message is passed on; nothing else passes meanwhile. */
  readonly meanwhile?: (link: Link) => Promise<unknown>
  /** What is passed on in its place. */
  readonly rewritten?: (message: Buffer) => Buffer
  /** How much of the message is passed on. */
  readonly passed: 'nothing' | 'half of it' | 'all of it'
  /**
   * `cut`: both sides are told that the connection is over. `silence`: nothing passes any more, and nobody is told. `hold`: the client
   * is told; the server gets the rest when `deliver` says so.
   */
  readonly outcome: 'go on' | 'cut' | 'silence' | 'hold'
}

export interface Link {
  /** The server's process for this connection. */
  readonly pid: number
  /** Lets the server have what was held back, and closes the connection behind it. */
  deliver(): void
}

export interface CuttingProxy {
  readonly port: number
  /** Resolves when the fault has happened. */
  arm(fault: Fault): Promise<Link>
  /** Whether whoever connects is let in. */
  gate: 'open' | 'shut'
  stop(): Promise<void>
}

/** Where connections go; asked for each. */
export type Target = () => number

export async function startCuttingProxy(target: Target): Promise<CuttingProxy> {
  const links = new Set<{ destroy(): void }>()
  const armed: { readonly fault: Fault; readonly happened: (link: Link) => void }[] = []

  function hitBy(from: Fault['from'], text: string): (typeof armed)[number] | undefined {
    const index = armed.findIndex(({ fault }) => fault.from === from && fault.at.test(text))
    return index === -1 ? undefined : armed.splice(index, 1)[0]
  }

  function join(client: Socket): void {
    if (proxy.gate === 'shut') return void client.destroy()
    const server = connect(target(), '127.0.0.1')
    for (const socket of [client, server]) socket.setNoDelay(true)
    const held: Buffer[] = []
    let state: 'open' | 'silent' | 'held' | 'over' = 'open'
    const link = {
      pid: 0,
      deliver(): void {
        for (const bytes of held) server.write(bytes)
        server.end()
      },
    }
    const both = { destroy: (): void => void [client.destroy(), server.destroy()] }
    links.add(both)

    const pump = (from: Fault['from'], source: Socket, sink: Socket): void => {
      const cut = messageReader(from)
      let turn = Promise.resolve()
      source.on('data', (bytes) => {
        turn = turn.then(async () => {
          for (const message of cut(bytes)) await pass(message)
        })
      })
      source.on('error', () => undefined)
      source.on('close', () => {
        turn = turn.then(() => {
          if (state === 'open') sink.destroy()
        })
      })

      async function pass(came: Buffer): Promise<void> {
        if (state === 'held' && from === 'client') held.push(came)
        if (state !== 'open') return
        const text = textOf(came)
        if (from === 'server' && text.startsWith('K ')) link.pid = came.readUInt32BE(5)
        const hit = hitBy(from, text)
        if (hit === undefined) return void sink.write(came)
        const { fault, happened } = hit
        await fault.meanwhile?.(link)
        const message = fault.rewritten?.(came) ?? came
        const share = { nothing: 0, 'half of it': message.length >> 1, 'all of it': message.length }[fault.passed]
        if (share > 0) await new Promise((resolve) => sink.write(message.subarray(0, share), resolve))
        if (fault.outcome === 'silence') state = 'silent'
        if (fault.outcome === 'hold') {
          state = 'held'
          if (from === 'client') held.push(message.subarray(share))
          client.destroy()
        }
        if (fault.outcome === 'cut') {
          state = 'over'
          // Said with the end of the stream, so that what was passed before arrives.
          client.destroySoon()
          server.destroySoon()
        }
        happened(link)
      }
    }
    pump('client', client, server)
    pump('server', server, client)
  }

  const listener = createServer(join)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const proxy: CuttingProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    gate: 'open',
    arm: (fault) => new Promise((resolve) => armed.push({ fault, happened: resolve })),
    stop() {
      for (const link of links) link.destroy()
      return new Promise((resolve) => listener.close(() => resolve()))
    },
  }
  return proxy
}

/** Cuts a stream into messages. The first of a client has no type. */
function messageReader(from: Fault['from']): (bytes: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0)
  let typed = from === 'server' ? 1 : 0
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    const messages: Buffer[] = []
    while (rest.length >= typed + 4 && rest.length >= typed + rest.readUInt32BE(typed)) {
      const length = typed + rest.readUInt32BE(typed)
      messages.push(rest.subarray(0, length))
      rest = rest.subarray(length)
      typed = 1
    }
    return messages
  }
}

function textOf(message: Buffer): string {
  return `${message.toString('latin1', 0, 1)} ${message.toString('latin1', 5).replaceAll('\0', ' ')}`
}
