// The command line as scripts rely on it: forms, outputs, exit codes. Run in this process against real ledgers; the bin
// itself is run once, as a user runs it.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { BIN, draft, errorCode, json, type Run, run } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-'))
after(() => rmSync(base, { recursive: true, force: true }))

async function newLedger(name: string, drafts = ''): Promise<{ dir: string; vkey: string }> {
  const dir = join(base, name)
  const made = await run(['init', '--ledger', dir, '--origin', 'cli.example/agents'])
  assert.equal(made.code, 0, made.err)
  // Without it every seq is that of a draft: a policy is a record too, which test/cli-reading.test.ts has.
  rmSync(join(dir, 'access.yaml'))
  if (drafts !== '') assert.equal((await run(['append', '--ledger', dir], drafts)).code, 0)
  return { dir, vkey: made.out.trim() }
}

describe('init', () => {
  test('creates the database, keys with mode 0600, and prints the verifier key', async () => {
    const { dir, vkey } = await newLedger('init')
    assert.ok(existsSync(join(dir, 'ledger.db')))
    assert.equal(statSync(join(dir, 'keys')).mode & 0o777, 0o700)
    assert.equal(statSync(join(dir, 'keys/checkpoint.key')).mode & 0o777, 0o600)
    assert.match(vkey, /^cli\.example\/agents\/[0-9a-f]{16}\+[0-9a-f]{8}\+A[A-Za-z0-9+/=]+$/)
  })

  test('refuses a second time, and leaves the ledger alone', async () => {
    const { dir } = await newLedger('twice')
    const before = readFileSync(join(dir, 'keys/checkpoint.key'))
    const again = await run(['init', '--ledger', dir, '--origin', 'other.example', '--json'])
    assert.equal(again.code, 3)
    assert.equal(Object(json(again).error).code, 'ledger-exists')
    assert.deepEqual(readFileSync(join(dir, 'keys/checkpoint.key')), before)
  })

  test('keeps the checkpoint log where --anchor says', async () => {
    const [dir, anchor] = [join(base, 'anchored'), join(base, 'anchor')]
    const made = json(await run(['init', '--ledger', dir, '--origin', 'cli.example', '--anchor', anchor, '--json']))
    assert.equal(made.checkpoint_log, anchor)
    assert.ok(existsSync(join(anchor, 'checkpoints.log')))
    const report = json(await run(['verify', '--ledger', dir, '--json']))
    assert.equal(Object(report.axes).anchor.says, `local (${anchor}), until 1`)
  })

  test('says what is wrong with a name, and needs one', async () => {
    assert.equal((await run(['init', '--ledger', join(base, 'n1'), '--origin', 'a b'])).code, 3)
    assert.equal((await run(['init', '--ledger', join(base, 'n2')])).code, 3)
    assert.ok(!existsSync(join(base, 'n1')))
  })
})

