// The documents are part of the product: what they show was run, what they list is what there is.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { ERROR_CODES } from '../src/errors/ledger-error.ts'
import { missingForPostgres, startPostgres } from './postgres-server.ts'
import { startRemoteWorld } from './remote-world.ts'
import { runDone } from './run-cli.ts'
import { startTimeServer } from './time-server.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'affidavit-docs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

async function runExample(name: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const example = join(root, 'examples', name)
  const args = ['--conditions=affidavit-source', example, join(folder, name)]
  const env = { ...process.env, ...more }
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
  return stdout
}

test('every example runs', { concurrency: true }, async (t) => {
  const alone = [ON_A_SERVER, DISPOSING, OVER_HTTP]
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts') && !alone.includes(name))
  assert.ok(examples.length > 0)
  await Promise.all(examples.map((name) => t.test(name, async () => assert.notEqual(await runExample(name), ''))))
})

const ON_A_SERVER = 'postgres.ts'
const OVER_HTTP = 'remote.ts'
const DISPOSING = 'disposition.ts'

test('the example of a disposition runs, and its ledger verifies with what it destroyed', async () => {
  const said = await runExample(DISPOSING)
  assert.match(said, /^due: 1 held: 1$/m)
  assert.match(said, /^1 destroyed; \{\s+state: 'approved',\s+approver: 'kim'/m)
  const verified = await runDone(['verify', '--ledger', join(folder, DISPOSING), '--as', 'lee'])
  assert.match(verified.out, /VALID.*complete 0\.\.\d+; 1 disposed of under certificate/s)
})

test('the example on PostgreSQL runs', { skip: missingForPostgres() ?? false }, async () => {
  const server = await startPostgres()
  try {
    const said = await runExample(ON_A_SERVER, { AFFIDAVIT_LEDGER: server.url(await server.database()) })
    assert.match(said, /\[ \d+, \d+ \]/)
  } finally {
    await server.stop()
  }
})

test('the example of a ledger on a server runs, and its records are there', async () => {
  const world = await startRemoteWorld()
  try {
    const said = await runExample(OVER_HTTP, {
      AFFIDAVIT_LEDGER: world.url,
      AFFIDAVIT_TOKEN: await world.token('writer'),
    })
    assert.match(said, /^clinic\.example\/agents\/[0-9a-f]{16}: \d+ records are under a checkpoint, 0 wait here$/m)
    const actions = (await world.records()).map(({ action }) => action)
    assert.deepEqual(actions.slice(0, 4), [
      'conversation_started',
      'user_message_received',
      'tool_invoked',
      'tool_completed',
    ])
  } finally {
    await world.close()
  }
})

test('the README shows the first example as it is, without its head', () => {
  const source = readFileSync(join(root, 'examples/first-record.ts'), 'utf8')
  const shown = source.slice(source.indexOf('\n') + 1).replace("process.argv[2] ?? './audit'", "'./audit'")
  assert.ok(readme.includes(shown.trimEnd()), 'README.md and examples/first-record.ts differ')
})

test('the README shows what retention due prints', async () => {
  const [, words = '', printed] = /^\$ npx affidavit (retention due .*)\n(.*\n)/m.exec(readme) ?? []
  assert.equal((await runDone(words.split(' '))).out, printed)
})

test('the README leads from what is due to a certificate that is checked', async () => {
  const section = readme.slice(readme.indexOf('## How long records are kept'), readme.indexOf('## PostgreSQL'))
  const blocks = [...section.matchAll(/^```(yaml|sh)\n(.*?)^```/gms)].map(([, , text = '']) => text)
  const [access = '', retention = '', commands = ''] = blocks
  const place = join(folder, 'kept')
  const made = await runDone(['init', '--ledger', place, '--origin', 'clinic.example/agents'])
  const note = { actor_id: 'clinic-agent', actor_type: 'agent', action: 'agent_response_generated' }
  const closed = { anchor: 'account_closed', day: '2020-02-29', reason: 'the patient moved away' }
  const drafts = [
    { ...note, conversation_id: 'visit-1', retention_class: 'notes' },
    ...[
      {
        actor_id: 'dr.lee',
        actor_type: 'user',
        action: 'retention_anchor_recorded',
        conversation_id: 'visit-1',
        details: closed,
      },
    ],
  ]
  await runDone(['append', '--ledger', place], drafts.map((draft) => JSON.stringify(draft)).join('\n'))
  await using time = await startTimeServer()
  const known = new Map([
    ['DIR', place],
    ['VKEY', made.out.trim()],
  ])
  const said: string[] = []
  for (const line of commands.trim().split('\n')) {
    const words = line
      .split(' ')
      .slice(1)
      .map((word) => known.get(word) ?? (/\.(key|json|note)$/.test(word) ? join(folder, word) : word))
    const { out, err } = await runDone(words)
    said.push(out + err)
    if (words[0] === 'approver-key') {
      known.set('APPROVER', out.trim())
      writeFileSync(join(place, 'access.yaml'), access.replace('APPROVER', out.trim()))
      writeFileSync(join(place, 'retention.yaml'), retention.replace('https://www.example.org', time.url))
    }
    if (line === 'affidavit certificates --ledger DIR')
      known.set('ID', /\b[0-9a-f]{16,64}\b/.exec(out)?.[0] ?? assert.fail(out))
  }
  assert.match(said.at(-2) ?? '', /authority +approved by kim, under a key that is pinned/)
  assert.match(said.at(-1) ?? '', /VALID.*1 disposed of under certificate/s)
})

test('the README lists every error code, and no other', () => {
  const section = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## Environment'))
  const listed = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code)
  assert.deepEqual(listed.sort(), Object.keys(ERROR_CODES).sort())
})

test('every file that a document links to is there', () => {
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  assert.ok(documents.length > 4)
  for (const name of documents) {
    const text = readFileSync(join(root, name), 'utf8')
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.doesNotThrow(() => readdirOrRead(join(root, dirname(name), target ?? '')), `${name} links to ${target}`)
    }
  }
})

function readdirOrRead(path: string): unknown {
  return path.endsWith('/') ? readdirSync(path) : readFileSync(path)
}
