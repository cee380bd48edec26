// What becomes of records in PostgreSQL, by the command line and with the roles that a deployment has: the role of a server lets nothing leave, that of
// retention does (spec/postgres.md §2, spec/archive.md §4, §5, spec/disposition.md §5).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { systemClock } from '../src/clock/clock.ts'
import { makeApproverKey } from '../src/embedded/approver-key.ts'
import { closed, noted, policies } from './closed-accounts.ts'
import { type GcsServer, startGcs } from './gcs-server.ts'
import { missingForPostgres, OWNER, type PostgresServer, SERVER, startPostgres } from './postgres-server.ts'
import { done, errorCode, json, type Run, run } from './run-cli.ts'
import { startTimeServer, type TimeServer } from './time-server.ts'

const NAME = 'cli.example/clinic'
const RETENTION = 'affidavit_retention'

const missing = missingForPostgres()
if (missing !== undefined) test('the command line of retention on PostgreSQL', { skip: missing })
else describe('the command line of retention on PostgreSQL', () => commandLine())

function commandLine(): void {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-postgres-retention-'))
  const home = join(base, 'home')
  const kim = makeApproverKey('approver/kim')
  let server: PostgresServer
  let bucket: GcsServer
  let time: TimeServer
  let database = ''
  let files = 0
  const newPath = (): string => join(base, `file-${files++}`)

  before(async () => {
    ;[server, time, bucket] = await Promise.all([
      startPostgres(),
      startTimeServer(),
      startGcs({ clinic: { objectRetention: true, versioning: true } }, systemClock),
    ])
    database = await server.database()
    await server.sql(database, `CREATE ROLE ${RETENTION} LOGIN IN ROLE ${SERVER}`)
    await done(run(['migrate', '--ledger', server.url(database, OWNER), '--retention', RETENTION]))
    await done(run(['init', '--ledger', urlAs(SERVER), '--origin', NAME, '--keys', home]))
    const people = {
      'dr.lee': { roles: ['records_officer', 'auditor'] },
      kim: { roles: ['records_approver'], approval_key: kim.approval_key },
    }
    rmSync(join(home, 'access.yaml'))
    writeFileSync(join(home, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '1', people }))
    writeFileSync(join(home, 'retention.yaml'), policies(time.url))
    writeFileSync(join(base, 'kim.key'), kim.secret, { mode: 0o600 })
    const lines = [
      ...['c-1', 'c-1', 'c-2'].map((conversation) => noted(conversation, 'charts')),
      noted('c-3', 'notes'),
      ...['c-1', 'c-2', 'c-3'].map(closed),
    ]
    await done(run(['append', '--ledger', home], lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
  })
  after(async () => {
    await Promise.all([server.stop(), bucket.stop(), time[Symbol.asyncDispose]()])
    rmSync(base, { recursive: true, force: true })
  })

  const urlAs = (role: string): string => `${server.url(database, role)}?ledger=${NAME}`
  const as = (role: string, ...words: readonly string[]): Promise<Run> =>
    run([...words, '--ledger', urlAs(role), '--keys', home, '--as', 'dr.lee'])

  async function idsOf(conversation: string): Promise<readonly string[]> {
    const { records } = json(await done(as(SERVER, 'search', '--conversation', conversation, '--json')))
    return Array.isArray(records) ? records.map(({ id, integrity_hash }) => `${id} ${integrity_hash}`) : []
  }

  async function stubs(): Promise<number> {
    const { rows } = await server.sql(
      database,
      `SELECT count(*) AS n FROM affidavit.entries WHERE convert_from(entry, 'UTF8') LIKE '{"\\_stub"%'`,
    )
    return Number(rows[0]?.n)
  }

  test('dispose run destroys nothing by the role of a server, and says how a role comes by the right; it does by that of retention', async () => {
    const [plan, approval, certificate] = [newPath(), newPath(), newPath()]
    await done(as(SERVER, 'dispose', 'plan', '--out', plan))
    await done(run(['approve', plan, '--key', join(base, 'kim.key'), '--as', 'kim', '--out', approval]))
    const words = ['dispose', 'run', plan, '--approval', approval, '--out', certificate]
    const refused = await as(SERVER, ...words, '--json')
    assert.deepEqual([refused.code, errorCode(refused)], [3, 'invalid-query'])
    assert.match(refused.out, /removal-not-allowed.*migrate --retention ROLE, run as the owner/s)
    assert.equal(await stubs(), 0)

    const carried = await done(as(RETENTION, ...words))
    assert.match(carried.err, /disposed/)
    assert.equal(await stubs(), 1)
    assert.match((await as(SERVER, 'conversation', 'c-3')).err, /1 record of it destroyed/)
  })

  test('retention run takes nothing out by the role of a server, and says how a role comes by the right; it does by that of retention', async () => {
    await done(run(['archive', 'use', `gs://clinic/archive?endpoint=${bucket.endpoint}`, '--ledger', home]))
    const kept = await idsOf('c-1')
    const before = await stubs()
    const refused = await done(as(SERVER, 'retention', 'run'))
    assert.match(refused.err, /0 records taken out of the database\n.*3 records .*stay: .*migrate --retention ROLE/)
    assert.equal(await stubs(), before)

    const removed = json(await done(as(RETENTION, 'retention', 'run', '--json')))
    assert.deepEqual([removed.removed, removed.refused], [3, []])
    assert.equal(await stubs(), before + 3)
    assert.deepEqual(await idsOf('c-1'), kept)
    assert.match((await done(as(SERVER, 'verify'))).out, /VALID/)
  })

  test('archive restore brings nothing back by the role of a server; by that of retention a range, and a conversation', async () => {
    const [, second = ''] = await idsOf('c-1')
    const { seq } = json(await done(as(SERVER, 'show', second.split(' ')[0] ?? '', '--json')))
    const before = await stubs()
    const refused = await as(SERVER, 'archive', 'restore', '--conversation', 'c-1', '--json')
    assert.equal(errorCode(refused), 'removal-refused')
    assert.match(refused.out, /migrate --retention ROLE, run as the owner/)
    assert.equal(await stubs(), before)
    const { records } = json(await done(as(SERVER, 'search', '--action', 'records_restored', '--json')))
    assert.deepEqual(records, [], 'nothing is on record as restored')

    const range = ['--from-seq', String(seq), '--until-seq', String(Number(seq) + 1)]
    assert.deepEqual(json(await done(as(RETENTION, 'archive', 'restore', ...range, '--json'))), { restored: 1 })
    assert.deepEqual(json(await done(as(RETENTION, 'archive', 'restore', '--conversation', 'c-1', '--json'))), {
      restored: 1,
    })
    assert.equal(await stubs(), before - 2)
    assert.match((await done(as(SERVER, 'verify'))).out, /VALID/)
  })
}