describe('append', () => {
  test('acknowledges each line in order', async () => {
    const { dir } = await newLedger('append')
    const answer = await run(['append', '--ledger', dir], draft(1) + draft(2) + draft(3))
    const lines = answer.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(answer.code, 0)
    assert.deepEqual(
      lines.map(({ line, seq, state }) => [line, seq, state]),
      [
        [1, 1, 'recorded'],
        [2, 2, 'recorded'],
        [3, 3, 'recorded'],
      ],
    )
    assert.ok(lines.every(({ integrity_hash }) => /^[0-9a-f]{64}$/.test(integrity_hash)))
  })

  test('records the good lines, names the bad ones, and exits 5', async () => {
    const { dir } = await newLedger('append-bad')
    const bad = [
      '{broken',
      '{"action":"tool_invoked","action":"x"}',
      '[]',
      draft(9, { outcome: 'fine' }).trim(),
      'null',
    ]
    const answer = await run(['append', '--ledger', dir], `${draft(1)}${bad.join('\n')}\n\n${draft(2)}`)
    const lines = answer.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(answer.code, 5)
    assert.deepEqual(
      lines.map(({ line }) => line),
      [1, 2, 3, 4, 5, 6, 8],
    )
    assert.deepEqual(
      lines.map(({ refused }) => refused?.code),
      [undefined, ...Array(5).fill('invalid-draft'), undefined],
    )
    assert.equal(lines[4].refused.path, 'outcome')
    assert.match(answer.err, /2 recorded, 0 were there already, 5 refused/)
  })

  test('knows an application’s own actions from a catalogue, and only those', async () => {
    const { dir } = await newLedger('append-own')
    const catalogue = join(base, 'actions.json')
    writeFileSync(catalogue, '{"clinic.referral_sent":{"description":"A letter left.","requires":["purpose"]}}')
    const own =
      draft(1, { action: 'clinic.referral_sent', purpose: 'treatment' }) + draft(2, { action: 'clinic.referral_sent' })
    const answer = await run(['append', '--ledger', dir, '--actions', catalogue], own)
    assert.equal(answer.code, 5)
    assert.match(answer.out, /"path":"purpose"/)
    assert.equal((await run(['append', '--ledger', dir], own)).code, 5)
    writeFileSync(catalogue, '{"clinic":{}}')
    assert.equal((await run(['append', '--ledger', dir, '--actions', catalogue], '')).code, 3)
  })

  test('a folder that is no ledger, a file that is no database, and a newer format are said to be so', async () => {
    assert.equal((await run(['append', '--ledger', join(base, 'nowhere')], draft(1))).code, 3)
    const dir = join(base, 'garbage')
    await newLedger('garbage')
    writeFileSync(join(dir, 'ledger.db'), 'no database, whatever its name says'.repeat(100))
    const garbage = await run(['append', '--ledger', dir, '--json'], draft(1))
    assert.equal(Object(json(garbage).error).code, 'not-a-ledger')
  })
})

function seqsOf(found: Run): number[] {
  return Object(json(found)).records.map(({ seq }: { seq: number }) => seq)
}

describe('search, show and tail', () => {
  let dir = ''
  before(async () => {
    const drafts = [0, 1, 2, 3, 4, 5].map((n) =>
      draft(n, { conversation_id: `c-${n % 2}`, timestamp: `2026-03-0${n + 1}T10:00:00.000Z` }),
    )
    dir = (await newLedger('reading', drafts.join(''))).dir
  })

  test('search finds by every condition at once and repeats as of a seq', async () => {
    const found = await run(['search', '--ledger', dir, '--conversation', 'c-1', '--from', '2026-03-03', '--json'])
    assert.deepEqual(seqsOf(found), [4, 6])
    const earlier = await run(['search', '--ledger', dir, '--conversation', 'c-1', '--until-seq', '5', '--json'])
    assert.deepEqual(seqsOf(earlier), [2, 4])
  })

  test('search --json says as of when it answers, and whether more match; each search is a record for the next', async () => {
    const { dir } = await newLedger('as-of', [1, 2, 3, 4, 5, 6].map((n) => draft(n)).join(''))
    const search = async (...words: string[]): Promise<unknown[]> => {
      const { as_of_seq, until_seq, records, more } = json(await run(['search', '--ledger', dir, '--json', ...words]))
      return [as_of_seq, until_seq, Object(records).length, more]
    }
    assert.deepEqual(await search(), [6, 7, 7, false])
    assert.deepEqual(await search('--limit', '2'), [7, 8, 2, true])
    assert.deepEqual(await search('--limit', '9'), [8, 9, 9, false])
    assert.deepEqual(await search('--until-seq', '5', '--actor', 'nobody'), [4, 5, 0, false])
    assert.deepEqual(await search('--until-seq', '99'), [10, 11, 11, false])
    const earlier = await run(['search', '--ledger', dir, '--until-seq', '5'])
    assert.match(earlier.err, /^5 records \(as of seq 4; --until-seq 5 repeats this search\)\n$/)
  })

  test('search prints a table for people and says that more match', async () => {
    const found = await run(['search', '--ledger', dir, '--limit', '2', '--reverse', '--until-seq', '7'])
    assert.match(found.out, /^SEQ +RECORDED +ACTION/)
    assert.match(
      found.err,
      /2 records, more match: --limit shows them \(as of seq 6; --until-seq 7 repeats this search\)/,
    )
  })

  test('a malformed condition is named', async () => {
    const answer = await run(['search', '--ledger', dir, '--from', 'yesterday'])
    assert.equal(answer.code, 3)
    assert.match(answer.err, /from/)
  })

  test('show gives one record by seq or id, and its exact bytes', async () => {
    const bySeq = json(await run(['show', '3', '--ledger', dir, '--json']))
    const byId = json(await run(['show', String(bySeq.id), '--ledger', dir, '--json']))
    assert.deepEqual(byId, bySeq)
    const { integrity_hash, ...entry } = bySeq
    assert.deepEqual(JSON.parse((await run(['show', '3', '--ledger', dir, '--raw'])).out), entry)
    assert.equal((await run(['show', '999', '--ledger', dir])).code, 3)
  })

  test('tail shows the newest records', async () => {
    const answer = await run(['tail', '--ledger', dir, '-n', '2', '--json'])
    assert.deepEqual(
      answer.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).seq),
      [5, 6],
    )
  })

  test('the ledger may come from the environment', async () => {
    assert.equal((await run(['tail'], '', { AFFIDAVIT_LEDGER: dir })).code, 3, 'commander reads the real environment')
    assert.equal((await run(['verify', '--json'], '', { AFFIDAVIT_LEDGER: dir })).code, 0)
  })
})

