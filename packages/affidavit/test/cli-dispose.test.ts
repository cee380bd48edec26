// affidavit dispose and certificates as people use them: from the plan to the certificate.

import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { openCertificate } from '../src/disposition/certificate.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { formatSignerKey, generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey, parseVerifierKey } from '../src/formats/verifier-key.ts'
import { errorCode, json, type Run, run } from './run-cli.ts'
import { startTimeServer, type TimeServer } from './time-server.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-cli-dispose-'))
const key = join(home, 'kim.key')
let server: TimeServer
before(async () => {
  server = await startTimeServer()
})
after(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

let files = 0
const newPath = (): string => join(home, `file-${files++}`)

const LEE = ['--as', 'dr.lee']
const NOTE = { actor_id: 'clinic-agent', actor_type: 'agent', action: 'agent_response_generated' } as const

/** Two notes about an account that was closed long ago, one about an account that is open, and one of another class. */
async function newClinic(): Promise<{
  readonly folder: string
  readonly verifierKey: string
  readonly approverKey: string
}> {
  const folder = newPath()
  const { verifierKey } = await initLedger(folder, { origin: 'clinic.example/agents' })
  const approver = generateSignerKey('approver/kim', 'ed25519')
  const people = {
    'dr.lee': { roles: ['records_officer'] },
    kim: { roles: ['records_approver'], approval_key: formatVerifierKey(approver.verifierKey) },
  }
  writeFileSync(join(folder, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '1', people }))
  writeFileSync(join(folder, 'retention.yaml'), retention(server.url))
  writeFileSync(key, formatSignerKey(approver), { mode: 0o600 })
  await using ledger = await openFolder(folder)
  for (const conversation_id of ['closed', 'closed', 'open'])
    await ledger.append({ ...NOTE, conversation_id, retention_class: 'notes' })
  await ledger.append({ ...NOTE, retention_class: 'letters' })
  await ledger.append({
    ...{ actor_id: 'dr.lee', actor_type: 'user', action: 'retention_anchor_recorded' },
    conversation_id: 'closed',
    details: { anchor: 'account_closed', day: '2020-03-31', reason: 'the patient moved away' },
  })
  return { folder, verifierKey, approverKey: formatVerifierKey(approver.verifierKey) }
}

function retention(time_source: string): string {
  return `version: 1
revision: 2026-11
time_source: ${time_source}
policies:
  - id: clinic.notes
    title: Notes
    citation: Board resolution 12
    basis: policy
    applies_to:
      - retention_classes: [notes]
    part: record
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`
}

function plan(folder: string, out: string, ...more: readonly string[]): Promise<Run> {
  return run(['dispose', 'plan', '--ledger', folder, '--as', 'dr.lee', '--out', out, ...more])
}

function approve(file: string, out: string): Promise<Run> {
  return run(['dispose', 'approve', file, '--key', key, '--as', 'kim', '--out', out])
}

