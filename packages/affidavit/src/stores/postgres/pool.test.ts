import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { missingForPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { askOne } from './connect.ts'
import { column } from './database.ts'
import { openPool } from './pool.ts'
import { parseLedgerUrl } from './url.ts'

const missing =
  missingForPostgres() ?? (spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed')
if (missing !== undefined) test('connections to PostgreSQL', { skip: missing })
else describe('connections to PostgreSQL', () => connections())

function connections(): void {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-pool-'))
  let server: PostgresServer
  let authority = ''
  before(async () => {
    server = await startPostgres()
    authority = certify(server.folder)
    await server.sql('postgres', "CREATE ROLE guarded LOGIN PASSWORD 'p@ss/word'")
    const hba =
      'local all all trust\nhost all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\nhost all all ::1/128 trust\n'
    writeFileSync(join(server.folder, 'pg_hba.conf'), hba)
    await server.sql('postgres', 'ALTER SYSTEM SET ssl = on')
    await server.sql('postgres', 'SELECT pg_reload_conf()')
    for (let isOn = false; !isOn; ) isOn = (await server.sql('postgres', 'SHOW ssl')).rows[0]?.ssl === 'on'
  })
  after(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A certificate for `localhost`, which signs for itself. */
  function certify(data: string): string {
    const [key, certificate] = [join(data, 'server.key'), join(data, 'server.crt')]
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
    const names = ['-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    const { uid, gid } = statSync(data)
    for (const file of [key, certificate]) chownSync(file, uid, gid)
    return certificate
  }

  async function ask(url: string): Promise<unknown> {
    const pool = await openPool(parseLedgerUrl(url))
    try {
      const [row] = await askOne(pool, {
        text: "SELECT current_user || ' ' || ssl || ' ' || current_setting('application_name') AS it FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      })
      return column(row, 'it')
    } finally {
      await pool.end()
    }
  }

  const at = (host: string, more = '', who = 'super'): string =>
    `postgres://${who}@${host}:${server.port}/postgres?${more}`

  test('are made as the URL says, and say who they are', async () => {
    assert.equal(await ask(at('127.0.0.1').replace('?', '')), 'super false affidavit')
    assert.equal(await ask(at('127.0.0.1', 'application_name=clinic&options=-c%20work_mem=1MB')), 'super false clinic')
    const socket = `postgres://super@/postgres?host=${server.folder}`.replace('@/', `@:${server.port}/`)
    assert.equal(await ask(socket), 'super false affidavit')
  })

  test('are encrypted for a certificate of nobody in particular, where that is asked for', async () => {
    assert.equal(await ask(at('127.0.0.1', 'sslmode=require')), 'super true affidavit')
  })

  test('are made to the host that the certificate is for, where its authority is named', async () => {
    assert.equal(await ask(at('localhost', `sslmode=verify-full&sslrootcert=${authority}`)), 'super true affidavit')
    assert.equal(await ask(at('127.0.0.1', `sslmode=verify-ca&sslrootcert=${authority}`)), 'super true affidavit')
    assert.equal(await ask(at('127.0.0.1', `sslmode=require&sslrootcert=${authority}`)), 'super true affidavit')
  })

  const LIES: readonly (readonly [lie: string, url: () => string, cure: RegExp])[] = [
    ['an authority that nobody named', () => at('localhost', 'sslmode=verify-full'), /sslrootcert=FILE/],
    ['another host', () => at('127.0.0.1', `sslmode=verify-full&sslrootcert=${authority}`), /the host must be/],
    ['no password', () => at('127.0.0.1', '', 'guarded').replace('?', ''), /PGPASSWORD/],
    ['a wrong password', () => at('127.0.0.1', '', 'guarded:hunter2').replace('?', ''), /PGPASSWORD/],
  ]
  for (const [lie, url, cure] of LIES)
    test(`are refused: ${lie}`, async () => {
      await assert.rejects(ask(url()), (error) => {
        assert.equal(Object(error).code, 'store-unavailable')
        assert.match(Object(error).cure, cure)
        assert.doesNotMatch(Object(error).problem, /hunter2/)
        return true
      })
    })

  test('take the password from the file of libpq, and say nothing of it', async () => {
    const [before, file] = [process.env.PGPASSFILE, join(folder, 'pgpass')]
    const warnings: string[] = []
    const hear = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', hear)
    process.env.PGPASSFILE = file
    try {
      writeFileSync(file, '127.0.0.1:*:*:guarded:p@ss/word\n', { mode: 0o600 })
      assert.equal(await ask(at('127.0.0.1', '', 'guarded').replace('?', '')), 'guarded false affidavit')
    } finally {
      process.off('warning', hear)
      if (before === undefined) delete process.env.PGPASSFILE
      else process.env.PGPASSFILE = before
    }
    assert.deepEqual(warnings, [])
  })

  test('are refused another authority', async () => {
    const other = mkdtempSync(join(folder, 'other-'))
    const others = certify(other)
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const url = at('localhost', `sslmode=${mode}&sslrootcert=${others}`)
      await assert.rejects(ask(url), { code: 'store-unavailable' })
    }
  })

  test('are not tried with a file that cannot be read', async () => {
    const url = at('localhost', `sslmode=verify-full&sslrootcert=${join(folder, 'none')}`)
    await assert.rejects(ask(url), { code: 'invalid-query', path: '--ledger' })
  })

  test('take a password of the URL, of PGPASSWORD, and of PGPASSFILE', async (t) => {
    const url = at('127.0.0.1', '', 'guarded').replace('?', '')
    assert.match(String(await ask(url.replace('guarded@', 'guarded:p%40ss%2Fword@'))), /^guarded/)
    t.after(() => {
      delete process.env.PGPASSWORD
      delete process.env.PGPASSFILE
    })
    process.env.PGPASSWORD = 'p@ss/word'
    assert.match(String(await ask(url)), /^guarded/)
    delete process.env.PGPASSWORD
    process.env.PGPASSFILE = join(folder, 'pgpass')
    writeFileSync(process.env.PGPASSFILE, `127.0.0.1:${server.port}:*:guarded:p@ss/word\n`, { mode: 0o600 })
    assert.match(String(await ask(url)), /^guarded/)
  })
}
