// Watching a ledger (spec/watch.md): what each run reads, records, remembers and raises. Real ledgers, a real receiver; time goes by
// when a test says so.

import assert from 'node:assert/strict'
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { databaseFile } from '../src/embedded/folder.ts'
import { continueAfterRestore, initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { outboxFolder, stateFile } from '../src/watch/folder.ts'
import { tampered } from './manipulate.ts'
import {
  alterEntry,
  appendTo,
  DAY,
  MINUTE,
  NOTE,
  originOf,
  QUIET,
  startReceiver,
  until,
  watchedRecords,
  watchOf,
} from './watched.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-watch-'))
after(() => rmSync(base, { recursive: true, force: true }))

let homes = 0
const newPath = (): string => join(base, `home-${homes++}`)

const made = newPath()
const { verifierKey } = await initLedger(made, { origin: 'watch.example/agents' })
await appendTo(made, NOTE, NOTE, { ...NOTE, content: [{ name: 'message', media_type: 'text/plain', body: 'a body' }] })

/** A ledger of its own, with three records behind that of its start. */
function newHome(): string {
  const home = newPath()
  cpSync(made, home, { recursive: true })
  return home
}

function keyOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  assert.ok(!('code' in key))
  return key
}

function codes(data: { readonly [name: string]: unknown }): unknown {
  const verdicts = data.verdicts
  assert.ok(Array.isArray(verdicts))
  return verdicts.map(({ run, findings }) => [run, Object(findings[0]).code, Object(findings[0]).seq])
}

describe('what a run reads', () => {
  test('the first run reads everything, the next ones what came since, and everything again once that is due', async () => {
    const home = newHome()
    const { watch, clock, ran } = watchOf(home)
    const first = await watch.runOnce()
    assert.equal(first.report.subject.kind, 'ledger')
    await appendTo(home)
    clock.pass(15 * MINUTE)
    const second = await watch.runOnce()
    assert.deepEqual([second.report.subject.kind, second.verdict.records_checked], ['range', 2])
    clock.pass(DAY - 15 * MINUTE - 1)
    await watch.runOnce()
    clock.pass(1)
    await watch.runOnce()
    assert.deepEqual(ran(), ['complete valid', 'incremental valid', 'incremental valid', 'complete valid'])
  })

  test('a complete run reads every byte of sealed content; what is altered there is found by it', async () => {
    const home = newHome()
    const { watch, clock } = watchOf(home)
    assert.match((await watch.runOnce()).report.axes.content.says, /every byte|bytes/)
    clock.pass(DAY)
    const file = databaseFile(home)
    tampered(file, `${file}.altered`, ({ run }) =>
      run('UPDATE payloads SET sealed = zeroblob(length(sealed)) WHERE rowid = 1'),
    )
    renameSync(`${file}.altered`, file)
    assert.equal((await watch.runOnce()).report.status, 'tampered')
  })

  test('it begins from no checkpoint that the pinned key has not signed: everything is read', async () => {
    const home = newHome()
    const { watch } = watchOf(home)
    await watch.runOnce()
    const other = newPath()
    const { verifierKey: stranger } = await initLedger(other, { origin: 'watch.example/agents' })
    const pinned = { trust: { kind: 'pinned', keys: [keyOf(stranger)] }, anchors: [] } as const
    const { report } = await watchOf(home, { against: pinned }).watch.runOnce()
    assert.deepEqual([report.subject.kind, report.status], ['ledger', 'incomplete'])
  })

  test('a checkpoint that was published in between is built upon, also where its key was replaced', async () => {
    const home = newHome()
    const pinned = { trust: { kind: 'pinned', keys: [keyOf(verifierKey)] }, anchors: [] } as const
    const { watch, ran } = watchOf(home, { against: pinned })
    await watch.runOnce()
    {
      await using ledger = await openFolder(home, { publish: QUIET })
      await ledger.rotateKey()
    }
    for (let run = 0; run < 3; run++) await watch.runOnce()
    assert.deepEqual(ran(), ['complete valid', ...Array.from({ length: 3 }, () => 'incremental valid')])
    assert.ok((await watch.runOnce()).verdict.records_checked <= 2)
  })

  test('a ledger that continues after a restore is read from its beginning, and nobody is accused', async () => {
    const home = newHome()
    await using receiver = await startReceiver()
    const { watch, ran } = watchOf(home, { receiver })
    await watch.runOnce()
    await continueAfterRestore(home)
    await watch.runOnce()
    await watch.runOnce()
    assert.deepEqual(ran(), ['complete valid', 'complete valid', 'incremental valid'])
    assert.deepEqual(receiver.types(), [])
  })
})

