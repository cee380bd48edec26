// The archive, as people and scripts see it.

import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'

import { archiveFolder } from './archived-clinic.ts'
import { errorCode, json, type Run, run, runDone } from './run-cli.ts'

const home = archiveFolder('cli-archive')
const ledger = join(home, 'ledger')
const place = join(home, 'archive')
const on = (...words: readonly string[]): Promise<Run> => run(['archive', ...words, '--ledger', ledger, '--json'])

const LINES = ['hipaa', 'sox', 'hipaa', undefined].map((domain, i) =>
  JSON.stringify({
    action: 'agent_response_generated',
    actor_id: 'clinic-agent',
    actor_type: 'agent',
    conversation_id: 'c-1',
    content: [{ name: 'message', media_type: 'text/plain', body: `message ${i}` }],
    ...(domain === undefined ? {} : { compliance_domains: [domain] }),
  }),
)

let vkey = ''

before(async () => {
  const made = await runDone([
    'init',
    '--ledger',
    ledger,
    '--origin',
    'clinic.example/agents',
    '--archive',
    place,
    '--json',
  ])
  vkey = String(json(made).verifier_key)
  await runDone(['append', '--ledger', ledger], LINES.join('\n'))
})

test('what a policy applies to is archived alone, then everything else, then nothing', async () => {
  assert.deepEqual(json(await on('run', '--policy', 'soc2')), { archived: 0 })
  const hipaa = json(await on('run', '--policy', 'hipaa'))
  assert.deepEqual([hipaa.archived, hipaa.path], [2, place])
  assert.ok(existsSync(String(hipaa.path)))
  const rest = json(await on('run'))
  assert.ok(Number(rest.archived) >= 3, JSON.stringify(rest))
  assert.deepEqual(json(await on('run')), { archived: 0 })
})

test('status says what is archived, what waits, and that a folder proves no lock', async () => {
  const status = json(await on('status'))
  assert.equal(Object(status.lock).lock, 'none')
  assert.deepEqual([status.path, status.missing, status.locked, status.waiting], [place, [], 0, 0])
  assert.ok(Number(status.archived) >= 5)
  const said = await runDone(['archive', 'status', '--ledger', ledger])
  assert.match(said.out, /lock {6}not proven: .*nothing is removed from the database for it/)
  assert.match(said.out, /20\d\d-\d\d/)
})

test('an archive verifies with its ledger, and alone under a pinned key', async () => {
  const report = json(await on('verify'))
  assert.equal(report.status, 'valid', JSON.stringify(report))
  assert.ok(Number(report.records_checked) >= 5)
  const alone = await run(['archive', 'verify', '--store', place, '--vkey', vkey, '--json'])
  assert.deepEqual([alone.code, json(alone).status], [0, 'valid'])
})

test('no text of a record, and no key, is in the archive', () => {
  const wrapped = readFileSync(join(ledger, 'keyring.db'))
  assert.ok(wrapped.length > 0)
  for (const name of readdirSync(join(place, 'segments'))) {
    const bytes = readFileSync(join(place, 'segments', name), 'latin1')
    for (const word of ['clinic-agent', 'agent_response_generated', 'message 1', 'content_key', 'wrapped'])
      assert.ok(!bytes.includes(word), `${word} in ${name}`)
  }
})

test('what was changed in the archive, or is gone from it, is found', async () => {
  const [name] = readdirSync(join(place, 'segments')).filter((one) => one.endsWith('.seg'))
  const file = join(place, 'segments', name ?? '')
  const bytes = readFileSync(file)
  chmodSync(file, 0o600)
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 40), Buffer.from([(bytes[40] ?? 0) ^ 1]), bytes.subarray(41)]))
  const altered = await on('verify')
  assert.deepEqual([altered.code, json(altered).status], [1, 'tampered'])
  assert.equal(Object(json(altered).findings)[0].code, 'segment-altered')
  unlinkSync(file)
  const gone = json(await on('verify'))
  assert.equal(Object(gone.findings)[0].code, 'segment-missing')
  const { completeness, content } = Object(gone.axes)
  assert.deepEqual([completeness.verdict, content.verdict], ['gaps', 'intact'])
  assert.equal(Object(json(await on('status')).missing).length, 1)
  writeFileSync(file, bytes)
  assert.equal((await on('verify')).code, 0)
})

