// A ledger in PostgreSQL, held against the same ledger on paper (model/hold.ts).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { anyCommand, disasters, lots } from './model/any-command.ts'
import { type Begun, holdAgainstPaper, LIMIT_MILLIS } from './model/hold.ts'
import { backUp, open } from './model/operating.ts'
import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres } from './postgres-server.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('a ledger in PostgreSQL and the same on paper', { skip: missing })
else
  describe('a ledger in PostgreSQL and the same on paper', () => {
    const backend = postgresBackend()
    const root = mkdtempSync(join(tmpdir(), 'affidavit-pg-model-'))
    const template = join(root, 'template')
    let begun: Begun
    before(async () => {
      begun = { backend, template, made: await backend.init(template, 'model.example/agents') }
    })
    after(() => rmSync(root, { recursive: true, force: true }))

    test('say the same, whatever is done, in whatever order', { timeout: 2 * LIMIT_MILLIS }, () =>
      holdAgainstPaper(begun, 'elsewhere', anyCommand, { first: [open(10_000)], longest: 40, runs: 4 }),
    )

    test('so it is with many drafts', { timeout: 2 * LIMIT_MILLIS }, () =>
      holdAgainstPaper(begun, 'elsewhere', [...anyCommand, lots], { first: [open(10_000)], longest: 20, runs: 1 }),
    )

    test('so it is when backups come back', { timeout: 2 * LIMIT_MILLIS }, () =>
      holdAgainstPaper(begun, 'elsewhere', disasters, { first: [backUp(), open(10_000)], longest: 20, runs: 2 }),
    )
  })