test('a watcher that goes on through a restore begins anew with the ledger that continues', async () => {
  const home = newHome()
  const { watch, clock, alarm, ran } = watchOf(home)
  await watch.start()
  await until(() => ran().length === 1 && alarm.waiting().length === 1)
  const before = watch.lastRun()?.verdict.ledger
  await continueAfterRestore(home)
  clock.pass(15 * MINUTE)
  alarm.ring()
  await until(() => ran().length === 2 && alarm.waiting().length === 1)
  assert.deepEqual(ran(), ['complete valid', 'complete valid'])
  assert.equal(watch.lastRun()?.verdict.ledger, originOf(home))
  assert.notEqual(originOf(home), before)
  await watch.stop()
})

describe('what is on record', () => {
  test('each run is a record of who watched, how much was read and what was found', async () => {
    const home = newHome()
    const { watch } = watchOf(home, { reader: { actor_id: 'watcher', purpose: 'control 7' } })
    await watch.runOnce()
    await watch.runOnce()
    const records = await watchedRecords(home)
    assert.deepEqual(
      records.map(({ details, purpose, outcome }) => [
        details?.operation,
        details?.run,
        details?.status,
        purpose,
        outcome,
      ]),
      [
        ['watch', 'complete', 'valid', 'control 7', 'success'],
        ['watch', 'incremental', 'valid', 'control 7', 'success'],
      ],
    )
  })

  test('a ledger that is open already takes the record', async () => {
    const home = newHome()
    await using ledger = await openFolder(home, { publish: QUIET })
    const { size } = await ledger.health()
    assert.deepEqual((await watchOf(home, { ledger }).watch.runOnce()).recording, { recorded: true })
    assert.equal((await ledger.health()).size, size + 1)
  })

  test('what was tampered with is not written to, and is raised', async () => {
    const home = newHome()
    await using receiver = await startReceiver()
    const { watch } = watchOf(home, { receiver })
    await watch.runOnce()
    await appendTo(home)
    alterEntry(home, 5)
    const before = readFileSync(databaseFile(home))
    const { recording, report } = await watch.runOnce()
    assert.deepEqual([report.status, recording.recorded], ['tampered', false])
    assert.ok(before.equals(readFileSync(databaseFile(home))), 'the evidence is as it was')
    assert.deepEqual(receiver.types(), ['watch.violation'])
  })

  test('a ledger that takes no record is verified, and raised as a run that failed', async () => {
    const home = newHome()
    await using receiver = await startReceiver()
    const { watch, clock } = watchOf(home, { receiver })
    await watch.runOnce()
    renameSync(join(home, 'keys/heartbeat.key'), join(home, 'aside'))
    for (let run = 0; run < 3; run++) {
      assert.equal((await watch.runOnce()).recording.recorded, false)
      clock.pass(MINUTE)
    }
    assert.deepEqual(
      receiver.received.map(({ type, data }) => [type, data.code, data.count]),
      [['watch.not_done', 'not-recorded', 3]],
    )
    renameSync(join(home, 'aside'), join(home, 'keys/heartbeat.key'))
    await watch.runOnce()
    assert.deepEqual(receiver.types(), ['watch.not_done', 'watch.resumed'])
  })

  test('whoever may not verify watches nothing, and leaves nothing', async () => {
    const home = newHome()
    writeFileSync(join(home, 'access.yaml'), 'affidavit_access: 1\nrevision: test\npeople: {}\neverybody_else: []\n')
    for (const { watch } of [watchOf(home), watchOf(home)]) {
      await assert.rejects(watch.runOnce(), isError('not-allowed'))
      await assert.rejects(watch.start(), isError('not-allowed'))
    }
    assert.ok(!readdirSync(home).includes('watch'))
  })
})

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code
}

