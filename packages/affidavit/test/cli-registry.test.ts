// affidavit registry check, as scripts rely on it.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { json, run } from './run-cli.ts'

const home = join(import.meta.dirname, '..')
const clinic = join(home, '../../examples/registry/clinic.yaml')
const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-registry-'))
const ledger = join(base, 'ledger')
after(() => rmSync(base, { recursive: true, force: true }))

before(async () => {
  assert.equal((await run(['init', '--ledger', ledger, '--origin', 'cli.example/clinic'])).code, 0)
  const chats = join(home, 'demo/clinic-conversations.jsonl')
  const made = await run(['import', '--ledger', ledger, '--format', 'openai-chat', '--registry', clinic, chats])
  assert.equal(made.code, 0, made.err)
})

test('an import lets the ids stand that its registry calls impersonal, and no others', async () => {
  const idsOf = async (type: string): Promise<unknown[]> => {
    const found = json(await run(['search', '--ledger', ledger, '--resource-type', type, '--json']))
    return Array.isArray(found.records) ? found.records.map((record) => Object(record).resource_id) : []
  }
  const appointments = await idsOf('appointment')
  const letters = await idsOf('clinic_document')
  assert.ok(appointments.length > 0 && letters.length > 0)
  for (const id of appointments) assert.match(String(id), /^SL-/)
  for (const id of letters) assert.match(String(id), /^tok_[0-9a-f]{32}$/)
})

/** The clinic's registry with `change` made to its text. */
function changed(name: string, change: (text: string) => string): string {
  const file = join(base, name)
  writeFileSync(file, change(readFileSync(clinic, 'utf8')))
  return file
}

describe('registry check', () => {
  test('a registry that knows every tool of the ledger is in order', async () => {
    const answer = await run(['registry', 'check', clinic, '--ledger', ledger])
    assert.equal(answer.code, 0, answer.out)
    assert.match(answer.err, /it knows the 13 tools, 1 agent and 0 recipients of the ledger/)
    assert.match(answer.out, /recipient "Harbour Eye Clinic" may receive data, without an agreement/)
  })

  test('who reads is refused where no ledger is named: it would be on no record', async () => {
    for (const [path, words] of [
      ['--as', ['--as', 'dr.lee']],
      ['--purpose', ['--purpose', 'audit']],
    ] as const) {
      const answer = await run(['registry', 'check', clinic, ...words, '--json'])
      assert.deepEqual(
        [answer.code, json(answer).error],
        [
          3,
          {
            code: 'invalid-query',
            problem: `${path} is about reading a ledger, and none is named`,
            cure: 'name it with --ledger DIR, or leave this out',
            path,
          },
        ],
      )
    }
  })

  test('a tool that was seen and is not registered is named, and the exit code is 2', async () => {
    const file = changed('no-chart.yaml', (text) => text.replace(/^ {2}get_chart:$/m, '  get_other_chart:'))
    const answer = await run(['registry', 'check', file, '--ledger', ledger, '--json'])
    assert.equal(answer.code, 2)
    const { ok, unknown, unused, tools_seen } = json(answer)
    assert.deepEqual(
      { ok, unknown, unused, tools_seen },
      {
        ok: false,
        unknown: [{ kind: 'tools', name: 'get_chart' }],
        unused: [{ kind: 'tools', name: 'get_other_chart' }],
        tools_seen: 13,
      },
    )
    assert.match((await run(['registry', 'check', file, '--ledger', ledger])).out, /✗ tool "get_chart" was seen/)
  })

  test('an agent without a floor of its own is a note', async () => {
    const file = changed('no-agent.yaml', (text) => text.replace('larkspur-*:', 'another-*:'))
    const answer = await run(['registry', 'check', file, '--ledger', ledger, '--json'])
    assert.equal(answer.code, 0)
    assert.deepEqual(json(answer).without_floor, [{ kind: 'agents', name: 'larkspur-assistant' }])
  })

  test('without a ledger the file alone is checked, and nothing is called unused', async () => {
    const answer = json(await run(['registry', 'check', clinic, '--json']))
    assert.deepEqual([answer.ok, answer.unknown, answer.unused], [true, [], []])
    assert.match(String(answer.digest), /^[0-9a-f]{64}$/)
    assert.equal('tools_seen' in answer, false)
  })

  test('a file that is no registry is refused with file, line, path and cure', async () => {
    const file = changed('wrong.yaml', (text) => text.replace('access: read', 'access: peek'))
    const answer = await run(['registry', 'check', file, '--json'])
    assert.equal(answer.code, 3)
    const error = Object(json(answer).error)
    assert.equal(error.code, 'invalid-registry')
    assert.match(error.path, /^tools\.get_chart\.touches\[0\]\.access$/)
    assert.equal(error.file, file)
    assert.equal(typeof error.line, 'number')
    assert.match(
      (await run(['registry', 'check', file])).err,
      /wrong\.yaml:\d+: tools\.get_chart\.touches\[0\]\.access/,
    )
  })

  test('a file that is not there, or does not say what it is, is refused', async () => {
    assert.equal((await run(['registry', 'check', join(base, 'none.yaml')])).code, 3)
    const file = changed('registry.txt', (text) => text)
    const answer = await run(['registry', 'check', file])
    assert.equal(answer.code, 3)
    assert.match(answer.err, /name it \.yaml, \.yml or \.json/)
    assert.equal((await run(['registry', 'check', clinic, '--ledger', join(base, 'nobody')])).code, 3)
  })
})

