// Words on the command line that would be ignored are refused, and under --json every error is a JSON object.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { errorCode, json, run } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-usage-'))
const dir = join(base, 'ledger')
const out = join(base, 'export')
before(async () => {
  assert.equal((await run(['init', '--ledger', dir, '--origin', 'cli.example'])).code, 0)
  assert.equal((await run(['export', '--ledger', dir, '--out', out])).code, 0)
})
after(() => rmSync(base, { recursive: true, force: true }))

const ignored: readonly (readonly [named: string, words: () => string[]])[] = [
  ['--conversation', () => ['verify', '--export', out, '--conversation', 'k1']],
  ['--since', () => ['verify', '--export', out, '--since', 'x']],
  ['--origin', () => ['verify', '--export', out, '--origin', 'x']],
  ['--threads', () => ['verify', '--export', out, '--threads', '2']],
  ['--entry', () => ['verify', '--ledger', dir, '--entry', 'x']],
  ['--since', () => ['verify', '--ledger', dir, '--conversation', 'k1', '--since', 'x']],
  ['--skip-indexes', () => ['verify', '--ledger', dir, '--conversation', 'k1', '--skip-indexes']],
  ['--anchor', () => ['verify', '--proof', 'p', '--entry', 'e', '--vkey', 'k', '--anchor', 'x']],
  ['--origin', () => ['init', '--ledger', dir, '--after-restore', '--origin', 'x']],
  ['--registry', () => ['demo', '--registry', 'x']],
  ['--raw', () => ['show', '0', '--ledger', dir, '--raw']],
  ['typo', () => ['verify', '--ledger', dir, 'typo']],
  ['junk', () => ['search', '--ledger', dir, 'junk']],
  ['1', () => ['show', '--ledger', dir, '0', '1']],
]
for (const [named, words] of ignored) {
  test(`${named} is refused where it says nothing: ${words().slice(0, 2).join(' ')}`, async () => {
    const answer = await run([...words(), '--json'])
    assert.equal(answer.code, 3, answer.out + answer.err)
    assert.ok(String(Object(json(answer).error).problem).includes(named), answer.out)
    assert.equal(answer.err, '')
  })
}

test('unknown words, and none, are an error object under --json, and a line without it', async () => {
  for (const words of [['frobnicate'], ['search', '--ledger', dir, '--frobnicate'], ['search', '--limit', 'x'], []]) {
    const answer = await run([...words, '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'usage'])
  }
  const plain = await run(['search', '--ledger', dir, '--frobnicate'])
  assert.match(plain.err, /^error: unknown option '--frobnicate'\n$/)
})

test('no help shows how an empty list is written', async () => {
  for (const words of [['dispose', 'plan'], ['migrate'], ['verify']])
    assert.ok(!(await run([...words, '--help'])).out.includes('[]'), words.join(' '))
})
