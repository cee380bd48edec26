// A ledger in a file, held against the same ledger on paper (model/hold.ts).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { files } from './backend.ts'
import { anyCommand, disasters, lots } from './model/any-command.ts'
import { holdAgainstPaper, LIMIT_MILLIS } from './model/hold.ts'
import { backUp, open } from './model/operating.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-model-'))
after(() => rmSync(root, { recursive: true, force: true }))

const template = join(root, 'template')
const begun = { backend: files, template, made: await files.init(template, 'model.example/agents') }

test('whatever is done, in whatever order, the ledger is what paper says', { timeout: 2 * LIMIT_MILLIS }, () =>
  holdAgainstPaper(begun, 'this thread', anyCommand, { first: [open(10_000)], longest: 60, runs: 70 }),
)

test('so it is with threads and with many drafts', { timeout: 2 * LIMIT_MILLIS }, () =>
  holdAgainstPaper(begun, 'elsewhere', [...anyCommand, lots], { first: [open(10_000)], longest: 30, runs: 5 }),
)

test('so it is when backups come back', { timeout: 2 * LIMIT_MILLIS }, () =>
  holdAgainstPaper(begun, 'this thread', disasters, { first: [backUp(), open(10_000)], longest: 20, runs: 12 }),
)
