import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { makeFolder } from './make-folder.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-make-folder-'))
after(() => rmSync(base, { recursive: true, force: true }))

test('every folder on the way is made, and one that is there is left alone', () => {
  const path = join(base, 'a/b/c')
  makeFolder(path, 0o700)
  assert.equal(statSync(join(base, 'a/b')).mode & 0o777, 0o700)
  writeFileSync(join(path, 'file'), 'here')
  makeFolder(path, 0o755)
  assert.ok(existsSync(join(path, 'file')))
  assert.equal(statSync(path).mode & 0o777, 0o700)
})

test('refused: a file in the place of the folder, or above it', () => {
  const file = join(base, 'file')
  writeFileSync(file, '')
  assert.throws(() => makeFolder(file, 0o700), { code: 'EEXIST' })
  assert.throws(() => makeFolder(join(file, 'below/it'), 0o700), { code: 'ENOTDIR' })
})

test('refused: a place where no folder can be made, though the one above it is there', {
  skip: !existsSync('/proc'),
}, () => {
  assert.throws(() => makeFolder('/proc/affidavit/ledger', 0o700), { syscall: 'mkdir' })
})