describe('what is raised', () => {
  test('a finding is raised once, again when it has stood for a day, and when it changes; and that it is over', async () => {
    const home = newHome()
    await using receiver = await startReceiver()
    const { watch, clock } = watchOf(home, { receiver })
    await watch.runOnce()
    await appendTo(home, NOTE, NOTE)
    copyFileSync(databaseFile(home), join(base, 'good'))
    alterEntry(home, 5)
    for (let run = 0; run < 3; run++) await watch.runOnce()
    assert.equal(receiver.received.length, 1)
    clock.pass(DAY)
    await watch.runOnce()
    alterEntry(home, 6)
    await watch.runOnce()
    copyFileSync(join(base, 'good'), databaseFile(home))
    await watch.runOnce()
    await watch.runOnce()
    const violation = 'watch.violation'
    assert.deepEqual(receiver.types(), [violation, violation, violation, 'watch.recovered'])
    assert.deepEqual(
      receiver.received.map(({ number }) => number),
      [1, 2, 3, 4],
    )
    assert.equal(new Set(receiver.received.map(({ id }) => id)).size, 4)
  })

  test('what stands behind the checkpoint that was built upon is found by the complete run, and looked for completely as long as it stands', async () => {
    const home = newHome()
    await using receiver = await startReceiver()
    const { watch, clock, ran } = watchOf(home, { receiver })
    await watch.runOnce()
    alterEntry(home, 2)
    assert.equal((await watch.runOnce()).report.status, 'valid', 'it lies before what was read')
    clock.pass(DAY)
    assert.equal((await watch.runOnce()).report.status, 'tampered')
    assert.equal((await watch.runOnce()).standing.status, 'tampered')
    assert.deepEqual(ran().slice(2), ['complete tampered', 'complete tampered'])
    assert.deepEqual(receiver.types(), ['watch.violation'])
  })

  test('an alert has codes, places and counts, and nothing that was recorded', async () => {
    const home = newHome()
    await appendTo(home, {
      ...NOTE,
      actor_id: 'u-jane',
      subject_ids: ['PT-20417'],
      conversation_id: 'visit-jane',
      resource_type: 'patient_record',
      resource_id: 'chart-jane',
    })
    await using receiver = await startReceiver()
    alterEntry(home, 1)
    await watchOf(home, { receiver }).watch.runOnce()
    const [alert] = receiver.received
    assert.ok(alert !== undefined)
    assert.deepEqual(
      [alert.type, alert.data.ledger, codes(alert.data)],
      ['watch.violation', originOf(home), [['complete', 'entry-altered', 1]]],
    )
    assert.doesNotMatch(alert.text, /jane|PT-|clinic-|tok_|home-|[0-9a-f]{8}-[0-9a-f]{4}-/)
  })

  test('what is missing is raised as that, and not as tampering', async () => {
    const home = newHome()
    await appendTo(home, { ...NOTE, producer_id: 'p', producer_seq: 0 }, { ...NOTE, producer_id: 'p', producer_seq: 2 })
    await using receiver = await startReceiver()
    const { watch } = watchOf(home, { receiver })
    await watch.runOnce()
    const later = await watch.runOnce()
    assert.deepEqual([later.report.status, later.standing.status], ['valid', 'incomplete'])
    assert.deepEqual(
      receiver.received.map(({ type, data }) => [type, codes(data)]),
      [['watch.not_verified', [['complete', 'producer-gap', undefined]]]],
    )
  })

  test('runs that cannot be done are raised at the third, and once, until one is done', async () => {
    const home = newHome()
    await using receiver = await startReceiver()
    const { watch, clock, ran } = watchOf(home, { receiver })
    await watch.runOnce()
    const kept = join(base, 'kept-anchor')
    const against = { trust: { kind: 'first use' }, anchors: [kept] } as const
    const strict = watchOf(home, { receiver, against, clock })
    for (let run = 0; run < 4; run++) await assert.rejects(strict.watch.runOnce(), isError('not-found'))
    assert.deepEqual(
      strict.ran(),
      Array.from({ length: 4 }, () => 'fault not-found'),
    )
    assert.deepEqual(
      receiver.received.map(({ type, data }) => [type, data.code, data.count]),
      [['watch.not_done', 'not-found', 3]],
    )
    assert.equal((await watchedRecords(home)).length, 1, 'a run that was not done is not on record as one')
    await watch.runOnce()
    assert.deepEqual(receiver.types(), ['watch.not_done', 'watch.resumed'])
    assert.deepEqual(ran(), ['complete valid', 'incremental valid'])
  })

  test('an alert waits until somebody takes it, whatever becomes of the process', async () => {
    const home = newHome()
    alterEntry(home, 1)
    await using receiver = await startReceiver()
    receiver.answers(() => 503)
    const first = watchOf(home, { receiver })
    await first.watch.runOnce()
    assert.equal(first.watch.metrics().alerts_waiting, 1)
    const second = watchOf(home, { receiver })
    receiver.answers(() => 204)
    await second.watch.runOnce()
    assert.equal(second.watch.metrics().alerts_waiting, 0)
    assert.deepEqual(readdirSync(outboxFolder(home)), [])
    const ids = receiver.received.map(({ id }) => id)
    assert.deepEqual([ids.length, new Set(ids).size], [2, 1], 'sent again, it is the same alert')
  })
})

