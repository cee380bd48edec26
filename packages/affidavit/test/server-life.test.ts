// The life of a server: who may begin it, when it is ready, how it ends (spec/http.md §8, spec/sign-in.md §3).

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'

import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { serve } from '../src/server/serve.ts'
import type { WatchEvent } from '../src/watch/watch-event.ts'
import { BIN } from './run-cli.ts'
import { aDraft, answered, json, lines, linesOf, NAME, serveClinic } from './served.ts'

const folder = mkdtempSync(join(tmpdir(), 'affidavit-server-life-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const LIMITS = { bodyLimit: 1_000_000, requestsPerMinute: 100_000, log: () => undefined }

async function newLedger(name: string): Promise<string> {
  const home = join(folder, name)
  await initLedger(home, { origin: NAME })
  return home
}

describe('a server that nobody can sign in to', () => {
  test('is for this machine alone, and for one key of an admin, until there is another admin', async () => {
    const home = await newLedger('first-key')
    const places = [{ home }]
    const outside = serve({ ...LIMITS, places, at: { host: '0.0.0.0', port: 0 } })
    await assert.rejects(outside, { code: 'invalid-query', path: '--listen' })
    const { listening, firstKeys } = await serve({ ...LIMITS, places, at: { host: '127.0.0.1', port: 0 } })
    const at = `${listening.url}/v1/ledgers/${encodeURIComponent(NAME)}`
    const [{ key = '', ledger = '' } = {}] = firstKeys
    assert.equal(ledger, NAME)
    const as = (one: string): { headers: Record<string, string> } => ({
      headers: { Authorization: `Bearer ${one}`, 'Content-Type': 'application/json' },
    })
    const made = await answered(fetch(`${at}/keys`, { ...json({ role: 'writer' }), ...as(key) }))
    assert.equal((await fetch(`${at}/records`, { ...json(aDraft(1)), ...as(made.key) })).status, 201)
    assert.equal((await fetch(`${at}/records/1/reveal`, { ...json({ reason: 'curious' }), ...as(key) })).status, 403)
    const admin = await answered(fetch(`${at}/keys`, { ...json({ role: 'admin' }), ...as(key) }))
    assert.equal((await fetch(`${at}/keys`, as(key))).status, 401)
    assert.equal((await fetch(`${at}/keys`, as(admin.key))).status, 200)
    await listening.drain(1000)
  })
})

describe('a server', () => {
  test('is ready while it can commit, and says so where it cannot', async () => {
    await using clinic = await serveClinic({ readyMillis: 200 })
    assert.deepEqual(await answered(fetch(`${clinic.url}/readyz`)), { status: 'ready' })
    const other = new DatabaseSync(databaseFile(clinic.home))
    other.exec('BEGIN IMMEDIATE')
    const locked = await fetch(`${clinic.url}/readyz`)
    assert.deepEqual(
      [locked.status, await answered(locked)],
      [503, { status: 'not ready', problems: ['not-committed'] }],
    )
    assert.equal((await fetch(`${clinic.url}/healthz`)).status, 200)
    other.exec('ROLLBACK')
    other.close()
    assert.equal((await fetch(`${clinic.url}/readyz`)).status, 200)
  })

  test('commits what it took, answers it and publishes, when it is told to end in the midst of it', async () => {
    await using clinic = await serveClinic()
    const drafts = Array.from({ length: 300 }, (_, n) => aDraft(n))
    const answer = await clinic.ask('writer', 'records', lines(drafts))
    const [outcomes, cut] = await Promise.all([linesOf(answer), clinic.serving.listening.drain(10_000)])
    assert.equal(cut, 0)
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      drafts.map(() => 'recorded'),
    )
    await assert.rejects(fetch(`${clinic.url}/healthz`))
    const ids = (await clinic.records()).map(({ id }) => id)
    assert.equal(
      drafts.every(({ id }) => ids.includes(id)),
      true,
    )
  })

  test('counts what it answers, and how its ledgers are', async () => {
    await using clinic = await serveClinic()
    await clinic.append(aDraft(1))
    const text = await (await fetch(`${clinic.url}/metrics`)).text()
    assert.match(
      text,
      /affidavit_http_requests_total\{route="\/v1\/ledgers\/:ledger\/records",method="POST",status="201"\} 1/,
    )
    assert.match(text, new RegExp(`affidavit_ledger_up\\{ledger="${NAME}"\\} 1`))
    assert.match(text, new RegExp(`affidavit_ledger_size\\{ledger="${NAME}"\\} \\d+`))
    assert.equal(text.includes('visit-1'), false)
  })

  test('tells monitoring on this machine its numbers, and others by a key of an admin', async () => {
    await using clinic = await serveClinic()
    const seen = async (headers: Record<string, string>): Promise<number> => {
      const { promise, resolve } = Promise.withResolvers<number>()
      get(`${clinic.url}/metrics`, { headers }, (answer) => resolve(answer.resume().statusCode ?? 0))
      return promise
    }
    assert.equal(await seen({}), 200)
    const elsewhere = [
      { 'X-Forwarded-For': '203.0.113.7' },
      { Forwarded: 'for=203.0.113.7' },
      { Via: '1.1 proxy' },
      { Host: 'rebound.example' },
    ]
    for (const headers of elsewhere)
      assert.equal(await seen(headers as Record<string, string>), 401, JSON.stringify(headers))
    assert.equal((await clinic.ask('admin', '/metrics', { headers: { 'X-Forwarded-For': '203.0.113.7' } })).status, 200)
    assert.equal(
      (await clinic.ask('auditor', '/metrics', { headers: { 'X-Forwarded-For': '203.0.113.7' } })).status,
      403,
    )
  })

  test('limits how often a credential may ask, and says when to ask again', async () => {
    await using clinic = await serveClinic({ requestsPerMinute: 3 })
    const answers = []
    for (let i = 0; i < 4; i++) answers.push(await clinic.ask('reader', 'health'))
    const last = answers.at(-1) ?? assert.fail()
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 429],
    )
    assert.equal((await answered(last)).code, 'rate-limited')
    assert.ok(Number(last.headers.get('retry-after')) > 0)
  })

  test('verifies its ledgers on a schedule, on record, and tells monitoring what it found', async () => {
    const verified = Promise.withResolvers<WatchEvent>()
    await using clinic = await serveClinic({
      watching: {
        schedule: { kind: 'every', millis: 3_600_000 },
        completeEveryMillis: 86_400_000,
        reader: { actor_id: userInfo().username },
        against: { trust: { kind: 'first use' }, anchors: [] },
        tell: (name, event) => name === NAME && event.kind === 'run' && verified.resolve(event),
      },
    })
    await verified.promise
    const text = await (await fetch(`${clinic.url}/metrics`)).text()
    assert.match(text, new RegExp(`affidavit_verified_timestamp_seconds\\{ledger="${NAME}"\\} 1`))
    assert.match(text, new RegExp(`affidavit_tampered\\{ledger="${NAME}"\\} 0`))
    const runs = (await clinic.records()).filter(({ action }) => action === 'integrity_verified')
    assert.deepEqual(
      runs.map(({ details }) => [Object(details).operation, Object(details).status]),
      [['watch', 'valid']],
    )
  })

  test('refuses two ledgers of one name, and leaves both free', async () => {
    const homes = [await newLedger('twin-1'), await newLedger('twin-2')]
    const at = { host: '127.0.0.1', port: 0 }
    const places = homes.map((home) => ({ home }))
    await assert.rejects(serve({ ...LIMITS, places, at }), { code: 'invalid-query' })
    const { listening } = await serve({ ...LIMITS, places: places.slice(0, 1), at })
    assert.equal((await fetch(`${listening.url}/readyz`)).status, 200)
    await listening.drain(1000)
  })

  test('that is killed loses nothing that it acknowledged, and takes the rest once from whoever sends it again', async () => {
    const home = await newLedger('killed')
    const { url, key, child } = await begin(home)
    const drafts = Array.from({ length: 200 }, (_, n) => aDraft(n))
    const as = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/x-ndjson' }
    const path = `/v1/ledgers/${encodeURIComponent(NAME)}/records`
    const acknowledged: unknown[] = []
    const answer = await fetch(`${url}${path}`, { ...lines(drafts), headers: as })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail()
    let text = ''
    try {
      for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
        text += value
        if (text.split('\n').length > 20) child.kill('SIGKILL')
      }
    } catch {
      // The line is cut: what was heard by then counts.
    }
    for (const line of text.split('\n').slice(0, -1)) acknowledged.push(JSON.parse(line))
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    const second = await begin(home)
    const again = await fetch(`${second.url}${path}`, {
      ...lines(drafts),
      headers: { ...as, Authorization: `Bearer ${second.key}` },
    })
    const outcomes = await linesOf(again)
    const places = new Map(outcomes.map(({ id, seq, integrity_hash }) => [id, { seq, integrity_hash }]))
    assert.equal(places.size, drafts.length)
    for (const one of acknowledged) {
      const { id, seq, integrity_hash } = Object(one)
      assert.deepEqual(places.get(id), { seq, integrity_hash })
    }
    const ended = once(second.child, 'exit')
    second.child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })
})

interface Begun {
  readonly url: string
  readonly key: string
  readonly child: ReturnType<typeof spawn>
}

/** The command, as an operator runs it; and a key of a writer that the command makes beside it. */
async function begin(home: string): Promise<Begun> {
  const child = spawn(process.execPath, [BIN, 'serve', '--ledger', home, '--listen', '127.0.0.1:0', '--json'])
  const [first] = await once(child.stdout, 'data')
  child.stderr.resume()
  const { url } = JSON.parse(String(first))
  const making = spawn(process.execPath, [BIN, 'keys', 'create', '--ledger', home, '--role', 'writer', '--json'])
  let made = ''
  for await (const chunk of making.stdout) made += chunk
  return { url, key: JSON.parse(made).key, child }
}