describe('verify, prove, export and checkpoint', () => {
  let [dir, vkey] = ['', '']
  before(async () => {
    ;({ dir, vkey } = await newLedger('proving', [1, 2, 3, 4, 5].map((n) => draft(n)).join('')))
  })

  test('a whole ledger under its pinned key is valid, on every axis', async () => {
    const report = await run(['verify', '--ledger', dir, '--vkey', vkey, '--json'])
    assert.equal(report.code, 0)
    const { status, records_checked, broken_at, axes, not_checked } = json(report)
    assert.deepEqual([status, records_checked, broken_at], ['valid', 6, null])
    assert.deepEqual(Object.keys(Object(axes)), ['content', 'order', 'completeness', 'signer', 'time', 'anchor'])
    assert.equal(Object(axes).signer.verdict, 'pinned key')
    assert.ok(Array.isArray(not_checked) && not_checked.length > 0)
  })

  test('without a pinned key the report says first use; with a wrong one it is not trusted', async () => {
    assert.match((await run(['verify', '--ledger', dir])).out, /first-use key/)
    const other = await newLedger('other-key')
    const report = await run(['verify', '--ledger', dir, '--vkey', other.vkey, '--json'])
    assert.deepEqual([report.code, json(report).status], [2, 'incomplete'])
    assert.equal((await run(['verify', '--ledger', dir, '--vkey', 'nonsense'])).code, 3)
  })

  test('one conversation, and a range since a kept checkpoint', async () => {
    const kept = join(base, 'kept.checkpoint')
    assert.equal((await run(['checkpoint', '--ledger', dir, '--out', kept])).code, 0)
    await run(['append', '--ledger', dir], draft(6))
    const conversation = json(await run(['verify', '--ledger', dir, '--conversation', 'c-1', '--vkey', vkey, '--json']))
    assert.deepEqual([conversation.status, conversation.records_checked], ['valid', 6])
    assert.match(Object(conversation.axes).completeness.says, /open at 5/)
    const range = json(await run(['verify', '--ledger', dir, '--since', kept, '--vkey', vkey, '--json']))
    assert.deepEqual([range.status, range.records_checked], ['valid', 2], 'the draft, and the verification before')
    const anchored = json(await run(['verify', '--ledger', dir, '--anchor', kept, '--json']))
    assert.equal(Object(anchored.axes).anchor.verdict, 'external')
  })

  test('a proof verifies with nothing but its files and a pinned key', async () => {
    const [proof, entry] = [join(base, 'p.tlog-proof'), join(base, 'p.json')]
    const { integrity_hash } = json(
      await run(['prove', '3', '--ledger', dir, '--out', proof, '--entry', entry, '--json']),
    )
    assert.match(String(integrity_hash), /^[0-9a-f]{64}$/)
    assert.equal((await run(['verify', '--proof', proof, '--entry', entry, '--vkey', vkey])).code, 0)
    writeFileSync(entry, readFileSync(entry, 'utf8').replace('agent-1', 'agent-2'))
    assert.equal((await run(['verify', '--proof', proof, '--entry', entry, '--vkey', vkey])).code, 1)
    assert.equal((await run(['verify', '--proof', proof, '--entry', entry])).code, 3, 'a key must be pinned')
    assert.equal((await run(['verify', '--proof', proof])).code, 3)
  })

  test('an export verifies without the ledger', async () => {
    const out = join(base, 'exported')
    const cover = json(await run(['export', '--ledger', dir, '--out', out, '--reason', 'audit 7', '--json']))
    assert.ok(Number(cover.count) >= 6)
    assert.equal((await run(['verify', '--export', out, '--vkey', vkey])).code, 0)
    assert.equal((await run(['export', '--ledger', dir, '--out', out])).code, 3, 'never over something that is there')
    const filtered = join(base, 'exported-some')
    await run(['export', '--ledger', dir, '--out', filtered, '--from-seq', '2', '--until-seq', '4'])
    const report = json(await run(['verify', '--export', filtered, '--vkey', vkey, '--json']))
    assert.equal(report.status, 'valid')
    assert.match(Object(report.axes).completeness.says, /not claimed for the filter/)
  })

  test('a rotated key is reached from the old pinned one', async () => {
    const rotated = await newLedger('rotating', draft(1))
    const answer = await run(['rotate-key', '--ledger', rotated.dir])
    assert.equal(answer.code, 0)
    assert.notEqual(answer.out.trim(), rotated.vkey)
    for (const key of [rotated.vkey, answer.out.trim()]) {
      assert.equal((await run(['verify', '--ledger', rotated.dir, '--vkey', key])).code, 0)
    }
  })

  test('one thing is verified at a time', async () => {
    assert.equal((await run(['verify'])).code, 3)
    assert.equal((await run(['verify', '--ledger', dir, '--export', dir])).code, 3)
  })
})

