// Whatever a server sends, a client takes no more of it than the specification says: no crash, no acknowledgement, an error of ours.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import fc from 'fast-check'

import { openRemote } from '../src/client/open.ts'
import { readOutcome } from '../src/client/outcome.ts'
import type { RemoteLedger } from '../src/client/remote-ledger.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { openLedger } from '../src/index.ts'
import { serve } from '../src/server/serve.ts'
import { hasty, type RemoteWorld, startRemoteWorld, stepOf } from './remote-world.ts'

let world: RemoteWorld
before(async () => {
  world = await startRemoteWorld()
})
after(() => world.close())

/** Tries again for a while, however slow this machine is. */
function openHastily(url: string, token = 'a'): Promise<RemoteLedger> {
  return openRemote(url, { token, ...hasty, patienceMillis: 60_000 })
}

function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function listen(t: TestContext, server: Server | TcpServer): Promise<void> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

test('bytes that are no HTTP, or no answer, open nothing', async (t) => {
  let answer: Uint8Array = new Uint8Array(0)
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer))
  })
  await listen(t, server)
  const url = `http://127.0.0.1:${portOf(server)}`
  const head = fc.constantFrom(
    '',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 999 \r\nx-request-id: a\r\n\r\n',
  )
  const any = fc
    .tuple(head, fc.uint8Array({ maxLength: 200 }))
    .map(([first, rest]) => Buffer.concat([Buffer.from(first), rest]))
  await fc.assert(
    fc.asyncProperty(any, async (bytes) => {
      answer = bytes
      const opened = await openLedger(url, { token: 'a', patienceMillis: 40 }).catch((error: unknown) => error)
      assert.ok(opened instanceof LedgerError, String(opened))
      assert.equal(opened.code, 'server-unavailable')
    }),
    { numRuns: 20 },
  )
})

test('whatever JSON a server answers with, it is taken for what it is, or refused with an error of ours', async () => {
  const json = fc.oneof(
    fc.json(),
    fc.constantFrom('{}', '{"ledgers":[]}', '{"ledgers":[{}]}', '{"ledgers":[{"acts":[]}]}', '{"proof":[1]}', 'null'),
  )
  const place = fc.constantFrom(
    '/v1/ledgers',
    '/writer',
    '/checkpoint',
    '/consistency',
    '/health',
    '/checkpoints',
    '/tile/',
  )
  await fc.assert(
    fc.asyncProperty(place, json, async (where, text) => {
      world.proxy.rewrite = (path, body) =>
        path.includes(where) || (where === '/v1/ledgers' && path === where) ? Buffer.from(text) : body
      const ledger = await world.open({ patienceMillis: 2_000 }).catch((error: unknown) => error)
      if (ledger instanceof LedgerError) return
      assert.ok(typeof ledger === 'object' && ledger !== null && 'health' in ledger, String(ledger))
      const opened = ledger as Awaited<ReturnType<typeof world.open>>
      const asked = [opened.health(), opened.publish(), opened.tile({ level: 0, index: 0, width: 1 })]
      for (const answered of await Promise.allSettled(asked)) {
        if (answered.status === 'rejected') assert.ok(answered.reason instanceof LedgerError, String(answered.reason))
      }
      await opened.close().catch((error: unknown) => assert.ok(error instanceof LedgerError, String(error)))
    }),
    { numRuns: 40 },
  )
  world.proxy.rewrite = (_, body) => body
})

test('no text is an acknowledgement but one with the line, the id, a place and a hash', () => {
  const id = '01900000-0000-7000-8000-00000000000a'
  const good = {
    line: 1,
    id,
    seq: 3,
    integrity_hash: 'ab'.repeat(32),
    recorded_at: '2026-11-22T00:00:00.000Z',
    state: 'recorded',
  }
  assert.ok(readOutcome(JSON.stringify(good), 1, id))
  const lies: readonly object[] = [
    { line: 2 },
    { line: '1' },
    { id: id.toUpperCase() },
    { id: undefined },
    { seq: -1 },
    { seq: 1.5 },
    { seq: '3' },
    { integrity_hash: 'AB'.repeat(32) },
    { integrity_hash: 'ab' },
    { recorded_at: '2026-11-22' },
    { state: 'done' },
    { state: 'refused' },
    { state: 'recorded', duplicate: 'not compared' },
    { state: 'duplicate', duplicate: true },
  ]
  for (const lie of lies)
    assert.equal(readOutcome(JSON.stringify({ ...good, ...lie }), 1, id), undefined, JSON.stringify(lie))
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => readOutcome(text, 1, id) === undefined))
})

test('an answer without an end is no answer, however much of it comes', async (t) => {
  const server = createServer((request, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-request-id': String(request.headers['x-request-id']),
    })
    response.on('error', () => undefined)
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1_048_576, 32)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  await listen(t, server)
  const url = `http://127.0.0.1:${portOf(server)}`
  await assert.rejects(openHastily(url), {
    code: 'server-unavailable',
    message: /more than \d+ bytes/,
  })
})

test('a redirect is not followed: the token goes to nobody else', async (t) => {
  const asked: string[] = []
  const other = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end()
  })
  await listen(t, other)
  const server = createServer((request, response) => {
    const id = String(request.headers['x-request-id'])
    response.writeHead(307, { location: `http://127.0.0.1:${portOf(other)}/v1/ledgers`, 'x-request-id': id }).end()
  })
  await listen(t, server)
  const url = `http://127.0.0.1:${portOf(server)}`
  await assert.rejects(openHastily(url), {
    code: 'server-unavailable',
    message: /status 307/,
  })
  assert.deepEqual(asked, [])
})

test('over HTTPS a server without a certificate that is trusted is none, and one with it is written to', async (t) => {
  const [key, cert] = [join(world.folder, 'tls.key'), join(world.folder, 'tls.crt')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const made = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject]
  try {
    execFileSync('openssl', made, { stdio: 'ignore' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return t.skip('openssl is not installed')
  }
  const tls = { key: readFileSync(key), cert: readFileSync(cert) }
  const more = { bodyLimit: 1_000_000, requestsPerMinute: 1_000_000, log: () => undefined }
  const { listening } = await serve({
    places: [{ home: world.home }],
    at: { host: '127.0.0.1', port: 0 },
    tls,
    ...more,
  })
  t.after(() => listening.drain(0))
  const token = await world.token('writer')
  const strange = openHastily(listening.url, token)
  await assert.rejects(strange, { code: 'server-unavailable', message: /certificate/ })
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, String(tls.cert)])
  t.after(() => setDefaultCACertificates(before))
  await using ledger = await openLedger(listening.url, { token })
  assert.equal((await ledger.append(stepOf('tls', 0))).state, 'recorded')
})
