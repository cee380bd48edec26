// What docs/controls/ says of rules is held by commands that run: each is run on one story, by whom it names, and has what it promises.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { indexOf, pageOf } from './controls-page.ts'
import { broken } from './controls-promise.ts'
import { type StoryServer, serveStory } from './controls-server.ts'
import { type Ask, CONTROLS_FOLDER, REGIMES, readEvidence, readRegime } from './controls-source.ts'
import { tellStory, type Words } from './controls-story.ts'
import { run } from './run-cli.ts'
import { startTimeServer, type TimeServer } from './time-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'affidavit-controls-'))
const evidence = readEvidence()
const regimes = new Map(REGIMES.map((name) => [name, readRegime(name)]))
let time: TimeServer
let words: Words

before(async () => {
  time = await startTimeServer()
  words = await tellStory(folder, time.url)
})
after(async () => {
  await time[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** As it is typed, with what its words in capitals stand for. */
function spoken(command: string): readonly string[] {
  const [program, ...argv] = command.split(' ')
  assert.equal(program, 'affidavit', command)
  return argv.map((word) => (word.startsWith('NEW_') ? join(folder, word) : (words.get(word) ?? word)))
}

describe('the evidence is what it promises to be:', () => {
  for (const [id, { steps }] of evidence) {
    test(id, async () => {
      for (const { run: command, exits = 0, holds } of steps) {
        const answer = await run(spoken(command))
        assert.equal(answer.code, exits, `${command}\n${answer.out}${answer.err}`)
        assert.deepEqual(lacking(holds, answered(answer.out)), [], command)
      }
    })
  }
})

describe('a server answers the same:', () => {
  let server: StoryServer
  before(async () => {
    server = await serveStory(words.get('DIR') ?? '', words.get('ADMIN_KEY'))
  })
  after(() => server[Symbol.asyncDispose]())

  for (const [id, { steps }] of evidence) {
    for (const { http, holds } of steps) {
      if (http === undefined) continue
      test(`${id}: ${http.request}`, async () => {
        const { status, body } = await server.ask(asked(http))
        assert.equal(status, http.status ?? 200, JSON.stringify(body))
        assert.deepEqual(lacking(http.holds ?? holds, body), [], http.request)
      })
    }
  }
})

/** One JSON value, or a list of those that stand one a line. */
function answered(out: string): unknown {
  const lines = out.trim().split('\n')
  const isOneALine = lines.length > 1 && lines.every((line) => line.startsWith('{') && line.endsWith('}'))
  return isOneALine ? lines.map((line): unknown => JSON.parse(line)) : JSON.parse(out)
}

function lacking(holds: readonly string[], answer: unknown): readonly string[] {
  return holds.map((promise) => broken(named(promise), answer)).filter((one) => one !== undefined)
}

function asked({ request, body, ...http }: Ask): Ask {
  const meant = (word: string): string => words.get(word) ?? word
  const sent = Object.entries(body ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' ? meant(value) : value.map(meant),
  ])
  return {
    ...http,
    request: request.replaceAll(/\b[A-Z_]{3,}\b/g, (word) => encodeURIComponent(meant(word))),
    ...(body === undefined ? {} : { body: Object.fromEntries(sent) }),
  }
}

/** `readers.*.reader = AUDITOR`: whoever that is. */
function named(promise: string): string {
  return promise.replace(/(?<== )[A-Z_]+$/, (word) => words.get(word) ?? word)
}

test('each row leans on evidence that is there, and no evidence is there for nothing', () => {
  const used = new Set([...regimes.values()].flatMap(({ controls }) => controls.flatMap((one) => one.evidence)))
  assert.deepEqual([...used].sort(), [...evidence.keys()].sort())
})

for (const [name, regime] of regimes) {
  test(`the page of ${name} is made from its data (scripts/controls.ts writes it)`, () => {
    assert.equal(readFileSync(join(CONTROLS_FOLDER, `${name}.md`), 'utf8'), pageOf(name, regime, evidence))
  })
}

test('the index has every page, and how surely its rules were seen', () => {
  assert.ok(readFileSync(join(CONTROLS_FOLDER, 'README.md'), 'utf8').includes(indexOf(regimes)))
})

test('a promise is broken by an answer that lacks it', () => {
  const answer = { count: 2, list: [{ a: 1 }, { a: '' }], 'hipaa.audit_log': 3, none: null }
  for (const kept of ['count', 'count >= 2', 'count = 2', 'list.*.a = 1', 'list', 'hipaa.audit_log >= 3'])
    assert.equal(broken(kept, answer), undefined, kept)
  for (const lie of ['count >= 3', 'count = 1', 'list.*.b', 'none', 'list.*.a = 2', 'hipaa.audit', 'absent'])
    assert.notEqual(broken(lie, answer), undefined, lie)
})
