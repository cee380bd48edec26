// The golden bytes of the papers of an erasure, made again in another language.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('another language with another library makes the golden papers of an erasure', (t) => {
  const script = join(import.meta.dirname, 'oracle/naive-erasure.py')
  const { status, error, stdout, stderr } = spawnSync(
    'python3',
    [script, join(import.meta.dirname, '../testdata/erasure')],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (error !== undefined || status === 3) {
    console.log('no Python with the package cryptography: one opinion less on the golden papers of an erasure')
    t.skip('no Python with the package cryptography')
    return
  }
  assert.equal(status, 0, stderr)
  assert.equal(Number(stdout), 3)
})
