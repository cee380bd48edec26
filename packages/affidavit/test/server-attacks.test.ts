// A server attacked by whoever reaches it, by its readers, and by one tenant upon another (SECURITY.md).

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { createApiKey } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { serve } from '../src/server/serve.ts'
import { answered, NAME, type ServedClinic, serveClinic } from './served.ts'

const BY = { actor_id: 'operator-1', actor_type: 'admin' } as const

async function tenant(folder: string, name: string): Promise<{ readonly home: string; readonly key: string }> {
  const home = join(folder, name)
  await initLedger(home, { origin: `${name}.example/agents` })
  await using ledger = await openFolder(home)
  const { key } = await createApiKey({ ledger, home, by: BY }, { role: 'auditor' })
  return { home, key }
}

describe('of two tenants of a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-tenants-'))
  after(() => rmSync(folder, { recursive: true }))

  test('one signs in where the keys of the other are damaged, and nobody is told whose or where', async () => {
    const [one, other] = [await tenant(folder, 'one'), await tenant(folder, 'other')]
    const { listening } = await serve({
      places: [{ home: one.home }, { home: other.home }],
      at: { host: '127.0.0.1', port: 0 },
      ...{ bodyLimit: 1_000_000, requestsPerMinute: 1_000, log: () => undefined },
    })
    try {
      const as = (key: string, path: string): Promise<Response> =>
        fetch(`${listening.url}${path}`, { headers: { Authorization: `Bearer ${key}` } })
      writeFileSync(join(one.home, 'api-keys.json'), '{')
      assert.equal((await as(other.key, '/v1/ledgers')).status, 200)
      assert.equal((await as(other.key, '/v1/ledgers/other.example%2Fagents/health')).status, 200)
      const refused = await as(one.key, '/v1/ledgers/one.example%2Fagents/health')
      const problem = await answered(refused)
      assert.deepEqual([refused.status, problem.code], [503, 'key-unavailable'])
      assert.doesNotMatch(JSON.stringify(problem), /affidavit-tenants|example|json/)
      // Whoever names a ledger whose keys are well is told of that one alone.
      const wrong = `affidavit_${'a'.repeat(12)}_${'b'.repeat(43)}`
      assert.equal((await as(wrong, '/v1/ledgers/other.example%2Fagents/health')).status, 401)
    } finally {
      await listening.drain(0)
    }
  })
})

describe('a server', () => {
  let shared: Promise<ServedClinic> | undefined
  const clinicOf = (): Promise<ServedClinic> => {
    shared ??= serveClinic()
    return shared
  }
  after(async () => (await shared)?.[Symbol.asyncDispose]())

  test('has no head of a tail: nothing would read on for nobody', async () => {
    const clinic = await clinicOf()
    assert.equal((await clinic.ask('reader', 'tail', { method: 'HEAD' })).status, 404)
    assert.equal((await clinic.ask('reader', 'health', { method: 'HEAD' })).status, 200)
  })

  test('counts no tail of somebody who went away before it began', { timeout: 20_000 }, async () => {
    const clinic = await clinicOf()
    const { host, port } = new URL(clinic.url)
    const key = await clinic.key('reader')
    const path = `/v1/ledgers/${encodeURIComponent(NAME)}/tail`
    for (let opened = 0; opened < 40; opened++) {
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      await new Promise<void>((sent) =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`, () => sent()),
      )
      socket.destroy()
    }
    const stop = new AbortController()
    const headers = { Authorization: `Bearer ${key}` }
    // Until it is seen that they are gone.
    while ((await fetch(`${clinic.at}/tail`, { headers, signal: stop.signal })).status !== 200);
    stop.abort()
  })

  test('cuts off who asks for more at once than anybody does, and makes no answers for them', async () => {
    const clinic = await clinicOf()
    const { port } = new URL(clinic.url)
    const answeredBefore = clinic.log.length
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined).resume()
    socket.write('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1700))
    await new Promise<void>((cut) => socket.once('close', () => cut()))
    assert.equal((await clinic.ask(undefined, '/healthz')).status, 200)
    assert.ok(clinic.log.length - answeredBefore < 100, 'requests that were answered')
  })
})
