// affidavit watch: exit codes, what it says, what doctor says of it, and how it ends.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'

import { initLedger } from '../src/embedded/init.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { stateFile } from '../src/watch/folder.ts'
import { BIN, done, errorCode, json, run, runBin } from './run-cli.ts'
import { alterEntry, appendTo, DAY, NOTE, SECRET, startReceiver, watchOf } from './watched.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-watch-'))
after(() => rmSync(base, { recursive: true, force: true }))

const made = join(base, 'made')
const { verifierKey } = await initLedger(made, { origin: 'watch.example/cli' })
await appendTo(made, NOTE, NOTE, NOTE)

let homes = 0
function newHome(): string {
  const home = join(base, `home-${homes++}`)
  cpSync(made, home, { recursive: true })
  return home
}

const watching = (home: string, ...more: readonly string[]): readonly string[] => [
  'watch',
  '--ledger',
  home,
  '--as',
  'ann',
  '--once',
  ...more,
]

async function doctorSays(home: string, about = 'watch'): Promise<{ state: unknown; says: string }[]> {
  const { findings } = json(await run(['doctor', '--ledger', home, '--json']))
  assert.ok(Array.isArray(findings))
  return findings.filter((one) => one.about === about).map(({ state, says }) => ({ state, says: String(says) }))
}

test('--once ends with the exit code of what it found: 0 verified, 1 tampered, 2 something is missing, 4 not done', async () => {
  const sound = newHome()
  const pinned = ['--vkey', verifierKey]
  assert.match((await done(run(watching(sound, ...pinned)))).out, /VALID {2}complete, 4 records checked\n$/)
  assert.match((await done(run(watching(sound, ...pinned)))).out, /VALID {2}incremental, 1 record checked\n$/)
  const altered = newHome()
  alterEntry(altered, 1)
  const found = await run(watching(altered))
  assert.equal(found.code, 1)
  assert.match(
    found.out,
    /TAMPERED {2}complete, .*entry-altered at 1.*; not recorded: what was tampered with is left as it is/,
  )
  assert.equal(found.err, 'alert 1: watch.violation\n')
  const lacking = newHome()
  await appendTo(lacking, { ...NOTE, producer_id: 'p', producer_seq: 1 })
  assert.equal((await run(watching(lacking))).code, 2)
  const later = await run(watching(lacking))
  assert.match(later.out, /VALID {2}incremental, .*; incomplete since .*: producer-gap/)
  assert.equal(later.code, 2, 'what the complete run found still stands')
  const missing = await run(watching(sound, '--anchor', join(base, 'nowhere'), '--json'))
  assert.equal(missing.code, 3, 'as verify ends where an anchor is not there')
  const broken = newHome()
  rmSync(join(broken, 'checkpoints'), { recursive: true })
  mkdirSync(join(broken, 'checkpoints/checkpoints.log'), { recursive: true })
  assert.equal((await run(watching(broken))).code, 4)
  const nothing = await run(watching(join(base, 'nobody')))
  assert.equal(nothing.code, 3)
})

test('with --json each event is a line', async () => {
  const home = newHome()
  alterEntry(home, 2)
  const answer = await run(watching(home, '--json'))
  const events = answer.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    events.map(({ event, type, status }) => [event, type, status]),
    [
      ['alert', 'watch.violation', undefined],
      ['run', undefined, 'tampered'],
    ],
  )
})

test('alerts are delivered, or wait: doctor says how many', async () => {
  const home = newHome()
  alterEntry(home, 1)
  await using receiver = await startReceiver()
  const hook = ['--webhook', receiver.url]
  const without = await run(watching(home, ...hook, '--json'))
  assert.deepEqual([without.code, errorCode(without)], [3, 'invalid-query'])
  receiver.answers(() => 503)
  const refused = await run(watching(home, ...hook), '', { AFFIDAVIT_WEBHOOK_SECRET: SECRET })
  assert.match(refused.err, /0 alerts delivered, 1 alert waiting: 127\.0\.0\.1:\d+ answered 503\n$/)
  assert.doesNotMatch(refused.out + refused.err, /token-in-the-path|whsec/)
  assert.match((await doctorSays(home, 'watch alerts'))[0]?.says ?? '', /^1 alert /)
  receiver.answers(() => 200)
  const taken = await run(watching(home), '', { AFFIDAVIT_WEBHOOK: receiver.url, AFFIDAVIT_WEBHOOK_SECRET: SECRET })
  assert.match(taken.err, /^1 alert delivered\n$/)
  assert.deepEqual(await doctorSays(home, 'watch alerts'), [])
})

