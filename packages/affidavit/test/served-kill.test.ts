// Server, database and clients are killed while clients with spools write: what each was told is held against what is on record.
// AFFIDAVIT_SOAK=1 kills many times instead of a few.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { keyOf } from './attacked-ledger.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from './postgres-server.ts'
import { newWriter, startServed, startWriter, type Told } from './served-process.ts'
import { verifyHome } from './verify-home.ts'

const ROUNDS = process.env.AFFIDAVIT_SOAK === '1' ? 15 : 1
const CLIENTS = 2
const DRAFTS_OF_A_PROCESS = 1_000_000
const ORIGIN = 'killed.example/agents'

test('a server on a file is killed, and begun again when the spools of its clients are full', async (t) => {
  const base = newFolder(t)
  const home = join(base, 'ledger')
  await initLedger(home, { origin: ORIGIN })
  await killAndJudge(t, base, home)
})

test('a server on PostgreSQL is killed, and its database with it', {
  skip: missingForPostgres() ?? false,
}, async (t) => {
  const base = newFolder(t)
  const home = join(base, 'home')
  const postgres = await startPostgres()
  t.after(() => postgres.stop())
  await initLedger(`${postgres.url(await postgres.database())}?ledger=${ORIGIN}`, { origin: ORIGIN, keys: home })
  await killAndJudge(t, base, home, postgres)
})

function newFolder(t: TestContext): string {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-served-kill-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  return base
}

async function killAndJudge(t: TestContext, base: string, home: string, postgres?: PostgresServer): Promise<void> {
  const { token, vkey } = await newWriter(home)
  const server = await startServed(home)
  t.after(() => server.close())
  const url = `${server.url}/v1/ledgers/${encodeURIComponent(ORIGIN)}`
  const told: (Told & { readonly client: number })[] = []
  let hear = (): void => undefined
  const failed = Promise.withResolvers<never>()
  const heard = (enough: () => boolean): Promise<void> =>
    Promise.race([
      failed.promise,
      new Promise<void>((resolve) => {
        hear = () => enough() && resolve()
        hear()
      }),
    ])
  const count = (what: Told['told'], client: number): number =>
    told.filter((one) => one.told === what && one.client === client).length
  const eachHears = (what: Told['told'], more: number): Promise<void> => {
    const wanted = clients.map((_, client) => count(what, client) + more)
    return heard(() => wanted.every((least, client) => count(what, client) >= least))
  }
  let processes = 0
  const writerOf = (client: number): ReturnType<typeof startWriter> =>
    startWriter({
      ...{ url, token, spool: join(base, `spool-${client}`), first: processes++ * DRAFTS_OF_A_PROCESS },
      heard(one) {
        told.push({ ...one, client })
        hear()
      },
      failed: failed.reject,
    })

  await server.begin()
  const clients = Array.from({ length: CLIENTS }, (_, client) => writerOf(client))
  t.after(() => Promise.all(clients.map((client) => client.kill())))
  await eachHears('recorded', 20)
  const kept = await keptCheckpoint(url, token, join(base, 'kept'))
  for (let round = 0; round < ROUNDS; round++) {
    await eachHears('recorded', 10)
    await server.end('SIGKILL')
    // The last client is killed too, with what waits in its spool.
    await eachHears('spooled', 1)
    await clients.at(-1)?.kill()
    if (postgres !== undefined) {
      await postgres.kill('SIGKILL')
      await postgres.start()
    }
    await heard(() => told.filter(({ told }) => told === 'spool-full').length > round)
    clients[CLIENTS - 1] = writerOf(CLIENTS - 1)
    await server.begin()
    if (postgres !== undefined) {
      // Under the server, which goes on.
      await eachHears('recorded', 10)
      await postgres.kill('SIGKILL')
      await postgres.start()
    }
  }
  await eachHears('recorded', 10)
  await Promise.race([failed.promise, Promise.all(clients.map((client) => client.finish()))])
  await server.end('SIGTERM')

  await judge(home, told)
  const anchors = [await localAnchor(home), await externalAnchor(kept)]
  const report = await verifyHome(home, { trust: { kind: 'pinned', keys: [keyOf(vkey)] }, anchors })
  assert.deepEqual([report.findings, report.status], [[], 'valid'])
  t.diagnostic(
    ['recorded', 'spooled', 'spool-full'].map((w) => `${told.filter((o) => o.told === w).length} ${w}`).join(),
  )
}

/** What somebody outside keeps: a checkpoint as the server shows it. */
async function keptCheckpoint(url: string, token: string, file: string): Promise<string> {
  const answer = await fetch(`${url}/checkpoint`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
  assert.equal(answer.status, 200)
  writeFileSync(file, await answer.text())
  return file
}

/** Holds what clients were told against what is on record. */
async function judge(home: string, told: readonly Told[]): Promise<void> {
  await using ledger = await openFolder(home)
  const places = new Map<string, { readonly seq: number; readonly integrity_hash: string }>()
  for await (const { id, seq, integrity_hash } of ledger.search({ action: 'tool_invoked' })) {
    assert.equal(places.has(id), false, `${id} is on record twice`)
    places.set(id, { seq, integrity_hash })
  }
  for (const { id, told: what, seq, integrity_hash, code } of told) {
    if (what === 'recorded') assert.deepEqual(places.get(id), { seq, integrity_hash })
    if (what === 'spooled') assert.ok(places.has(id), `${id} was taken by the spool, and is not on record`)
    if (what === 'spool-full' && code === 'not-committed')
      assert.equal(places.has(id), false, `${id} was not committed`)
  }
}
