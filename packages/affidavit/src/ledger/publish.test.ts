import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { databaseFile } from '../embedded/folder.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import type { Draft } from '../formats/fields.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import type { Ledger } from './ledger.ts'
import type { StoredCheckpoint } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-publish-'))
after(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
/** A ledger that publishes only when it is told to. */
const BY_HAND = { intervalMillis: 3_600_000, afterEntries: 1_000_000 }
const call: Draft = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', details: { tool: 'aaaa' } }

async function freshFolder(): Promise<string> {
  const folder = join(root, String(folders++))
  await initLedger(folder, { origin: 'publish.example/agents' })
  return folder
}

const logOf = (folder: string): string => join(folder, 'checkpoints/checkpoints.log')

async function checkpointsOf(ledger: Ledger): Promise<StoredCheckpoint[]> {
  const all: StoredCheckpoint[] = []
  for await (const checkpoint of ledger.checkpoints()) all.push(checkpoint)
  return all
}

/** What the owner of the file can do: away with the trigger, and change what stands there. */
function alter(folder: string, sql: string): void {
  const db = new DatabaseSync(databaseFile(folder), { timeout: 5_000 })
  db.exec('DROP TRIGGER entries_no_update; DROP TRIGGER checkpoints_no_update')
  db.exec(sql)
  db.close()
}

describe('what changed in the database since it was written is found before it is sworn to', () => {
  const lies: Readonly<Record<string, string>> = {
    'a byte of an entry': `UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'aaaa', 'aaab') AS BLOB) WHERE seq = 5`,
    'a node of the tree': `UPDATE entries SET nodes = CAST(substr(nodes, 1, 32) || zeroblob(32) AS BLOB) WHERE seq = 5`,
    'the tree that was signed before': `UPDATE entries SET nodes = CAST(substr(nodes, 1, 64) || zeroblob(32) AS BLOB) WHERE seq = 3`,
    'a place': `UPDATE entries SET seq = 100 WHERE seq = 5`,
    'the newest checkpoint': `UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), char(10) || '4' || char(10), char(10) || '3' || char(10)) AS BLOB) WHERE size = 4`,
  }
  for (const [what, sql] of Object.entries(lies)) {
    test(what, async () => {
      const folder = await freshFolder()
      const ledger = await openFolder(folder, { publish: BY_HAND })
      for (let seq = 1; seq < 4; seq++) await ledger.append(call)
      const { size } = await ledger.publish()
      assert.equal(size, 4)
      for (let seq = 4; seq < 8; seq++) await ledger.append(call)
      const log = readFileSync(logOf(folder))
      alter(folder, sql)
      await assert.rejects(ledger.publish(), { code: 'store-corrupt' })
      assert.equal((await checkpointsOf(ledger)).at(-1)?.size, 4)
      assert.deepEqual(readFileSync(logOf(folder)), log)
      await assert.rejects(ledger.close(), { code: 'store-corrupt' })
    })
  }
})

test('publishing without anything new signs nothing', async () => {
  const folder = await freshFolder()
  await using ledger = await openFolder(folder, { publish: BY_HAND })
  const before = readFileSync(logOf(folder))
  const [first, second] = [await ledger.publish(), await ledger.publish()]
  assert.deepEqual(second, first)
  assert.deepEqual(readFileSync(logOf(folder)), before)
})

test('publications of one process build on each other, however many are asked for at once', async () => {
  const folder = await freshFolder()
  await using ledger = await openFolder(folder, { publish: BY_HAND })
  const asked = Array.from({ length: 8 }, async () => {
    await ledger.append(call)
    return (await ledger.publish()).size
  })
  assert.ok((await Promise.all(asked)).every((size) => size > 1))
  const sizes = (await checkpointsOf(ledger)).map(({ size }) => size)
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(sizes).size, sizes.length)
  assert.equal(sizes.at(-1), 9)
})