test('an alert that could not be kept is not counted as raised: it is raised once more, under the same id', async () => {
  const home = newHome()
  await using receiver = await startReceiver()
  const first = watchOf(home, { receiver })
  await first.watch.runOnce()
  alterEntry(home, 2)
  receiver.answers(() => 503)
  const full = watchOf(home, {
    receiver,
    clock: fixedClock(first.clock.now() + DAY),
    told: ({ kind }) => {
      if (kind === 'alert') rmSync(outboxFolder(home), { recursive: true, force: true })
    },
  })
  await assert.rejects(full.watch.runOnce(), isError('store-unavailable'))
  assert.equal(full.watch.metrics().faults, 1)
  receiver.answers(() => 200)
  const next = watchOf(home, { receiver, clock: fixedClock(first.clock.now() + DAY + MINUTE) })
  await next.watch.runOnce()
  assert.deepEqual(receiver.types(), ['watch.violation', 'watch.violation'])
  assert.equal(new Set(receiver.received.map(({ id }) => id)).size, 1)
})

test('what keeps a delivery from being remembered takes nothing from what the run found, and is told', async () => {
  const home = newHome()
  alterEntry(home, 1)
  await using receiver = await startReceiver()
  receiver.answers(() => {
    rmSync(outboxFolder(home), { recursive: true })
    return 200
  })
  const { watch, ran } = watchOf(home, { receiver })
  assert.equal((await watch.runOnce()).report.status, 'tampered')
  assert.deepEqual(ran(), ['complete tampered', 'fault store-unavailable'])
  await watch.runOnce()
})

