// The golden bytes of the papers of a disposition, made again in another language.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('another language with another library makes the golden papers of a disposition', (t) => {
  const script = join(import.meta.dirname, 'oracle/naive-disposition.py')
  const { status, error, stdout, stderr } = spawnSync(
    'python3',
    [script, join(import.meta.dirname, '../testdata/disposition')],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (error !== undefined || status === 3) {
    console.log('no Python with the package cryptography: one opinion less on the golden papers of a disposition')
    t.skip('no Python with the package cryptography')
    return
  }
  assert.equal(status, 0, stderr)
  assert.equal(Number(stdout), 4)
})