test('planned, approved, run, and certified: what was due is gone, and what was not stays', async () => {
  const { folder, verifierKey } = await newClinic()
  const [planFile, approval, certificate] = [newPath(), newPath(), newPath()]
  const planned = await plan(folder, planFile, '--copy', 'backup:nightly dump, site B')
  assert.equal(planned.code, 0, planned.err)
  assert.match(planned.err, /destroys {6}2 records, seq \d+ to \d+/)
  assert.match(planned.err, /under {9}clinic\.notes: 2 records/)
  assert.match(planned.err, /stays {9}1 record, waits: an anchor has not come/)
  assert.match(planned.err, /nothing is destroyed; have it approved/)
  assert.ok(existsSync(`${planFile}.manifest`))
  const unknown = await plan(folder, newPath(), '--policy', 'clinic.note')
  assert.match(unknown.err, /--policy: there is no retention policy "clinic\.note"/)

  const signed = await approve(planFile, approval)
  assert.equal(signed.code, 0, signed.err)
  assert.match(signed.err, /destroys {6}2 records/)
  const words = ['--approval', approval, '--as', 'dr.lee', '--ledger', folder]
  const done = await run(['dispose', 'run', planFile, ...words, '--out', certificate])
  assert.equal(done.code, 0, done.err)
  assert.match(done.err, /disposed/)

  const pinned = parseVerifierKey(verifierKey)
  assert.ok(!('code' in pinned))
  const opened = openCertificate(readFileSync(certificate), [pinned])
  assert.ok('certificate' in opened)
  const { plan_sha256, records } = opened.certificate
  assert.equal(records, 2)

  const shown = await run(['certificates', plan_sha256.slice(0, 12), '--ledger', folder, ...LEE])
  assert.equal(shown.code, 0, shown.err)
  assert.match(shown.out, /disposed {6}2 records.*\n.*\n.*by dr\.lee\n.*approved .* by kim/)
  const listed = json(await run(['certificates', '--ledger', folder, '--json', ...LEE]))
  assert.deepEqual(
    (listed.dispositions as readonly { readonly plan_sha256: string; readonly state: string }[]).map((one) => [
      one.plan_sha256,
      one.state,
    ]),
    [[plan_sha256, 'disposed']],
  )
  for (const words of [['show'], ['lineage'], ['retention', 'explain']]) {
    const told = await run([...words, String(opened.certificate.first_seq), '--ledger', folder, ...LEE])
    assert.equal(told.code, 3, words.join(' '))
    assert.match(
      told.err,
      /destroyed .*decided at .*; under clinic\.notes, due since 2025-04-01.*by dr\.lee, approved by kim at/,
    )
    assert.ok(told.err.includes(`affidavit certificates ${plan_sha256.slice(0, 16)}`), told.err)
  }
  const said = await run(['conversation', 'closed', '--ledger', folder, ...LEE])
  assert.match(said.err, /2 records of it destroyed, seq \d+-\d+: affidavit show \d+ says by whose leave/)
  const again = await plan(folder, newPath(), '--json')
  assert.deepEqual([again.code, errorCode(again)], [3, 'invalid-query'])
  assert.match(again.out, /nothing-is-due/)
  const status = await run(['dispose', 'status', '--ledger', folder, ...LEE])
  assert.match(status.out, /disposed {6}at seq/)
  const finished = await run(['dispose', 'finish', '--ledger', folder])
  assert.equal(finished.code, 0, finished.err)
})

test('papers that were written out are checked without their ledger, and say so where they do not prove what they claim', async () => {
  const { folder, verifierKey, approverKey } = await newClinic()
  const [planFile, approval, papers] = [newPath(), newPath(), newPath()]
  assert.equal((await plan(folder, planFile)).code, 0)
  assert.equal((await approve(planFile, approval)).code, 0)
  const words = ['--approval', approval, '--as', 'dr.lee', '--ledger', folder, '--out', newPath()]
  assert.equal((await run(['dispose', 'run', planFile, ...words])).code, 0)
  const [{ plan_sha256 }] = Object(json(await run(['certificates', '--ledger', folder, '--json', ...LEE]))).dispositions
  const shown = await run(['certificates', plan_sha256, '--ledger', folder, '--out', papers, ...LEE])
  assert.equal(shown.code, 0, shown.err)
  assert.match(shown.out, /authority {5}approved by kim, under a key that is pinned/)

  const check = (file: string, ...more: readonly string[]): Promise<Run> =>
    run(['certificates', '--check', file, ...more])
  const whole = await check(papers, '--vkey', verifierKey, '--approver', approverKey)
  assert.equal(whole.code, 0, whole.err)
  assert.match(whole.out, /disposed {6}2 records/)
  const unpinned = await check(papers, '--vkey', verifierKey, '--json')
  assert.deepEqual([unpinned.code, Object(json(unpinned).checked).authority], [2, 'not checked'])
  const stranger = formatVerifierKey(generateSignerKey(json(unpinned).ledger as string, 'ed25519').verifierKey)
  const foreign = await check(papers, '--vkey', stranger, '--approver', approverKey)
  assert.deepEqual([foreign.code, /NOT PROVEN {4}signed-by-a-key/.test(foreign.out)], [2, true])
  assert.equal((await check(papers, '--approver', approverKey)).code, 3)
  assert.match(
    (await check(planFile, '--vkey', verifierKey)).err,
    /holds no papers of a disposition \(paper-other-kind\)/,
  )

  const told = JSON.parse(readFileSync(papers, 'utf8'))
  const lies: Readonly<Record<string, readonly [member: string, text: string]>> = {
    'plan-altered': ['plan', told.manifest],
    'manifest-altered': ['manifest', told.manifest.replace('"seq":', '"seq":1')],
    'approval-missing': ['approval', ''],
    'approval-altered': ['approval', told.approval.replace('approve\n', 'refuse\n')],
    'signature-mismatch': ['certificate', told.certificate.replace('"records":2', '"records":1')],
  }
  for (const [because, [member, text]] of Object.entries(lies)) {
    const file = newPath()
    const members = Object.entries({ ...told, [member]: text }).sort(([one], [other]) => (one < other ? -1 : 1))
    writeFileSync(file, JSON.stringify(Object.fromEntries(members)))
    const found = await check(file, '--vkey', verifierKey, '--approver', approverKey)
    assert.deepEqual([found.code, found.out.trim()], [1, `NOT PROVEN    ${because}`], found.err)
  }

  await run(['rotate-key', '--ledger', folder])
  const anew = await run(['certificates', plan_sha256, '--ledger', folder, '--json', ...LEE])
  assert.equal(anew.code, 0, anew.err)
  const { signed_by, key_at_outcome } = Object(json(anew).checked)
  assert.deepEqual([key_at_outcome, signed_by === verifierKey], [verifierKey, false])
  assert.equal((await check(papers, '--vkey', verifierKey, '--approver', approverKey)).code, 0)
  assert.equal((await check(papers, '--vkey', signed_by, '--approver', approverKey)).code, 2)
})