test('doctor says when it last ran, what stands, what was found before, and that a run is overdue or failed', async () => {
  const home = newHome()
  assert.deepEqual(await doctorSays(home), [
    { state: 'ok', says: 'nobody watches it; affidavit watch verifies it on a schedule' },
  ])
  const before = fixedClock(Date.now() - 3 * DAY)
  await watchOf(home, { clock: before }).watch.runOnce()
  const [last, overdue] = await doctorSays(home)
  assert.match(last?.says ?? '', /^valid, last run \S+ \(72 h ago\), all of it read \S+$/)
  assert.equal(overdue?.state, 'warn')
  assert.match(overdue?.says ?? '', /^a run was due at \S+ \(71 h ago\)$/)
  const good = readFileSync(join(home, 'ledger.db'))
  alterEntry(home, 1)
  const { watch } = watchOf(home)
  await watch.runOnce()
  const [violated] = await doctorSays(home)
  assert.equal(violated?.state, 'fail')
  assert.match(violated?.says ?? '', /^TAMPERED since \S+: .*entry-altered at 1/)
  writeFileSync(join(home, 'ledger.db'), good)
  await watch.runOnce()
  const [mended] = await doctorSays(home)
  assert.equal(mended?.state, 'ok')
  assert.match(mended?.says ?? '', /^valid, .*; last violation \S+: .*entry-altered at 1/)
  const strict = watchOf(home, { against: { trust: { kind: 'first use' }, anchors: [join(base, 'nowhere')] } })
  await assert.rejects(strict.watch.runOnce())
  assert.deepEqual((await doctorSays(home)).map(({ state, says }) => [state, says.replace(/ since .*:/, ':')])[1], [
    'fail',
    '1 run failed: not-found',
  ])
  writeFileSync(stateFile(home), 'another')
  assert.deepEqual(await doctorSays(home), [{ state: 'fail', says: 'somebody else wrote what the watcher remembers' }])
})

test('a run is put on record as whoever watches, and not with --no-record', async () => {
  const home = newHome()
  await done(run(watching(home, '--purpose', 'control 7')))
  await done(run(watching(home, '--no-record')))
  const { records } = json(await done(run(['search', '--ledger', home, '--action', 'integrity_verified', '--json'])))
  assert.ok(Array.isArray(records))
  assert.deepEqual(
    records.map(({ purpose, details }) => [purpose, details.operation]),
    [['control 7', 'watch']],
  )
})

for (const [name, words] of [
  ['both schedules', ['--every', '1m', '--cron', '* * * * *']],
  ['a schedule that is none', ['--every', '0m']],
  ['a pattern that never comes', ['--cron', '0 0 30 2 *']],
  ['a time that is none', ['--complete-every', 'daily']],
] as const) {
  test(`refused: ${name}`, async () => {
    assert.equal((await run(['watch', '--ledger', newHome(), ...words])).code, 3)
  })
}

test('it runs until it is told to end, and ends well; another one is refused meanwhile', async () => {
  const home = newHome()
  const child = spawn(process.execPath, [BIN, 'watch', '--ledger', home, '--as', 'ann', '--every', '1h', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    assert.equal(JSON.parse(line).status, 'valid')
    const second = runBin(watching(home, '--json'))
    assert.equal(second.status, 4, second.stderr)
    assert.equal(JSON.parse(second.stdout).error.code, 'already-watched')
    child.kill('SIGTERM')
  }
  assert.deepEqual(await ended, [0, null])
  await done(run(watching(home)))
})
