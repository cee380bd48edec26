// What the world does to a command line: streams that cannot be written, folders and files that are not what they seem.
// Exit code 1 says that records were altered, and nothing here may say so.

import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { BIN, draft, run, runBin } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-world-'))
after(() => rmSync(base, { recursive: true, force: true }))

async function newLedger(name: string): Promise<string> {
  const dir = join(base, name)
  assert.equal((await run(['init', '--ledger', dir, '--origin', 'cli.example/agents'])).code, 0)
  assert.equal((await run(['append', '--ledger', dir], draft(1) + draft(2))).code, 0)
  return dir
}

describe('a bin that cannot do its work', () => {
  const noFull = existsSync('/dev/full') ? false : 'this system has no /dev/full'
  let dir = ''
  before(async () => {
    dir = await newLedger('unwritten')
  })

  for (const words of [['verify'], ['verify', '--json'], ['search'], ['export', '--out', join(base, 'to-full')]]) {
    test(`${words.slice(0, 2).join(' ')} ends with 4 where standard output is full`, { skip: noFull }, () => {
      const argv = [...words, '--ledger', dir]
      const { status, stderr } = runBin(argv, ['ignore', openSync('/dev/full', 'w'), 'pipe'])
      assert.equal(status, 4)
      assert.match(stderr, /affidavit: cannot write to standard output: ENOSPC[^\n]*\n$/)
      assert.doesNotMatch(stderr, /^ +at /m)
    })
  }

  test('without its dependencies, or without its program, it says so and ends with 4', () => {
    const copy = join(base, 'copy')
    mkdirSync(join(copy, 'bin'), { recursive: true })
    cpSync(join(BIN, '..'), join(copy, 'bin'), { recursive: true })
    const bin = join(copy, 'bin/affidavit.js')
    const unbuilt = runBin(['verify', '--ledger', dir], 'pipe', bin)
    assert.deepEqual([unbuilt.status, unbuilt.stdout], [4, ''])
    assert.match(
      unbuilt.stderr,
      /^affidavit: the program cannot be loaded: .*\n {2}cure: install the package again.*\n$/,
    )
    cpSync(join(BIN, '../../src/cli'), join(copy, 'src/cli'), { recursive: true })
    const uninstalled = runBin(['verify', '--ledger', dir], 'pipe', bin)
    assert.equal(uninstalled.status, 4)
    assert.match(uninstalled.stderr, /cure: run npm ci in the checkout/)
  })

  for (const fault of ["setTimeout(() => { throw new Error('stray') })", "Promise.reject(new Error('stray'))", '0']) {
    test(`what nobody caught, or a command that never ends, is a bug of ours: ${fault}`, () => {
      const copy = mkdtempSync(join(base, 'faulty-'))
      cpSync(join(BIN, '..'), join(copy, 'bin'), { recursive: true })
      mkdirSync(join(copy, 'dist/cli'), { recursive: true })
      const faulty = `exports.main = () => { ${fault}; return new Promise(() => {}) }`
      writeFileSync(join(copy, 'dist/cli/main.js'), faulty)
      const { status, stderr } = runBin([], 'pipe', join(copy, 'bin/affidavit.js'))
      assert.equal(status, 70)
      if (fault !== '0') assert.match(stderr, /a bug of ours[\s\S]*stray/)
    })
  }
})