describe('what is remembered', () => {
  const LIES: readonly [name: string, write: (file: string) => void, raises: readonly string[]][] = [
    ['is gone', (file) => rmSync(file), []],
    ['is of another home', (file) => copyFileSync(stateFile(stranger), file), []],
    ['is cut off', (file) => writeFileSync(file, readFileSync(file).subarray(0, -10)), ['watch.state_altered']],
    ['is empty', (file) => writeFileSync(file, ''), ['watch.state_altered']],
    ['names a later complete run', (file) => edit(file, /"at":"20/, '"at":"21'), ['watch.state_altered']],
    ['says that it is under no key', (file) => edit(file, /v1 [0-9a-f]{16}/, 'v1 unkeyed'), []],
  ]
  const stranger = newPath()
  test('(a home of somebody else)', async () => {
    await initLedger(stranger, { origin: 'watch.example/agents' })
    await watchOf(stranger).watch.runOnce()
  })

  for (const [name, write, raises] of LIES) {
    test(`a state that ${name} leads to a complete run`, async () => {
      const home = newHome()
      await using receiver = await startReceiver()
      await watchOf(home, { receiver }).watch.runOnce()
      // What was altered before the checkpoint that it names would not be looked at.
      alterEntry(home, 1)
      write(stateFile(home))
      const { report } = await watchOf(home, { receiver }).watch.runOnce()
      assert.deepEqual([report.subject.kind, report.status], ['ledger', 'tampered'])
      assert.deepEqual(receiver.types(), [...raises, 'watch.violation'])
    })
  }

  test('a ledger that was exchanged for another history is found by what was built upon', async () => {
    const home = newHome()
    const older = newPath()
    cpSync(home, older, { recursive: true })
    await appendTo(home)
    await using receiver = await startReceiver()
    const { watch } = watchOf(home, { receiver })
    await watch.runOnce()
    // The ledger's own folder tells another history by itself, under the real key, and knows nothing of the first.
    await appendTo(older, NOTE, NOTE, NOTE, NOTE)
    for (const part of ['ledger.db', 'checkpoints', 'keyring.db']) {
      rmSync(join(home, part), { recursive: true })
      cpSync(join(older, part), join(home, part), { recursive: true })
    }
    const { report, verdict } = await watch.runOnce()
    assert.deepEqual(
      [report.status, verdict.run, verdict.findings[0]?.code],
      ['tampered', 'incremental', 'anchor-mismatch'],
    )
    assert.deepEqual(receiver.types(), ['watch.violation'])
    assert.equal((await watch.runOnce()).report.status, 'tampered', 'it is not forgotten')
  })

  test('without keys, everything is read each time, and nothing is built upon', async () => {
    const home = newHome()
    renameSync(join(home, 'keys'), `${home}-keys`)
    const { watch, ran } = watchOf(home, { recording: 'left out' })
    await watch.runOnce()
    await watch.runOnce()
    assert.deepEqual(ran(), ['complete valid', 'complete valid'])
  })
})

describe('when it runs', () => {
  test('at once, then as the schedule says; what was missed is caught up once', async () => {
    const home = newHome()
    const clock = fixedClock(Date.now())
    const first = watchOf(home, { clock })
    await first.watch.start()
    await until(() => first.ran().length === 1 && first.alarm.waiting().length === 1)
    clock.pass(15 * MINUTE - 1)
    first.alarm.ring()
    await until(() => first.alarm.waiting().length === 1)
    assert.deepEqual(first.alarm.waiting(), [1])
    clock.pass(1)
    first.alarm.ring()
    await until(() => first.ran().length === 2 && first.alarm.waiting().length === 1)
    await first.watch.stop()
    clock.pass(10 * 15 * MINUTE)
    const second = watchOf(home, { clock })
    await second.watch.start()
    await until(() => second.ran().length === 1 && second.alarm.waiting().length === 1)
    assert.equal(second.watch.metrics().runs, 3)
    await second.watch.stop()
    const third = watchOf(home, { clock })
    await third.watch.start()
    await until(() => third.alarm.waiting().length === 1)
    assert.deepEqual(third.ran(), [], 'nothing was missed')
    assert.equal(third.watch.lastRun()?.verdict.status, 'valid')
    await third.watch.stop()
  })

  test('a clock that is set back or ahead is no reason to wait longer, nor to run more than once', async () => {
    const home = newHome()
    const clock = fixedClock(Date.now())
    const { watch, alarm, ran } = watchOf(home, { clock })
    await watch.start()
    const settled = (runs: number): Promise<void> => until(() => ran().length === runs && alarm.waiting().length === 1)
    await settled(1)
    clock.set(clock.now() - 365 * DAY)
    alarm.ring()
    await settled(2)
    alarm.ring()
    await settled(2)
    clock.set(clock.now() + 365 * DAY)
    alarm.ring()
    await settled(3)
    alarm.ring()
    await settled(3)
    // Set back by less than has gone by since: the other clock says when.
    clock.pass(10 * MINUTE)
    clock.set(clock.now() - 9 * MINUTE)
    alarm.ring()
    await settled(3)
    clock.pass(5 * MINUTE)
    alarm.ring()
    await settled(4)
    await watch.stop()
  })

  test('a run that fails is tried again after a minute, and two, and four', async () => {
    const home = newHome()
    const clock = fixedClock(Date.now())
    const anchors = [join(base, 'no-anchor')]
    const { watch, alarm, ran } = watchOf(home, { clock, against: { trust: { kind: 'first use' }, anchors } })
    await watch.start()
    for (const [failed, minutes] of [1, 2, 4].entries()) {
      await until(() => ran().length === failed + 1 && alarm.waiting().length === 1)
      clock.pass(minutes * MINUTE - 1)
      alarm.ring()
      await until(() => alarm.waiting().length === 1)
      assert.equal(ran().length, failed + 1)
      clock.pass(1)
      alarm.ring()
    }
    await until(() => ran().length === 4)
    await watch.stop()
    assert.equal(watch.metrics().faults, 4)
  })

  test('two do not watch one ledger: the second one says who does', async () => {
    const home = newHome()
    const [first, second] = [watchOf(home), watchOf(home)]
    await first.watch.start()
    const refused = await second.watch.runOnce().catch((error: unknown) => error)
    assert.ok(refused instanceof LedgerError && refused.code === 'already-watched')
    assert.match(refused.problem, new RegExp(`is watched by process ${process.pid} on `))
    await first.watch.stop()
    await second.watch.runOnce()
  })

  test('while it is started, a run that is asked for is one of its own', async () => {
    const home = newHome()
    const { watch, ran, alarm } = watchOf(home)
    await watch.start()
    await watch.runOnce()
    await until(() => alarm.waiting().length === 1)
    assert.deepEqual(ran(), ['complete valid', 'incremental valid'])
    await watch.stop()
  })

  test('alerts that nobody took are tried again, later and later', async () => {
    const home = newHome()
    alterEntry(home, 1)
    await using receiver = await startReceiver()
    receiver.answers(() => 500)
    const clock = fixedClock(Date.now())
    const { watch, alarm, events } = watchOf(home, {
      receiver,
      clock,
      schedule: { kind: 'cron', pattern: '0 0 1 1 *' },
    })
    await watch.start()
    const tried = (): number => events.filter(({ kind }) => kind === 'delivery').length
    await until(() => tried() === 1 && alarm.waiting().length === 2)
    assert.ok(alarm.waiting().includes(5_000))
    alarm.ring()
    await until(() => tried() === 2 && alarm.waiting().length === 2)
    assert.ok(alarm.waiting().includes(10_000))
    receiver.answers(() => 200)
    alarm.ring()
    await until(() => tried() === 3 && alarm.waiting().length === 1)
    assert.equal(watch.metrics().alerts_waiting, 0)
    await watch.stop()
  })
})

test('what a server shows of it: when it ran, what stands, the last violation, what waits', async () => {
  const home = newHome()
  const clock = fixedClock(Date.UTC(2026, 10, 22, 12))
  const { watch } = watchOf(home, { clock })
  assert.deepEqual(watch.metrics(), { runs: 0, faults: 0, alerts_waiting: 0 })
  alterEntry(home, 1)
  await watch.runOnce()
  const at = '2026-11-22T12:00:00.000Z'
  assert.deepEqual(watch.metrics(), {
    runs: 1,
    faults: 0,
    alerts_waiting: 0,
    due_at: '2026-11-22T12:15:00.000Z',
    last_run_at: at,
    last_status: 'tampered',
    last_complete_at: at,
    last_violation_at: at,
  })
})

function edit(file: string, from: RegExp, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
}