test('what came back with a backup is destroyed again by whoever goes on; without its papers it is asked for them', async () => {
  const { folder } = await newClinic()
  const [planFile, approval, certificate, papers] = [newPath(), newPath(), newPath(), newPath()]
  assert.equal((await plan(folder, planFile)).code, 0)
  assert.equal((await approve(planFile, approval)).code, 0)
  cpSync(join(folder, 'ledger.db'), join(home, 'backup.db'))
  const words = ['--approval', approval, '--ledger', folder, ...LEE]
  assert.equal((await run(['dispose', 'run', planFile, ...words, '--out', certificate])).code, 0)
  const [{ plan_sha256 }] = Object(json(await run(['certificates', '--ledger', folder, '--json', ...LEE]))).dispositions
  assert.equal((await run(['certificates', plan_sha256, '--ledger', folder, '--out', papers, ...LEE])).code, 0)
  for (const end of ['-wal', '-shm']) rmSync(join(folder, `ledger.db${end}`), { force: true })
  cpSync(join(home, 'backup.db'), join(folder, 'ledger.db'))
  const kept = join(folder, 'checkpoints', 'dispositions', `${plan_sha256}.json`)
  assert.match(readFileSync(kept, 'utf8'), /affidavit disposition certificate v1/)
  rmSync(kept)

  assert.equal(errorCode(await run(['dispose', 'status', '--ledger', folder, '--json', ...LEE])), 'rolled-back')
  const goingOn = await run(['init', '--ledger', folder, '--after-restore'])
  assert.match(goingOn.err, /affidavit: the database has records again.*cure: .*dispose replay --papers FILE/s)
  assert.equal(errorCode(await run(['search', '--ledger', folder, '--json', ...LEE])), 'disposed-is-back')
  for (const unsaid of [[], ['--papers', papers, '--keep', plan_sha256], ['--keep', plan_sha256, ...LEE]])
    assert.equal((await run(['dispose', 'replay', '--ledger', folder, ...unsaid])).code, 3, unsaid.join(' '))
  const nobody = ['--keep', plan_sha256, '--as', 'kim', '--reason', 'x']
  assert.match((await run(['dispose', 'replay', '--ledger', folder, ...nobody])).err, /needs the role records_officer/)
  const replayed = await run(['dispose', 'replay', '--papers', papers, '--ledger', folder])
  assert.equal(replayed.code, 0, replayed.err)
  assert.match(replayed.out, new RegExp(`replayed .*${plan_sha256}.*decided by {4}clinic\\.example`, 's'))
  assert.equal((await run(['search', '--ledger', folder, ...LEE])).code, 0)
})

test('a manifest of many records is read', async () => {
  const { folder } = await newClinic()
  const [planFile, approval] = [newPath(), newPath()]
  assert.equal((await plan(folder, planFile)).code, 0)
  assert.equal((await approve(planFile, approval)).code, 0)
  // Longer than other input may be, and no manifest: what is refused is what it says.
  writeFileSync(`${planFile}.manifest`, Buffer.alloc(3_000_000, ' '))
  const words = ['--approval', approval, '--as', 'dr.lee', '--ledger', folder, '--out', newPath()]
  assert.match((await run(['dispose', 'run', planFile, ...words])).err, /the manifest is not the one/)
})

