// The newest PostgreSQL, beside the one that every other test runs on: the one that comes with `npm ci`, where another is installed.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { majorOf, npmBinaries, postgresBinaries } from './postgres-binaries.ts'
import { startPostgres } from './postgres-server.ts'
import { draft, runDone } from './run-cli.ts'

const packageFolder = join(import.meta.dirname, '..')
const NAME = 'newest.example/clinic'

/** Files of tests, each with a server of its own, and which tests of it: of some, those that an older version has nothing for. */
const RUN_AGAIN: readonly (readonly [file: string, only: string])[] = [
  ['src/stores/postgres/catalog.test.ts', '.'],
  ['src/stores/postgres/privileges.test.ts', '.'],
  ['test/cli-postgres-doctor.test.ts', 'hold up everybody'],
  ['test/postgres-faults.test.ts', 'transaction_timeout'],
]

const newest = npmBinaries()
const major = newest === undefined ? undefined : majorOf(newest)
const others = postgresBinaries()
const reason =
  newest === undefined || others === undefined
    ? 'npm brings no PostgreSQL for this system'
    : majorOf(others) === major && 'every other test runs on it'

describe('on the newest PostgreSQL, beside another', { skip: reason, concurrency: true }, () => {
  test('a ledger is made, written, verified and examined', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'affidavit-newest-'))
    const server = await startPostgres([], newest)
    try {
      const home = join(folder, 'home')
      const database = await server.database()
      await server.sql(database, 'CREATE EXTENSION amcheck; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC')
      const url = `${server.url(database)}?ledger=${NAME}`
      await runDone(['init', '--ledger', url, '--origin', NAME, '--keys', home])
      await runDone(['append', '--ledger', home], draft(1) + draft(2))
      await runDone(['verify', '--ledger', home])
      const { out } = await runDone(['doctor', '--ledger', home])
      assert.match(out, new RegExp(`PostgreSQL ${major}\\.`))
      assert.match(out, /every trigger and policy as it was released/)
    } finally {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  for (const [file, only] of RUN_AGAIN) {
    test(`${file} passes: ${only}`, async () => {
      // Without the test runner's own variable: a process started here is no part of the run.
      const { NODE_TEST_CONTEXT, ...inherited } = process.env
      const env = { ...inherited, AFFIDAVIT_TEST_POSTGRES: String(major) }
      const chosen = ['--test-reporter=spec', `--test-name-pattern=${only}`]
      const args = ['--conditions=affidavit-source', ...chosen, join(packageFolder, file)]
      const { failed, said } = await new Promise<{ failed: boolean; said: string }>((resolve) => {
        execFile(process.execPath, args, { env, timeout: 120_000 }, (error, stdout, stderr) =>
          resolve({ failed: error !== null, said: stdout + stderr }),
        )
      })
      assert.equal(failed, false, said)
      assert.match(said, /pass [1-9]/)
      assert.match(said, /skipped 0/)
    })
  }
})
