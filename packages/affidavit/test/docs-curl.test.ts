// docs/api.md, block by block, as somebody types it who has curl and nothing else of ours than the server: each answers what the page shows.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { BIN } from './run-cli.ts'
import { differs } from './shown-answer.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8')
const SHOWN_AT = '127.0.0.1:8645'
const MARK = '=== block '

interface Block {
  readonly heading: string
  readonly commands: string
  readonly shown: string | undefined
}

const blocks: readonly Block[] = [
  ...page.matchAll(/^## ([^\n]*)$|^```sh\n(.*?)^```\n(?:\n```(?:json|text)\n(.*?)^```\n)?/gms),
].reduce<{ heading: string; found: readonly Block[] }>(
  ({ heading, found }, [, title, commands, shown]) =>
    commands === undefined
      ? { heading: title ?? heading, found }
      : { heading, found: [...found, { heading, commands, shown }] },
  { heading: '', found: [] },
).found

test('the page has blocks, and shows what most of them answer', () => {
  assert.ok(blocks.length >= 8)
  assert.ok(blocks.filter(({ shown }) => shown !== undefined).length * 2 > blocks.length)
})

const missing =
  spawnSync('curl', ['--version']).status === 0 && spawnSync('bash', ['--version']).status === 0
    ? false
    : 'curl and bash are not installed'

describe('the page of the HTTP API, typed in:', { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-curl-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  let answers: readonly string[] = []
  let said = ''

  before(async () => {
    const { out, err } = await typed(folder)
    answers = out.split(new RegExp(`^${MARK}\\d+\\n`, 'm')).slice(1)
    said = err
  })

  for (const [index, { heading, shown }] of blocks.entries()) {
    test(`${heading} (block ${index + 1})`, () => {
      const answer = answers[index]
      assert.ok(answer !== undefined && answers.length > index + 1, `it came to no end\n${answer}\n${said}`)
      if (shown !== undefined) assert.equal(differs(shown, answer), undefined, answer)
    })
  }
})

/** One shell for the whole page: what a block sets, later ones have. */
async function typed(folder: string): Promise<{ readonly out: string; readonly err: string }> {
  const bin = join(folder, 'bin')
  const work = join(folder, 'work')
  for (const path of [bin, work]) mkdirSync(path)
  writeFileSync(join(bin, 'affidavit'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(join(bin, 'affidavit'), 0o755)
  const here = `127.0.0.1:${await freePort()}`
  const script = [
    'set -euo pipefail',
    "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT",
    ...blocks.map(({ commands }, index) => `echo; echo '${MARK}${index}'\n${commands.replaceAll(SHOWN_AT, here)}`),
    `echo; echo '${MARK}${blocks.length}'`,
  ].join('\n')
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}`, NO_PROXY: '127.0.0.1' }
    execFile('bash', ['-c', script], { cwd: work, env, timeout: 120_000 }, (error, out, err) =>
      resolve({ out, err: `${err}${error?.message.slice(-500) ?? ''}` }),
    )
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const LIES: Readonly<Record<string, readonly [shown: string, real: string]>> = {
  'another value': ['{"seq": 4}', '{"seq": 5}'],
  'another text': ['{"state": "recorded"}', '{"state": "duplicate"}'],
  'another beginning': ['{"id": "clinic…"}', '{"id": "bank"}'],
  'a member that is not there': ['{"a": 1, "b": "…"}', '{"a": 1}'],
  'a member that is not shown': ['{"a": 1}', '{"a": 1, "b": 2}'],
  'a list that is empty': ['{"list": ["…"]}', '{"list": []}'],
  'a line that is not there': ['{"a": 1}\n{"a": 2}', '{"a": 1}'],
  'no JSON': ['{"a": 1}', 'Bad gateway'],
  'another line': ['the same', 'differs'],
}
for (const [name, [shown, real]] of Object.entries(LIES))
  test(`a page that shows what is not answered is wrong: ${name}`, () =>
    assert.notEqual(differs(shown, real), undefined))

test('what is left open on a page may be anything', () => {
  assert.equal(differs('{"a": "x…", "list": [1, "…"], "…": "…"}', '{"a": "xyz", "list": [1, 2, 3], "b": 4}'), undefined)
})
