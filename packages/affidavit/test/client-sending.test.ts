// What a client does with drafts on their way (spec/client.md §3).

import assert from 'node:assert/strict'
import { openAsBlob, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Fault } from './faulty-proxy.ts'
import { type RemoteWorld, startRemoteWorld, stepOf } from './remote-world.ts'

let world: RemoteWorld
before(async () => {
  world = await startRemoteWorld()
})
after(() => world.close())

/** What becomes of the next requests with drafts. */
function faults(...list: Fault[]): void {
  world.proxy.next = ({ path }) => (path.endsWith('/records') ? (list.shift() ?? 'none') : 'none')
}

async function recordedIn(conversation_id: string): Promise<readonly unknown[]> {
  const records = await world.records()
  return records.filter((one) => one.conversation_id === conversation_id).map(({ details }) => details?.n)
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof LedgerError, String(error))
  return error.code
}

test('drafts of one conversation are recorded in the order of the calls, though a request with one of them is lost', async () => {
  const ledger = await world.open()
  faults('lost request')
  const appended = []
  for (const n of [0, 1, 2, 3]) {
    appended.push(ledger.append(stepOf('in-order', n)))
    await turn()
  }
  await Promise.all(appended)
  assert.deepEqual(await recordedIn('in-order'), [0, 1, 2, 3])
  await ledger.close()
})

test('a conversation that no answer comes to holds up no other', async () => {
  const ledger = await world.open()
  faults('silence')
  const stuck = ledger.append(stepOf('stuck', 0)).catch(codeOf)
  for (let i = 0; i < 3; i++) await turn()
  const { state } = await ledger.append(stepOf('other', 0))
  assert.equal(state, 'recorded')
  world.proxy.cutAll()
  assert.equal(typeof (await stuck), 'object')
  await ledger.close()
})

test('drafts of one turn go together', async () => {
  const ledger = await world.open()
  faults()
  const before = world.proxy.seen()
  await Promise.all(Array.from({ length: 300 }, (_, n) => ledger.append(stepOf(`together-${n % 7}`, n))))
  assert.equal(world.proxy.seen() - before, 1)
  await ledger.close()
})

test('a server that stays silent leaves the outcome unknown, and the same draft with the same id settles it', async () => {
  const ledger = await world.open({ patienceMillis: 100_000 })
  const draft: Draft = { ...stepOf('silent', 0), id: '01900000-0000-7000-8000-000000000001' }
  faults('lost answer', ...Array.from({ length: 500 }, () => 'silence' as const))
  assert.equal(await ledger.append(draft).catch(codeOf), 'outcome-unknown')
  faults()
  world.proxy.cutAll()
  await ledger.close()
  const again = await world.open()
  assert.equal((await again.append(draft)).state, 'duplicate')
  assert.deepEqual(await recordedIn('silent'), [0])
  await again.close()
})

test('a server that is not there leaves nothing committed, and the error says what failed', async () => {
  const ledger = await world.open({ patienceMillis: 100_000 })
  world.proxy.target = 1
  faults(
    'queue-full',
    'rate-limited',
    'queue-full',
    'rate-limited',
    ...Array.from({ length: 500 }, () => 'queue-full' as const),
  )
  // A request that is under way at the deadline is not known to be refused: on a busy machine it may be the first ones.
  const refusals: unknown[] = []
  for (let n = 0; n < 5 && Object(refusals.at(-1)).code !== 'not-committed'; n++)
    refusals.push(await ledger.append(stepOf('nobody', n)).catch((error: unknown) => error))
  const { code, message } = Object(refusals.at(-1))
  assert.equal(code, 'not-committed')
  assert.match(message, /queue-full: not now/)
  world.proxy.target = world.port
  assert.deepEqual(await recordedIn('nobody'), [])
  await ledger.close()
})