test('while the clock is ahead, or nobody says what time it is, nothing is destroyed, and it is said what to do', async () => {
  const { folder } = await newClinic()
  const [planFile, approval] = [newPath(), newPath()]
  assert.equal((await plan(folder, planFile)).code, 0)
  assert.equal((await approve(planFile, approval)).code, 0)
  const words = ['--approval', approval, '--as', 'dr.lee', '--ledger', folder, '--out', newPath()]
  server.behind(3_600_000)
  const ahead = await run(['dispose', 'run', planFile, ...words])
  server.behind(0)
  assert.notEqual(ahead.code, 0)
  assert.match(ahead.err, /may be ahead of ntp:.*\n.*cure: set the clock/)
  writeFileSync(join(folder, 'retention.yaml'), retention(server.url).replace(/time_source.*\n/, ''))
  const unsaid = await run(['dispose', 'run', planFile, ...words])
  assert.notEqual(unsaid.code, 0)
  assert.match(unsaid.err, /name no source of time/)
  assert.match(unsaid.err, /cure: write time_source into retention\.yaml/)
  assert.match((await plan(folder, newPath())).err, /name no time_source/, 'before somebody approves it')
  const status = await run(['dispose', 'status', '--ledger', folder, ...LEE])
  assert.match(status.err, /no disposition is on record/)
})

test('an organisation of one runs its plan twice: to put it on record, and when its delay is over', async () => {
  const { folder } = await newClinic()
  const people = { 'dr.lee': { roles: ['records_officer'] } }
  writeFileSync(join(folder, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '2', people }))
  const planFile = newPath()
  const planned = await plan(folder, planFile, '--delay-days', '7')
  assert.match(planned.err, /needs {9}7 days on record: nobody else approves it/)
  const words = ['--as', 'dr.lee', '--ledger', folder, '--out', newPath()]
  const announced = await run(['dispose', 'run', planFile, ...words])
  assert.equal(announced.code, 0, announced.err)
  assert.match(announced.err, /announced.*\n.*\n.*waits {9}until .*; then run it again/)
  const [{ plan_sha256 }] = Object(json(await run(['certificates', '--ledger', folder, '--json', ...LEE]))).dispositions
  const uncertified = await run(['certificates', plan_sha256, '--ledger', folder, ...LEE])
  assert.equal(uncertified.code, 3)
  assert.match(uncertified.err, /has an outcome; it is announced/)
  const early = await run(['dispose', 'run', planFile, ...words])
  assert.equal(early.code, 3)
  assert.match(early.err, /the delay of this plan is not over: it can be carried out from/)
})

test('a day of a plan begins where it begins for whoever asks how long records are kept', async () => {
  const { folder } = await newClinic()
  const file = join(folder, 'retention.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('revision:', 'time_zone: America/New_York\nrevision:'))
  const on = async (day: string): Promise<readonly unknown[]> => {
    const asked = json(await run(['retention', 'plan', '--ledger', folder, '--as', 'dr.lee', '--at', day, '--json']))
    const planned = json(await plan(folder, newPath(), '--at', day, '--json'))
    return [asked.at, planned.judged_at]
  }
  const begins = '2026-11-22T05:00:00.000Z'
  assert.deepEqual(await on('2026-11-22'), [begins, begins])
})

const REFUSED: Readonly<Record<string, readonly [words: readonly string[], says: RegExp]>> = {
  'a person without the role': [['--as', 'kim'], /planner-not-allowed/],
  'no day': [['--at', 'tomorrow'], /--at: "tomorrow" is no day/],
  'a delay of less than a week': [['--delay-days', '3'], /a delay of less than 7 days/],
  'a copy of no kind': [['--copy', 'usb:drawer'], /KIND:WHERE/],
}

for (const [name, [words, says]] of Object.entries(REFUSED)) {
  test(`not planned: ${name}`, async () => {
    const { folder } = await newClinic()
    const out = newPath()
    const answer = await plan(folder, out, ...words)
    assert.equal(answer.code, 3)
    assert.match(answer.err, says)
    assert.equal(existsSync(out), false)
  })
}