/** Until it holds. What has to come, comes; what does not, lets the test run into its time limit. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(1)
}

describe('what another process published', () => {
  /** Two openings of one ledger: the first has published nothing since, the second has, up to seq 5. */
  async function twoWriters(): Promise<{ folder: string; behind: Ledger; ahead: Ledger }> {
    const folder = await freshFolder()
    const behind = await openFolder(folder, { publish: BY_HAND })
    const ahead = await openFolder(folder, { publish: BY_HAND })
    for (let seq = 1; seq < 6; seq++) await ahead.append(call)
    assert.equal((await ahead.publish()).size, 6)
    await behind.append(call)
    return { folder, behind, ahead }
  }

  test('is built upon: what it swears to is not read back again', async () => {
    const { folder, behind, ahead } = await twoWriters()
    // What a process that reads it back would refuse to sign. Verification finds it, whoever published.
    alter(folder, `UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'aaaa', 'aaab') AS BLOB) WHERE seq = 4`)
    assert.equal((await behind.publish()).size, 7)
    await ahead.close()
    await behind.close()
  })

  const untrusted: Readonly<Record<string, (note: string) => string>> = {
    'is signed by no key of ours': (note) => note.replaceAll('— ', '— x'),
    'has a signature that does not hold': (note) =>
      note.replace(/^(— \S+ .{20})(.)/m, (_, line, at) => `${line}${at === 'A' ? 'B' : 'A'}`),
    'swears to another tree': (note) => note.replace(/\n6\n(.)/, (_, at) => `\n6\n${at === 'A' ? 'B' : 'A'}`),
  }
  for (const [name, lie] of Object.entries(untrusted)) {
    test(`is not built upon where it ${name}`, async () => {
      const { folder, behind, ahead } = await twoWriters()
      const note = lie((await checkpointsOf(behind)).at(-1)?.note ?? '')
      alter(folder, `UPDATE checkpoints SET note = CAST('${note}' AS BLOB) WHERE size = 6`)
      alterMore(folder)
      await assert.rejects(behind.publish(), { code: 'store-corrupt' })
      await assert.rejects(behind.close(), { code: 'store-corrupt' })
      await ahead.close().catch(() => undefined)
    })
  }

  test('is not built upon where the stored tree is not the one that it swears to', async () => {
    const { folder, behind, ahead } = await twoWriters()
    alter(folder, `UPDATE entries SET nodes = CAST(substr(nodes, 1, 32) || zeroblob(32) AS BLOB) WHERE seq = 5`)
    await assert.rejects(behind.publish(), { code: 'store-corrupt' })
    await assert.rejects(behind.close(), { code: 'store-corrupt' })
    await ahead.close().catch(() => undefined)
  })

  /** Changes an entry that only whoever reads it back sees. */
  function alterMore(folder: string): void {
    const db = new DatabaseSync(databaseFile(folder), { timeout: 5_000 })
    db.exec(`UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'aaaa', 'aaab') AS BLOB) WHERE seq = 4`)
    db.close()
  }
})

test('entries are published on the interval without anybody asking', { timeout: 60_000 }, async () => {
  await using ledger = await openFolder(await freshFolder(), { publish: { intervalMillis: 1 } })
  await ledger.append(call)
  await until(async () => (await ledger.health()).published === 2)
})

test('entries are published as soon as there are enough of them', { timeout: 60_000 }, async () => {
  await using ledger = await openFolder(await freshFolder(), { publish: { ...BY_HAND, afterEntries: 10 } })
  await Promise.all(Array.from({ length: 9 }, () => ledger.append(call)))
  assert.equal((await ledger.health()).published, 1)
  await ledger.append(call)
  await until(async () => (await ledger.health()).published === 11)
})

test('an idle ledger says that it is alive: a line with the time, kept and released', { timeout: 60_000 }, async () => {
  const folder = await freshFolder()
  const clock = fixedClock(Date.now())
  const publish = { intervalMillis: 1, heartbeatMillis: 60_000 }
  await using ledger = await openFolder(folder, { clock, publish })
  const released = (): number => readFileSync(logOf(folder), 'utf8').split('\n\n').length - 1
  const before = released()
  for (const minutes of [1, 2]) {
    clock.pass(60_000)
    await until(async () => released() === before + 2 * minutes)
  }
  assert.equal((await ledger.health()).size, 1)
  const [checkpoint] = await checkpointsOf(ledger)
  assert.equal(checkpoint?.cosignatures.length, 2)
  const log = readFileSync(logOf(folder), 'utf8')
  for (const line of checkpoint?.cosignatures ?? []) assert.ok(log.includes(`\n${line}\n`))
})

test('a heartbeat says no time that nobody confirmed, and health says why there is none', {
  timeout: 60_000,
}, async () => {
  const folder = await freshFolder()
  const clock = fixedClock(Date.now())
  const ledger = await openFolder(folder, { clock, publish: { intervalMillis: 1, heartbeatMillis: 1 } })
  const before = readFileSync(logOf(folder), 'utf8')
  clock.pass(1)
  clock.set(clock.now() + 3 * 86_400_000)
  await until(async () => /clock says/.test((await ledger.health()).publish_failure ?? ''))
  assert.equal(readFileSync(logOf(folder), 'utf8'), before)
  await ledger.confirmClock({ actor_id: 'operator-1', reason: 'the host slept' })
  await until(async () => (await ledger.health()).publish_failure === undefined)
  await ledger.close()
})

test('what could not be published stays in health, warns, and is made up for', { timeout: 60_000 }, async () => {
  const folder = await freshFolder()
  const warnings: string[] = []
  const listen = (warning: Error): unknown => warnings.push(`${warning.name}: ${warning.message}`)
  process.on('warning', listen)
  await using ledger = await openFolder(folder, { publish: { intervalMillis: 1 } })
  const log = readFileSync(logOf(folder))
  rmSync(join(folder, 'checkpoints'), { recursive: true })
  writeFileSync(join(folder, 'checkpoints'), 'a file, where the folder of the log should be')
  assert.equal((await ledger.append(call)).seq, 1)
  await until(async () => (await ledger.health()).publish_failure !== undefined)
  await assert.rejects(ledger.publish())
  rmSync(join(folder, 'checkpoints'))
  mkdirSync(join(folder, 'checkpoints'))
  writeFileSync(logOf(folder), log)
  await ledger.publish()
  assert.equal((await ledger.health()).publish_failure, undefined)
  process.off('warning', listen)
  assert.ok(warnings.some((warning) => warning.startsWith('AffidavitPublishWarning: ')))
  assert.match(readFileSync(logOf(folder), 'utf8'), /^publish\.example\/agents\/[0-9a-f]{16}\n2\n/m)
})
