// A server whose database is full, or slow: what is not taken is told as such, and is on record once when it is sent again.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { openRemote } from '../src/client/open.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { ownBody } from './otlp-bodies.ts'
import { missingForPostgres, startPostgres } from './postgres-server.ts'
import { hasty, serveHome } from './remote-world.ts'
import { json } from './served.ts'
import { servedDraft } from './served-draft.ts'
import { newWriter, startServed } from './served-process.ts'

const ORIGIN = 'full.example/agents'
const hasLimits = spawnSync('prlimit', ['--version']).status === 0

function newFolder(t: TestContext): string {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-served-full-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  return base
}

interface Answer {
  readonly status: number
  readonly code: unknown
  readonly id: unknown
  readonly seq: unknown
}

async function ask(url: string, token: string, init: RequestInit): Promise<Answer> {
  const headers = new Headers(init.headers)
  headers.set('Authorization', `Bearer ${token}`)
  const answer = await fetch(url, { ...init, headers })
  const { code, id, seq } = Object(await answer.json())
  return { status: answer.status, code, id, seq }
}

async function actionsIn(home: string): Promise<ReadonlyMap<string, readonly string[]>> {
  await using ledger = await openFolder(home)
  const ids = new Map<string, string[]>()
  for await (const { id, action } of ledger.search()) ids.set(action, [...(ids.get(action) ?? []), id])
  return ids
}

test('a server whose disk is full says so, takes nothing of telemetry, and all of it once when there is room', {
  skip: !hasLimits && 'needs prlimit',
}, async (t) => {
  const home = join(newFolder(t), 'ledger')
  await initLedger(home, { origin: ORIGIN })
  const { token } = await newWriter(home)
  const most = statSync(databaseFile(home)).size + 400_000
  const server = await startServed(home, ['prlimit', `--fsize=${most}:unlimited`])
  t.after(() => server.close())
  await server.begin()
  const url = `${server.url}/v1/ledgers/${encodeURIComponent(ORIGIN)}/records`
  const draft = (n: number): object => ({ ...servedDraft(n, 0), details: { n, filler: 'x'.repeat(40_000) } })
  const append = (n: number): Promise<Answer> => ask(url, token, json(draft(n)))
  const taken = new Map<number, unknown>()
  const refused: Answer[] = []
  let n = 0
  for (; refused.length < 3; n++) {
    const answer = await append(n)
    if (answer.status === 201) taken.set(n, answer.seq)
    else refused.push(answer)
  }
  assert.ok(taken.size > 3)
  for (const { status, code } of refused) {
    assert.equal(status, 503)
    assert.ok(code === 'not-committed' || code === 'outcome-unknown', String(code))
  }
  const ready = await fetch(`${server.url}/readyz`)
  assert.equal(ready.status, 503, JSON.stringify(await ready.json()))
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  const telemetry = (): Promise<number> => exported(server.url, token)
  assert.equal(await telemetry(), 503)

  assert.equal(spawnSync('prlimit', ['--pid', String(server.pid()), '--fsize=unlimited']).status, 0)
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  for (let i = 0; i < n; i++) {
    const { status, seq } = await append(i)
    if (taken.has(i)) assert.deepEqual([status, seq], [200, taken.get(i)])
    else assert.ok(status === 201 || status === 200, String(status))
  }
  assert.deepEqual([await telemetry(), await telemetry()], [200, 200])
  await server.end('SIGTERM')
  const ids = await actionsIn(home)
  assert.deepEqual(
    [...(ids.get('tool_invoked') ?? [])].toSorted().slice(0, n),
    Array.from({ length: n }, (_, i) => servedDraft(i, 0).id),
  )
  assert.equal(ids.get('agent_response_generated')?.length, 2)
  assert.equal(ids.get('telemetry_received')?.length, 1)
})

/** What an exporter hears of two calls of a model. */
async function exported(url: string, token: string, signal?: AbortSignal): Promise<number> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const body = Buffer.from(ownBody('gen-ai-1.36-traces.json'))
  const answer = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body, ...(signal && { signal }) })
  await answer.text()
  return answer.status
}

/** Somebody else holds what every commit needs. */
type Hold = () => Promise<() => Promise<void>>

async function waitBehind(home: string, hold: Hold): Promise<void> {
  const { token } = await newWriter(home)
  const server = await serveHome(home, { readyMillis: 100 })
  let release = async (): Promise<void> => undefined
  try {
    const at = `http://127.0.0.1:${server.port}`
    const held = await hold()
    release = async () => {
      release = async () => undefined
      await held()
    }
    const url = `${at}/v1/ledgers/${encodeURIComponent(ORIGIN)}`
    const drafts = Array.from({ length: 20 }, (_, n) => servedDraft(n, n % 3))
    const impatient = await openRemote(url, { token, ...hasty, patienceMillis: 20_000 })
    for (const outcome of await Promise.allSettled(drafts.map((draft) => impatient.append(draft)))) {
      assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'outcome-unknown')
    }
    await assert.rejects(exported(at, token, AbortSignal.timeout(100)), { name: 'TimeoutError' })
    assert.equal((await fetch(`${at}/readyz`)).status, 503)
    await release()
    const again = await Promise.all(drafts.map((draft) => impatient.append(draft)))
    assert.equal(new Set(again.map(({ seq }) => seq)).size, drafts.length)
    assert.deepEqual([await exported(at, token), await exported(at, token)], [200, 200])
    assert.equal((await fetch(`${at}/readyz`)).status, 200)
    await impatient.close()
  } finally {
    await release()
    await server.stop()
  }
  const ids = await actionsIn(home)
  assert.equal(ids.get('tool_invoked')?.filter((id) => id.startsWith('01a1fc50')).length, 20)
  assert.equal(ids.get('agent_response_generated')?.length, 2)
  assert.equal(ids.get('telemetry_received')?.length, 1)
}

test('a file that another process writes to leaves outcomes unknown, and what is sent again is there once', async (t) => {
  const home = join(newFolder(t), 'ledger')
  await initLedger(home, { origin: ORIGIN })
  await waitBehind(home, async () => {
    const other = new DatabaseSync(databaseFile(home))
    other.exec('BEGIN IMMEDIATE')
    return async () => {
      other.exec('ROLLBACK')
      other.close()
    }
  })
})

test('a head lock in PostgreSQL that somebody holds leaves outcomes unknown, and what is sent again is there once', {
  skip: missingForPostgres() ?? false,
}, async (t) => {
  const home = join(newFolder(t), 'home')
  const postgres = await startPostgres()
  t.after(() => postgres.stop())
  const database = await postgres.database()
  await initLedger(`${postgres.url(database)}?ledger=${ORIGIN}`, { origin: ORIGIN, keys: home })
  await waitBehind(home, async () => {
    const pool = postgres.pool(database, 'super')
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT FROM affidavit.heads FOR UPDATE')
    return async () => {
      await client.query('ROLLBACK')
      client.release()
      await pool.end()
    }
  })
})