test('beyond its bound a draft is refused at once, and appendMany waits for room instead', async () => {
  const ledger = await world.open({ queueCapacity: 3 })
  faults()
  const four = [0, 1, 2, 3].map((n) => ledger.append(stepOf('bound', n)).then(() => 'recorded', codeOf))
  assert.deepEqual(await Promise.all(four), ['recorded', 'recorded', 'recorded', 'queue-full'])
  const many = await ledger.appendMany([4, 5, 6, 7, 8, 9].map((n) => stepOf('bound', n)))
  assert.ok(many.every(({ state }) => state === 'recorded'))
  assert.deepEqual(await recordedIn('bound'), [0, 1, 2, 4, 5, 6, 7, 8, 9])
  await ledger.close()
})

test('what the format refuses, and what the ledger refuses, is told with its path as the embedded ledger tells it', async () => {
  const ledger = await world.open()
  faults()
  const { embedded } = world
  const standing = await embedded.append({ ...stepOf('refused', 0), id: '01900000-0000-7000-8000-00000000000a' })
  const drafts: unknown[] = [
    { ...stepOf('refused', 1), actor_id: '' },
    { ...stepOf('refused', 1), details: { masked: [] } },
    { ...stepOf('refused', 1), id: standing.id },
    { ...stepOf('refused', 1), details: { text: 'x'.repeat(70_000) } },
    { ...stepOf('refused', 1), action: 'records_viewed' },
  ]
  for (const draft of drafts) {
    const told = await embedded.append(draft as Draft).catch((error: unknown) => error)
    assert.ok(told instanceof LedgerError)
    const { code, path, problem, cure } = told
    await assert.rejects(ledger.append(draft as Draft), { code, path, problem, cure })
  }
  await ledger.close()
})

test('contents come as they were handed in: text, bytes, a file; and out of their caller’s hands', async () => {
  const ledger = await world.open()
  faults()
  const file = join(world.folder, 'scan.bin')
  writeFileSync(file, Buffer.alloc(300_000, 7))
  const bytes = Uint8Array.from([0, 1, 2, 255])
  const draft: Draft = {
    ...stepOf('contents', 0),
    content: [
      { name: 'message', media_type: 'text/plain', body: 'Grüße \u0000 {"a":\n1}' },
      { name: 'bytes', media_type: 'application/octet-stream', body: bytes },
      { name: 'long', media_type: 'text/plain', body: 'é'.repeat(9_000) },
      { name: 'file', media_type: 'application/octet-stream', body: await openAsBlob(file) },
    ],
  }
  const appending = ledger.append(draft)
  bytes.fill(9)
  draft.details = { n: 1 }
  const { seq } = await appending
  const record = await world.embedded.at(seq)
  assert.deepEqual(record?.details, { n: 0 })
  assert.deepEqual(
    record?.content?.map(({ plain_size }) => plain_size),
    [18, 4, 18_000, 300_000],
  )
  await ledger.close()
})

test('a large file is recorded, and one that is too large for a request is refused before it is sent', async () => {
  const ledger = await world.open()
  faults()
  const of = (mebibytes: number): Draft => {
    const body = new Blob([Buffer.alloc(mebibytes * 2 ** 20, 7)])
    return { ...stepOf('large', mebibytes), content: [{ name: 'scan', media_type: 'application/octet-stream', body }] }
  }
  assert.equal((await ledger.append(of(13))).state, 'recorded')
  const before = world.proxy.seen()
  await assert.rejects(ledger.append(of(49)), { code: 'draft-too-large', path: 'content' })
  assert.equal(world.proxy.seen(), before)
  await ledger.close()
})

test('closing waits for what was taken, and takes no more', async () => {
  const ledger = await world.open()
  faults('lost answer')
  const appended = ledger.append(stepOf('closing', 0))
  await ledger.close()
  assert.equal((await appended).state, 'duplicate')
  await assert.rejects(ledger.append(stepOf('closing', 1)), { code: 'ledger-closed' })
})