describe('recipients', () => {
  const dir = join(base, 'recipients')
  const file = join(base, 'recipients.yaml')
  const call = { action: 'model_invoked', actor_id: 'clinic-agent', actor_type: 'agent' }
  const drafts = [
    { ...call, details: { recipient: 'models' }, compliance_domains: ['sox'] },
    { ...call, details: { recipient: 'models' }, compliance_domains: ['hipaa'] },
    { ...call, details: { recipient: 'fax' } },
  ]

  before(async () => {
    const models =
      '{ kind: model_provider, agreement: { kind: baa, reference: B-1 }, compliance_domains: [hipaa], on_violation: block }'
    writeFileSync(file, `version: 1\nrevision: r\nrecipients:\n  models: ${models}\n`)
    assert.equal((await run(['init', '--ledger', dir, '--origin', 'cli.example/recipients'])).code, 0)
  })

  test('a line whose recipient may not be given it is refused, and the others are recorded', async () => {
    const lines = drafts.map((draft) => `${JSON.stringify(draft)}\n`).join('')
    const answer = await run(['append', '--ledger', dir, '--registry', file], lines)
    assert.equal(answer.code, 5)
    const [refused, ...others] = answer.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(refused.refused.code, 'recipient-refused')
    assert.deepEqual(
      others.map(({ state }) => state),
      ['recorded', 'recorded'],
    )
  })

  test('findings of the ledger are listed, and the exit code is 2', async () => {
    const answer = await run(['registry', 'check', file, '--ledger', dir, '--json'])
    assert.equal(answer.code, 2)
    const { ok, unknown, recipients_seen, recipient_findings, recipient_refusals } = json(answer)
    const told = [recipient_findings, recipient_refusals].flatMap((one): readonly unknown[] =>
      Array.isArray(one) ? one : [],
    )
    assert.deepEqual([ok, unknown, recipients_seen], [false, [{ kind: 'recipients', name: 'fax' }], 2])
    assert.deepEqual(
      told.map(Object).map(({ code, recipient, records }) => [code, recipient, records]),
      [
        ['recipient-unknown', 'fax', 1],
        ['domain-not-agreed', 'models', 1],
      ],
    )
    const { out } = await run(['registry', 'check', file, '--ledger', dir])
    assert.match(out, /✗ recipient "fax": recipient-unknown, 1 record, the first at seq \d/)
    assert.match(out, /! recipient "models": domain-not-agreed, 1 record, the first at seq \d+; it was refused/)
    assert.match(out, /✗ recipient "fax" was seen, and is not registered/)
  })

  test('a registry that says nothing of recipients knows none, and misses none', async () => {
    const silent = join(base, 'silent.yaml')
    writeFileSync(silent, 'version: 1\nrevision: silent\n')
    assert.deepEqual(json(await run(['registry', 'check', silent, '--ledger', dir, '--json'])).unknown, [])
  })
})