describe('import', () => {
  const line = (n: number): string =>
    `${JSON.stringify({
      id: `chat-${n}`,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'A question of some length' },
        { role: 'assistant', content: 'An answer' },
      ],
    })}\n`

  test('adds nothing the second time, reads .gz, and reports broken lines', async () => {
    const { dir } = await newLedger('importing')
    const file = join(base, 'chats.jsonl.gz')
    writeFileSync(file, gzipSync(line(1) + line(2)))
    const first = json(await run(['import', '--ledger', dir, '--format', 'openai-chat', file, '--json']))
    const second = json(await run(['import', '--ledger', dir, '--format', 'openai-chat', file, '--json']))
    assert.ok(Object(first.records).recorded > 0)
    assert.deepEqual(second.records, { recorded: 0, duplicate: Object(first.records).recorded, conflicts: 0 })
    const broken = join(base, 'broken.jsonl')
    writeFileSync(broken, `${line(3)}{"messages":\n${line(4)}`)
    const answer = await run(['import', '--ledger', dir, '--format', 'openai-chat', broken])
    assert.equal(answer.code, 5)
    assert.match(answer.err, /line 2 refused/)
  })

  test('tells what was sealed, and which tools the registry does not know', async () => {
    const { dir } = await newLedger('import-registry')
    const called = { id: 'a', type: 'function', function: { name: 'page', arguments: '{}' } }
    const messages = [
      { role: 'user', content: 'Grüße' },
      { role: 'assistant', content: null, tool_calls: [called, called] },
    ]
    const file = join(base, 'calls.jsonl')
    writeFileSync(file, `${JSON.stringify({ messages })}\n`)
    const words = ['import', '--ledger', dir, '--format', 'openai-chat', file]
    const told = await run(words)
    assert.deepEqual(told.out.split('\n'), [
      '1 conversation: 5 records added, 0 there already, 0 conflicts',
      'sealed content: 3 bodies, 11 bytes',
      'not registered, and so restricted: tool "page", 2 calls',
      '',
    ])
    const again = json(await run([...words, '--json']))
    assert.deepEqual([again.content, again.unclassified_tools], [{ bodies: 0, bytes: 0 }, { page: 2 }])
    const registry = join(base, 'registry.yaml')
    writeFileSync(registry, 'version: 1\nrevision: test\ntools:\n  page: { kind: none }\n')
    const knowing = await run([...words.slice(0, -1), join(base, 'none'), '--registry', registry])
    assert.equal(knowing.code, 3)
    writeFileSync(join(base, 'others.jsonl'), `${JSON.stringify({ messages })}\n`)
    const known = await run([...words.slice(0, -1), join(base, 'others.jsonl'), '--registry', registry, '--json'])
    assert.deepEqual(json(known).unclassified_tools, {})
  })

  test('a registry that is none is refused before anything is recorded', async () => {
    const { dir } = await newLedger('import-no-registry')
    const file = join(base, 'one.jsonl')
    writeFileSync(file, line(1))
    const registry = join(base, 'wrong.yaml')
    writeFileSync(registry, 'version: 1\nrevision: test\ntools:\n  page: { kind: some }\n')
    for (const [named, code] of [
      [registry, 'invalid-registry'],
      [join(base, 'none.yaml'), 'invalid-query'],
    ] as const) {
      const answer = await run([
        'import',
        '--ledger',
        dir,
        '--format',
        'openai-chat',
        '--registry',
        named,
        file,
        '--json',
      ])
      assert.deepEqual([answer.code, errorCode(answer)], [3, code])
    }
    const { records } = json(await run(['search', '--ledger', dir, '--json']))
    assert.equal(Object(records).length, 1)
  })

  test('a file that is not there, and an unknown format', async () => {
    const { dir } = await newLedger('import-bad')
    assert.equal((await run(['import', '--ledger', dir, '--format', 'openai-chat', join(base, 'none')])).code, 3)
    assert.equal((await run(['import', '--ledger', dir, '--format', 'csv', join(base, 'none')])).code, 3)
  })
})

