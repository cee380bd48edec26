import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { missingForPostgres, type PostgresServer, SERVER, startPostgres } from '../../test/postgres-server.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { openLedger } from '../index.ts'
import { parseLedgerUrl } from '../stores/postgres/url.ts'
import { continueAfterRestore, initLedger } from './init.ts'
import { openFolder } from './open.ts'
import { nameOf, newIncarnation } from './origin.ts'
import { placeOf } from './place.ts'
import { openReader } from './read.ts'
import { storeOf } from './store.ts'

const NAME = 'init.example/agents'
const DRAFT: Draft = { action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' }

const missing = missingForPostgres()
if (missing !== undefined) test('a ledger in a database', { skip: missing })
else describe('a ledger in a database', () => ledgers())

function ledgers(): void {
  const root = mkdtempSync(join(tmpdir(), 'affidavit-init-database-'))
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(async () => {
    await server.stop()
    rmSync(root, { recursive: true, force: true })
  })

  let folders = 0
  const freshHome = (): string => join(root, String(folders++), 'home')
  const freshUrl = async (): Promise<string> => `${server.url(await server.database())}?ledger=${NAME}`

  /** Every ledger of the database, whatever its name, and how many records it has. */
  async function sizes(url: string): Promise<readonly number[]> {
    const { rows } = await server.sql(
      parseLedgerUrl(url).database,
      'SELECT h.size::int AS size FROM affidavit.heads h ORDER BY ledger_no',
    )
    return rows.map(({ size }) => size)
  }

  test('is made with its home, opened by either, and goes on', async () => {
    const [url, keys] = [await freshUrl(), freshHome()]
    const { origin } = await initLedger(url, { origin: NAME, keys })
    assert.equal(nameOf(origin), NAME)
    for (const [place, more] of [
      [url, { keys }],
      [keys, {}],
    ] as const) {
      await using ledger = await openLedger(place, more)
      assert.equal(ledger.origin, origin)
      assert.equal((await ledger.append(DRAFT)).state, 'recorded')
    }
    await using reader = await openReader(placeOf(url, keys))
    assert.deepEqual([reader.origin, await reader.size()], [origin, (await sizes(url))[0]])
  })

  test('is made by openLedger where it is not there, and opened where it is', async () => {
    const [url, keys] = [server.url(await server.database()), freshHome()]
    const origins = new Set<string>()
    for (let time = 0; time < 2; time++) {
      await using ledger = await openLedger(url, { origin: NAME, keys })
      origins.add(ledger.origin)
    }
    assert.deepEqual([[...origins].map(nameOf), (await sizes(url)).length], [[NAME], 1])
    const other = openLedger(url, { origin: 'init.example/other', keys })
    await assert.rejects(other, { code: 'invalid-origin' })
  })

  test('is made once by several that start together, and opened by all', async () => {
    const [url, keys] = [await freshUrl(), freshHome()]
    const opened = await Promise.all([1, 2, 3].map(() => openLedger(url, { origin: NAME, keys })))
    assert.equal(new Set(opened.map(({ origin }) => origin)).size, 1)
    await Promise.all(opened.map((ledger) => ledger.close()))
    assert.equal((await sizes(url)).length, 1)
  })

  test('is begun once, whoever begins it with a home of his own', async () => {
    const url = await freshUrl()
    const made = await Promise.allSettled([1, 2, 3].map(() => initLedger(url, { origin: NAME, keys: freshHome() })))
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const one of made) {
      if (one.status === 'fulfilled') continue
      assert.ok(one.reason instanceof LedgerError)
      assert.equal(one.reason.code, 'ledger-exists')
    }
    assert.equal((await sizes(url)).filter((size) => size > 0).length, 1)
  })

  test('does not show ledgers of other names, nor opens one of them', async () => {
    const url = await freshUrl()
    const [one, other] = [freshHome(), freshHome()]
    await initLedger(url, { origin: NAME, keys: one })
    const second = url.replace(NAME, 'init.example/other')
    const { origin } = await initLedger(second, { origin: 'init.example/other', keys: other })
    const parsed = parseLedgerUrl(second)
    const store = storeOf(parsed, server.pool(parsed.database))
    assert.deepEqual(await store.ledgers(), [origin])
    await store.close()
    await assert.rejects(openReader(placeOf(url, one), origin), { code: 'not-found' })
  })

  test('leaves nothing behind where the database is none of ledgers', async () => {
    await server.sql('postgres', 'CREATE DATABASE plain')
    const keys = freshHome()
    await assert.rejects(initLedger(server.url('plain'), { origin: NAME, keys }), { code: 'not-a-ledger' })
    assert.ok(!existsSync(keys))
  })

  describe('that was interrupted', () => {
    test('before its home was in place stands in nobody’s way', async () => {
      const [url, keys] = [await freshUrl(), freshHome()]
      const store = storeOf(parseLedgerUrl(url), server.pool(parseLedgerUrl(url).database))
      await store.create(newIncarnation(NAME))
      await store.close()
      const { origin } = await initLedger(url, { origin: NAME, keys })
      await using ledger = await openLedger(keys)
      assert.equal(ledger.origin, origin)
      assert.deepEqual((await sizes(url)).map(Math.sign), [0, 1])
    })

    test('before its first record is finished by doing it again, and no second one is made', async () => {
      const [url, keys, keyring] = [await freshUrl(), freshHome(), freshHome()]
      const { database } = parseLedgerUrl(url)
      await server.sql(database, `REVOKE INSERT ON affidavit.entries FROM ${SERVER}`)
      await server.sql(database, `REVOKE INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries FROM ${SERVER}`)
      await assert.rejects(initLedger(url, { origin: NAME, keys, keyring }), { code: 'not-committed' })
      const kept = readdirSync(keyring)
      await server.sql(database, `GRANT INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries TO ${SERVER}`)
      await assert.rejects(initLedger(url, { origin: NAME, keys }), { code: 'ledger-exists' })
      await initLedger(url, { origin: NAME, keys, keyring })
      assert.deepEqual(readdirSync(keyring), kept)
      assert.deepEqual((await sizes(url)).map(Math.sign), [1])
      await assert.rejects(initLedger(url, { origin: NAME, keys, keyring }), { code: 'ledger-exists' })
    })

    test('before its first record is finished by opening it, too', async () => {
      const [url, keys] = [await freshUrl(), freshHome()]
      const { database } = parseLedgerUrl(url)
      await server.sql(database, `REVOKE INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries FROM ${SERVER}`)
      await assert.rejects(openLedger(url, { origin: NAME, keys }), { code: 'not-committed' })
      await server.sql(database, `GRANT INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries TO ${SERVER}`)
      await using ledger = await openLedger(url, { origin: NAME, keys })
      assert.equal((await ledger.append(DRAFT)).state, 'recorded')
      assert.equal((await sizes(url)).length, 1)
    })
  })

  test('goes on after a restore under a new identity, and is noticed where it lost what was released', async () => {
    const [url, keys] = [await freshUrl(), freshHome()]
    const { database } = parseLedgerUrl(url)
    const { origin } = await initLedger(url, { origin: NAME, keys })
    await server.sql('postgres', `CREATE DATABASE ${database}_backup TEMPLATE ${database}`)
    await (await append(keys)).close()
    await server.sql('postgres', `ALTER DATABASE ${database} RENAME TO ${database}_lost`)
    await server.sql('postgres', `ALTER DATABASE ${database}_backup RENAME TO ${database}`)
    await assert.rejects(openFolder(keys), { code: 'rolled-back' })
    const next = await continueAfterRestore(keys)
    assert.notEqual(next.origin, origin)
    await (await append(keys)).close()
    const moved = url.replace(database, `${database}_moved`)
    await server.sql('postgres', `ALTER DATABASE ${database} RENAME TO ${database}_moved`)
    await using ledger = await openLedger(moved, { keys })
    assert.equal(ledger.origin, next.origin)
  })

  async function append(home: string): Promise<Awaited<ReturnType<typeof openFolder>>> {
    const ledger = await openFolder(home)
    await ledger.append(DRAFT)
    return ledger
  }

  test('without its settings is not opened past a checkpoint log that is elsewhere', async () => {
    const [url, keys, anchor] = [await freshUrl(), freshHome(), freshHome()]
    await initLedger(url, { origin: NAME, keys, anchor })
    renameSync(join(keys, 'affidavit.json'), `${keys}.json`)
    await assert.rejects(openLedger(url, { keys }), { code: 'missing-anchor' })
  })

  test('is not opened with the keys of another', async () => {
    const url = await freshUrl()
    const [mine, other] = [freshHome(), freshHome()]
    await initLedger(url, { origin: NAME, keys: mine })
    await initLedger(await freshUrl(), { origin: NAME, keys: other })
    await assert.rejects(openLedger(url, { keys: other }), { code: 'wrong-key' })
  })
}