test('a checkpoint that was exchanged in the archive, or is gone from it, is found by its name', async () => {
  await runDone(['append', '--ledger', ledger], LINES[0])
  await on('run')
  const incarnation = readdirSync(join(place, 'checkpoints'))[0] ?? ''
  const folder = join(place, 'checkpoints', incarnation)
  const names = readdirSync(folder).filter((one) => one.endsWith('.note'))
  const alone = (): Promise<Run> => run(['archive', 'verify', '--store', place, '--vkey', vkey, '--json'])
  const found = async (verify: () => Promise<Run>): Promise<string> => {
    const answer = await verify()
    const { code, what } = Object(json(answer).findings)[0] ?? {}
    return `${answer.code} ${code} ${what}`
  }
  const said = json(await on('verify'))
  assert.match(Object(said.axes).anchor.says, /^archive: the ledger keeps \d checkpoints of the archive/)
  const [first = '', second = assert.fail(names.join())] = names
  const path = join(folder, first)
  const [note, other] = [readFileSync(path), readFileSync(join(folder, second))]
  chmodSync(path, 0o600)
  const what = `checkpoints/${incarnation}/${first}`
  writeFileSync(path, other)
  assert.equal(await found(() => on('verify')), `1 archived-checkpoint-altered ${what}`, 'another one that holds')
  assert.equal(await found(alone), `1 archived-checkpoint-altered checkpoints/${incarnation}/`)
  writeFileSync(path, Buffer.from(note.toString().replace(/\n\d+\n/, '\n1\n')))
  for (const verify of [() => on('verify'), alone])
    assert.equal(await found(verify), `1 archived-checkpoint-altered ${what}`, 'one that nobody signed')
  unlinkSync(path)
  assert.equal(await found(alone), `1 archived-checkpoint-altered checkpoints/${incarnation}/`, 'gone')
  writeFileSync(path, note)
  for (const verify of [() => on('verify'), alone]) assert.equal((await verify()).code, 0)
})

