import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { passwordInFile } from './password-file.ts'

describe('the password file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-pgpass-'))
  const file = join(folder, 'pgpass')
  after(() => rmSync(folder, { recursive: true, force: true }))

  const connection = { host: 'db.example', port: 5432, database: 'audit', user: 'server' }
  function held(...lines: readonly string[]): string | undefined {
    writeFileSync(file, lines.join('\n'), { mode: 0o600 })
    return passwordInFile(connection, { PGPASSFILE: file })
  }

  const LINES: readonly (readonly [line: string, password: string | undefined])[] = [
    ['db.example:5432:audit:server:hunter2', 'hunter2'],
    ['*:*:*:*:any', 'any'],
    ['db.example:*:audit:server:with:colons', 'with:colons'],
    ['db.example:5432:audit:server:back\\\\slash\\:', 'back\\slash:'],
    ['db.example:5433:audit:server:x', undefined],
    ['other.example:5432:audit:server:x', undefined],
    ['db.example:5432:audit:\\*:x', undefined],
    ['#db.example:5432:audit:server:x', undefined],
    ['db.example:5432:audit:server', undefined],
    ['', undefined],
  ]
  for (const [line, password] of LINES) test(`of ${JSON.stringify(line)}`, () => assert.equal(held(line), password))

  test('the first line that fits counts', () => {
    assert.equal(held('a:*:*:*:1', '*:*:audit:*:2', '*:*:*:*:3'), '2')
  })

  test('no file is no password', () => {
    assert.equal(passwordInFile(connection, { PGPASSFILE: join(folder, 'none') }), undefined)
    assert.equal(passwordInFile(connection, { HOME: folder }), undefined)
  })

  test('one that others may read is refused by its name, and nothing is taken from it', () => {
    held('*:*:*:*:hunter2')
    chmodSync(file, 0o640)
    assert.throws(
      () => passwordInFile(connection, { PGPASSFILE: file }),
      (error: Error) =>
        error.message.includes(file) && !error.message.includes('hunter2') && /open to other users/.test(error.message),
    )
  })
})