describe('doctor', () => {
  test('finds a healthy ledger healthy, and an open key file not', async () => {
    const { dir } = await newLedger('doctor', draft(1))
    const healthy = await run(['doctor', '--ledger', dir])
    assert.equal(healthy.code, 0)
    assert.match(healthy.out, /✓ keyring +\S+keyring\.db, generation 1, under key-encryption key 0001-[0-9a-f]{16}\n/)
    const { chmodSync } = await import('node:fs')
    chmodSync(join(dir, 'keys/checkpoint.key'), 0o644)
    const answer = json(await run(['doctor', '--ledger', dir, '--json']))
    assert.equal(answer.ok, false)
  })

  test('tells of key-encryption keys that still stand, which erase finish destroys, and of a keyring that is gone', async () => {
    const { dir, vkey } = await newLedger('doctor-keyring', draft(1))
    const keyring = await openFolderKeyring(dir, vkey.split('+')[0] ?? '', 'open')
    await keyring.turnOver()
    await keyring.close()
    const about = async (): Promise<Record<string, unknown>> => {
      const { findings } = json(await run(['doctor', '--ledger', dir, '--json']))
      assert.ok(Array.isArray(findings))
      return Object(findings.find((one) => Object(one).about === 'keyring'))
    }
    const standing = await about()
    assert.equal(standing.state, 'warn')
    assert.match(String(standing.says), /generation 2, .*; 1 earlier one still to be destroyed$/)
    assert.equal((await run(['erase', 'finish', '--ledger', dir])).code, 0)
    assert.equal((await about()).state, 'ok')
    rmSync(join(dir, 'keyring.db'))
    const gone = await about()
    assert.deepEqual([gone.state, (await run(['doctor', '--ledger', dir])).code], ['fail', 4])
    assert.match(String(gone.cure), /backup/)
  })

  test('says of a folder without a ledger that it has none', async () => {
    assert.equal((await run(['doctor', '--ledger', join(base, 'nobody')])).code, 4)
  })
})

test('help, version and unknown words', async () => {
  assert.match((await run(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
  assert.match((await run(['--help'])).out, /Exit codes: 0/)
  assert.equal((await run(['verify', '--help'])).code, 0)
  assert.equal((await run(['frobnicate'])).code, 3)
  assert.equal((await run(['append', '--ledger'])).code, 3)
})

test('the bin runs the demo, every attack is found but the one that honestly is not, and it says so', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BIN, 'demo'])
  assert.equal([...stdout.matchAll(/^ {2}found /gm)].length, 5)
  assert.equal([...stdout.matchAll(/^ {2}not found /gm)].length, 1)
  assert.match(stdout, /VALID/)
  assert.match(stdout, /a patient left in mid-answer/)
  assert.match(stdout, / {2}APPROVED BY .* {2}ONLY\n/, 'what is no terminal gets whole tables')
  assert.match(stdout, /agent_response_generated .* portal-1041-b +cancelled\n/)
})