test('a ledger that was rewritten with its own key contradicts the checkpoints of its archive', async () => {
  const [lawful, rewritten, kept] = ['lawful', 'rewritten', 'kept'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ]
  const made = await runDone(['init', '--ledger', lawful, '--origin', 'two.example/log', '--archive', kept, '--json'])
  cpSync(lawful, rewritten, { recursive: true })
  const append = (folder: string, line: string): Promise<Run> => runDone(['append', '--ledger', folder], line)
  await append(lawful, LINES[0] ?? '')
  assert.equal(json(await run(['archive', 'run', '--ledger', lawful, '--json'])).archived, 3)
  for (const line of LINES) await append(rewritten, line)
  const verify = (folder: string, ...more: readonly string[]): Promise<Run> =>
    run(['verify', '--ledger', folder, '--vkey', String(json(made).verifier_key), '--no-record', '--json', ...more])
  const codes = ({ out }: Run): string[] => Object(JSON.parse(out)).findings.map(({ code }: { code: string }) => code)
  assert.equal((await verify(lawful)).code, 0)
  assert.match(Object(json(await verify(lawful)).axes).anchor.says, /^(archive|local) \(/)
  const found = await verify(rewritten)
  assert.deepEqual([found.code, codes(found)], [1, ['anchor-mismatch']])
  await runDone(['archive', 'use', join(home, 'none'), '--ledger', rewritten])
  assert.equal((await verify(rewritten)).code, 0, 'without the archive nothing tells')
  const given = await verify(rewritten, '--archive', kept)
  assert.deepEqual([given.code, codes(given)], [1, ['anchor-mismatch']])
  const silent = await verify(lawful, '--archive', join(home, 'none'))
  assert.deepEqual(codes(silent), ['anchor-silent'])
  await runDone(['archive', 'use', kept, '--ledger', rewritten])
  const held = await run(['archive', 'verify', '--ledger', rewritten, '--json'])
  assert.ok(
    codes(held).some((code) => code === 'anchor-mismatch' || code === 'checkpoint-removed'),
    held.out,
  )
})

test('an archive that is gone is called complete in nothing, and intact in nothing', async () => {
  renameSync(join(place, 'segments'), join(place, 'away'))
  const { axes, status } = json(await on('verify'))
  renameSync(join(place, 'away'), join(place, 'segments'))
  const { content, order, completeness } = Object(axes)
  assert.equal(status, 'tampered')
  assert.deepEqual([content.verdict, order.verdict, completeness.verdict], ['not claimed', 'not claimed', 'gaps'])
})

test('an object whose manifest is gone is not passed over where no ledger says that it is one', async () => {
  const [name = ''] = readdirSync(join(place, 'segments')).filter((one) => one.endsWith('.note'))
  const [there, away] = [join(place, 'segments', name), join(place, name)]
  renameSync(there, away)
  const alone = json(await run(['archive', 'verify', '--store', place, '--vkey', vkey, '--json']))
  renameSync(away, there)
  assert.match(String(alone.not_checked), /objects without a manifest: 1;/)
})

test('refused, with the cure: no archive, no such policy, credentials in a URL, a folder inside the ledger', async () => {
  const bare = join(home, 'bare')
  await runDone(['init', '--ledger', bare, '--origin', 'bare.example/log'])
  const none = await run(['archive', 'run', '--ledger', bare, '--json'])
  assert.deepEqual([none.code, errorCode(none)], [3, 'invalid-query'])
  assert.match(none.out, /affidavit archive use PLACE/)
  assert.equal((await on('run', '--policy', 'nobodys')).code, 3)
  for (const wrong of [
    's3://key:secret@bucket/x',
    'ftp://host/x',
    's3://bucket/?token=secret',
    join(bare, 'archive'),
  ]) {
    const answer = await run(['archive', 'use', wrong, '--ledger', bare, '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], wrong)
    assert.ok(!answer.out.includes('secret'), answer.out)
  }
})

test('a place where no folder can be is refused, and a link into the ledger’s own folder is one', async () => {
  const bare = join(home, 'linked')
  await runDone(['init', '--ledger', bare, '--origin', 'bare.example/log'])
  const [file, link] = [join(home, 'a-file'), join(home, 'a-link')]
  writeFileSync(file, '')
  symlinkSync(bare, link)
  for (const [wrong, code] of [
    [file, 'archive-unavailable'],
    [join(file, 'below'), 'archive-unavailable'],
    ['/proc/nowhere/archive', 'archive-unavailable'],
    [join(link, 'archive'), 'invalid-query'],
  ] as const)
    assert.equal(errorCode(await run(['archive', 'use', wrong, '--ledger', bare, '--json'])), code, wrong)
  const place = join(home, 'of-nobody')
  assert.equal(
    errorCode(await run(['archive', 'use', place, '--ledger', join(home, 'none'), '--json'])),
    'not-a-ledger',
  )
  assert.ok(!existsSync(place))
})

test('an archive that is named later is used from then on, and one that cannot be reached says so', async () => {
  const other = join(home, 'other')
  await runDone(['init', '--ledger', other, '--origin', 'other.example/log'])
  const used = await run(['archive', 'use', join(home, 'far'), '--ledger', other, '--json'])
  assert.deepEqual([used.code, json(used).path], [0, join(home, 'far')])
  assert.equal(json(await run(['archive', 'run', '--ledger', other, '--json'])).archived, 2)
  await runDone(['archive', 'use', place, '--ledger', other])
  const elsewhere = await run(['archive', 'verify', '--ledger', other, '--json'])
  assert.deepEqual([elsewhere.code, Object(json(elsewhere).findings)[0].code], [1, 'segment-missing'])
  const onwards = await run(['archive', 'run', '--ledger', other])
  assert.match(onwards.err, /is not where the archive of this ledger began: .*Mount its disk/)
  await runDone(['archive', 'use', join(home, 'far'), '--ledger', other])
  assert.doesNotMatch((await run(['archive', 'run', '--ledger', other])).err, /began/)
})

test('what a run would do is told, and done by whoever may; out of a folder’s ledger nothing leaves', async () => {
  const words = ['retention', 'run', '--ledger', ledger, '--json']
  const refused = await run([...words, '--as', 'nobody.special'])
  assert.equal(errorCode(refused), 'not-allowed', refused.out)
  writeFileSync(join(ledger, 'access.yaml'), ACCESS)
  const trial = json(await run([...words, '--as', 'officer', '--dry-run']))
  assert.equal(trial.dry_run, true)
  const done = json(await run([...words, '--as', 'officer']))
  assert.deepEqual([done.removed, done.refused], [0, []])
  const restore = await run([
    'archive',
    'restore',
    '--conversation',
    'c-1',
    '--as',
    'officer',
    '--ledger',
    ledger,
    '--json',
  ])
  assert.deepEqual([restore.code, json(restore)], [0, { restored: 0 }])
})

describe('keys of segments, handed out to an auditor', () => {
  const file = join(home, 'keys.json')
  let group: readonly string[]
  before(async () => {
    const [one] = Object(json(await on('status'))).groups
    group = ['--class', one.retention_class, '--month', one.due_month]
  })
  const out = (...words: readonly string[]): Promise<Run> =>
    run(['archive', 'keys', '--ledger', ledger, '--reason', 'audit 2026-04, to A. Auditor', '--json', ...words])
  const alone = (keys: string): Promise<Run> =>
    run(['archive', 'verify', '--store', place, '--vkey', vkey, '--segment-keys', keys, '--json'])

  test('open these segments down to their entries, and no others; that is on record first', async () => {
    const made = await out(...group, '--as', 'officer', '--out', file)
    assert.equal(made.code, 0, made.out)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const { segments } = Object(json(made))
    assert.ok(segments.length >= 1)
    const verified = await alone(file)
    const report = json(verified)
    assert.deepEqual([verified.code, report.status], [0, 'valid'], verified.out)
    assert.ok(Number(report.records_checked) >= 2)
    assert.match(verified.out, /entries that stayed sealed/)
    const records = await run([
      'search',
      '--ledger',
      ledger,
      '--action',
      'records_exported',
      '--as',
      'officer',
      '--json',
    ])
    assert.match(records.out, new RegExp(`"operation":"archive keys".*"segment_ids":\\["${segments[0]}"`))
    assert.match(records.out, /audit 2026-04/)
    assert.ok(!readFileSync(file, 'utf8').includes('clinic-agent'))
  })

  test('a key that opens nothing, or another segment, accuses nobody; what was changed under a key that opens is found', async () => {
    const text = readFileSync(file, 'utf8')
    const wrong = join(home, 'wrong.json')
    writeFileSync(wrong, text.replace(/"[0-9a-f]{64}"/, `"${'0'.repeat(64)}"`))
    const unopened = await alone(wrong)
    assert.deepEqual([unopened.code, Object(json(unopened).findings)[0].code], [2, 'segment-unopened'])
    const id = Object.keys(JSON.parse(text).segments)[0] ?? ''
    const path = join(place, 'segments', `${id}.seg`)
    const bytes = readFileSync(path)
    chmodSync(path, 0o600)
    writeFileSync(
      path,
      bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
    )
    const altered = await alone(file)
    assert.deepEqual([altered.code, Object(json(altered).findings)[0].code], [1, 'segment-altered'])
    writeFileSync(path, bytes)
  })

  test('refused, and nothing is written: whoever may not, nothing named, no such segment, another ledger’s keys', async () => {
    const none = join(home, 'none.json')
    const words = ['search', '--ledger', ledger, '--action', 'records_exported', '--as', 'officer', '--json']
    const exported = async (): Promise<number> => Object(json(await run(words))).records.length
    const before = await exported()
    const REFUSED: readonly (readonly [asked: readonly string[], code: string])[] = [
      [[...group, '--as', 'nobody.special'], 'not-allowed'],
      [['--as', 'officer'], 'invalid-query'],
      [['--segment', '0'.repeat(32), '--as', 'officer'], 'not-found'],
      [['--class', 'nobodys', '--as', 'officer'], 'not-found'],
      [[...group, '--reason', ' ', '--as', 'officer'], 'invalid-query'],
    ]
    for (const [asked, code] of REFUSED)
      assert.equal(errorCode(await out(...asked, '--out', none)), code, asked.join(' '))
    assert.equal(existsSync(none), false)
    assert.equal(await exported(), before)
    const other = join(home, 'others.json')
    writeFileSync(other, readFileSync(file, 'utf8').replace('clinic.example/agents/', 'other.example/agents/'))
    assert.equal(errorCode(await alone(other)), 'invalid-query')
    writeFileSync(other, '{"affidavit_segment_keys": 2}')
    const garbled = await alone(other)
    assert.match(garbled.out, /no file of keys of segments/)
  })
})

const ACCESS = `affidavit_access: 1
revision: test
people:
  officer: { roles: [records_officer] }
everybody_else: [reader, auditor]
`
