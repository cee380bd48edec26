// affidavit spool, as operators and scripts rely on it.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { openSpool } from '../src/capture/spool.ts'
import { openFolder } from '../src/embedded/open.ts'
import { defineActions } from '../src/formats/actions.ts'
import { json, run } from './run-cli.ts'
import { filesIn, newSpoolPlace, numbersIn, openQuiet, type SpoolPlace, spoolDraft } from './spool-place.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-cli-spool-'))
after(() => rmSync(root, { recursive: true, force: true }))

let place: SpoolPlace
before(async () => {
  place = await newSpoolPlace(root)
})

async function leave(drafts: readonly number[]): Promise<void> {
  await using ledger = await openQuiet(place)
  await using spool = await openSpool({ folder: place.spool, ledger })
  for (const i of drafts) await spool.put(spoolDraft(i))
}

const status = (...words: string[]) => run(['spool', 'status', '--spool', place.spool, ...words])
const forward = (...words: string[]) =>
  run(['spool', 'forward', '--spool', place.spool, '--ledger', place.ledger, ...words])

test('what waits is told without a ledger, and forwarded once', async () => {
  await leave([0, 1, 2])
  const told = json(await status('--json'))
  assert.deepEqual(
    { ...told, bytes: Number(told.bytes) > 0 },
    {
      ledger: 'spool.example/agents',
      waiting: 3,
      since: spoolDraft(0).timestamp,
      bytes: true,
      refused: [],
      damaged: [],
    },
  )
  assert.match((await status()).out, /^waiting {2}3 drafts for spool\.example\/agents, the oldest of 2026-11-21T/)
  const forwarded = await forward('--json')
  assert.deepEqual([forwarded.code, json(forwarded)], [0, { recorded: 3, duplicates: 0, refused: [], unreadable: [] }])
  assert.equal((await forward()).err, '0 records forwarded.\n')
  assert.match((await status()).out, /^waiting {2}0 drafts; 0 bytes in all\n$/)
  await using ledger = await openQuiet(place)
  assert.deepEqual(await numbersIn(ledger), [0, 1, 2])
})

test('what was refused is told with its reason, and handed in again where that is mended', async () => {
  const actions = join(root, 'actions.json')
  const own = { 'clinic.referral_sent': { description: 'a referral was sent' } }
  writeFileSync(actions, JSON.stringify(own))
  {
    await using ledger = await openFolder(place.ledger, { actions: defineActions(own) })
    await using spool = await openSpool({ folder: place.spool, ledger })
    await spool.put({ ...spoolDraft(3), action: 'clinic.referral_sent' })
  }
  const refused = await forward()
  assert.deepEqual(
    [refused.code, refused.err],
    [5, '0 records forwarded; 1 draft refused (1): kept, see affidavit spool status.\n'],
  )
  const told = await status()
  assert.equal(told.code, 5)
  assert.match(
    told.out,
    new RegExp(`refused {2}000000000001\\.refused, draft ${spoolDraft(3).id}: invalid-draft: action`),
  )
  assert.equal((await forward('--refused')).code, 5)
  const mended = await forward('--refused', '--actions', actions, '--json')
  assert.deepEqual([mended.code, json(mended).recorded], [0, 1])
  assert.equal((await status()).code, 0)
})

test('a file that was damaged is told, and what can be read of it is forwarded', async () => {
  await leave([4, 5])
  const [file = ''] = filesIn(place.spool)
  const bytes = readFileSync(join(place.spool, file))
  bytes[bytes.indexOf('\n\n') + 60] = 0
  writeFileSync(join(place.spool, file), bytes)
  const forwarded = await forward()
  assert.equal(forwarded.code, 5)
  assert.match(forwarded.err, /^1 record forwarded; 1 draft unreadable \(1\): kept/)
  const told = await status('--json')
  assert.equal(told.code, 5)
  assert.deepEqual(json(told).damaged, [{ file: '000000000001-000000000002.damaged', first: 1, last: 2 }])
})

test('a spool that a process holds is told by that process, and not touched', async () => {
  await using ledger = await openQuiet(place)
  await using spool = await openSpool({ folder: place.spool, ledger })
  await spool.put(spoolDraft(6))
  assert.match((await status()).out, new RegExp(`held by {2}process ${process.pid} on ${hostname()}\n$`))
  const refused = await forward('--json')
  assert.deepEqual([refused.code, Object(json(refused).error).code], [4, 'spool-unavailable'])
})

test('a folder without a spool is refused, and left as it is', async () => {
  const folder = join(root, 'other')
  mkdirSync(folder)
  for (const command of [['status'], ['forward', '--ledger', place.ledger]]) {
    const answer = await run(['spool', ...command, '--spool', folder, '--json'])
    assert.deepEqual([answer.code, Object(json(answer).error).path], [3, '--spool'])
  }
  assert.deepEqual(readdirSync(folder), [])
})
