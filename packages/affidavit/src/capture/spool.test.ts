import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import {
  bytesIn,
  failingFrom,
  filesIn,
  newSpoolPlace,
  numbersIn,
  openQuiet,
  recordsIn,
  type SpoolPlace,
  spoolDraft,
} from '../../test/spool-place.ts'
import { type MemoryLedger, memoryLedger } from '../../test/spool-scenario.ts'
import { createRandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { wholeBody } from '../ledger/open-content.ts'
import { createSpooling } from '../ledger/spooling.ts'
import { openSpool } from './spool.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-spool-'))
after(() => rmSync(root, { recursive: true, force: true }))
await newSpoolPlace(join(root, 'template'))

let places = 0
function freshPlace(): SpoolPlace {
  const folder = join(root, String(places++))
  cpSync(join(root, 'template'), folder, { recursive: true })
  return { ledger: join(folder, 'ledger'), spool: join(folder, 'deep', 'spool') }
}

const NOTHING = { recorded: 0, duplicates: 0, refused: [], unreadable: [] }

describe('what waits', () => {
  test('is recorded once the ledger takes records again, in the order of the calls, across processes', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    for (const batch of [[0, 1, 2], [3], [4, 5]]) {
      await using spool = await openSpool({ folder: place.spool, ledger })
      await Promise.all(batch.map((i) => spool.put(spoolDraft(i))))
      assert.equal(spool.waiting(), (batch.at(-1) ?? 0) + 1)
    }
    await using spool = await openSpool({ folder: place.spool, ledger })
    const { drafts, bytes, oldest } = spool.size()
    assert.deepEqual([drafts, oldest], [6, spoolDraft(0).timestamp])
    assert.ok(bytes > 1_000 && bytes < 10_000)
    const [forwarded, at_once] = await Promise.all([spool.forward(), spool.forward()])
    assert.deepEqual(forwarded, { ...NOTHING, recorded: 6 })
    assert.equal(at_once, forwarded)
    assert.deepEqual(await numbersIn(ledger), [0, 1, 2, 3, 4, 5])
    assert.deepEqual(spool.size(), { drafts: 0, bytes: 0 })
    assert.deepEqual(filesIn(place.spool), [])
  })

  test('drafts are recorded in the order of the calls, however long each is looked through', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    const large = new Blob(['word '.repeat(100_000)])
    const draftOf = (i: number): Draft =>
      i % 3 === 0
        ? { ...spoolDraft(i), content: [{ name: 'r', media_type: 'text/plain', body: large }] }
        : spoolDraft(i)
    const puts = Array.from({ length: 10 }, (_, i) => spool.put(draftOf(i)))
    await Promise.all(puts)
    await spool.forward()
    assert.deepEqual(await numbersIn(ledger), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('may come while what waits is forwarded', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    for (let i = 0; i < 5; i++) await spool.put(spoolDraft(i))
    const forwarding = spool.forward()
    const puts = Array.from({ length: 20 }, (_, i) => spool.put(spoolDraft(5 + i)))
    await Promise.all([forwarding, ...puts])
    await spool.forward()
    assert.deepEqual(
      await numbersIn(ledger),
      Array.from({ length: 25 }, (_, i) => i),
    )
  })

  test('is what was handed in: its content opens, its persons are found, its time is its own', async () => {
    const place = freshPlace()
    writeFileSync(
      join(place.ledger, 'access.yaml'),
      'affidavit_access: 1\nrevision: r\npeople: { auditor: { roles: [privacy_officer] } }\n',
    )
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    const body = Buffer.alloc(3_000_000, 'a long result\n')
    await spool.put({
      ...spoolDraft(1),
      content: [
        { name: 'message', media_type: 'text/plain', body: 'Hello, Zoë' },
        { name: 'bytes', media_type: 'application/octet-stream', body: Uint8Array.of(0, 255, 1) },
        { name: 'file', media_type: 'text/plain', body: new Blob([body]) },
      ],
    })
    await spool.forward()
    const record = (await recordsIn(ledger)).find(({ id }) => id === spoolDraft(1).id)
    assert.equal(record?.timestamp, spoolDraft(1).timestamp)
    const [revealed] = await ledger.as({ actor_id: 'auditor' }).reveal({ record: spoolDraft(1).id }, { reason: 'test' })
    const bodies: Buffer[] = []
    for (const content of revealed?.contents ?? []) {
      assert.ok('body' in content)
      bodies.push(Buffer.from(await wholeBody(content.body)))
    }
    assert.deepEqual(
      bodies.map((one) => (one.length < 20 ? one.toString('latin1') : one.equals(body))),
      [Buffer.from('Hello, Zoë').toString('latin1'), '\0\xff\x01', true],
    )
  })

  test('goes to a new segment after 4 MiB, and all of it is recorded', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    const result = (i: number): Draft => ({
      ...spoolDraft(i),
      content: [{ name: 'result', media_type: 'image/png', body: Buffer.alloc(2_000_000, i) }],
    })
    for (let i = 0; i < 5; i++) await spool.put(result(i))
    assert.equal(filesIn(place.spool).length, 2)
    await spool.forward()
    assert.deepEqual(await numbersIn(ledger), [0, 1, 2, 3, 4])
  })

  test('a draft that is refused by its format is refused where it is put', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    const wrong = { ...spoolDraft(0), colour: 'red' }
    const [refused, taken] = await Promise.allSettled([spool.put(wrong), spool.put(spoolDraft(1))])
    assert.ok(refused.status === 'rejected' && refused.reason instanceof LedgerError)
    assert.deepEqual([refused.reason.code, taken.status, spool.waiting()], ['invalid-draft', 'fulfilled', 1])
  })
})

describe('what may not be kept, and what nobody may read', () => {
  test('nothing that may not be kept is in the folder, and the record says what was removed', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger: { ...ledger, spooling: readable(ledger) } })
    await spool.put({
      ...spoolDraft(2),
      content: [{ name: 'message', media_type: 'text/plain', body: 'card 4111 1111 1111 1111, CVV 123' }],
    })
    const kept = bytesIn(place.spool).toString('latin1')
    assert.ok(kept.includes('4111 1111 1111 1111') && kept.includes('pat-1'), 'the folder can be read for once')
    assert.ok(!kept.includes('4821') && !kept.includes('CVV 123'))
    await spool.forward()
    const [record] = await recordsIn(ledger)
    assert.deepEqual(record?.details?.removed_before_spool, [
      { path: 'details.note', types: ['card_pin'] },
      { path: 'content.message', types: ['card_verification_value'] },
    ])
  })

  // What is sealed cannot be looked through for what should not be in it.
  function readable({ spooling }: { readonly spooling: Awaited<ReturnType<typeof openQuiet>>['spooling'] }) {
    const tag = Buffer.alloc(28)
    return {
      ...spooling,
      seal: (plain: Uint8Array) => Buffer.concat([tag, plain]),
      open: (sealed: Uint8Array) => sealed.subarray(tag.length),
    }
  }

  test('nothing of a draft is readable in the folder', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    await Promise.all([spool.put(spoolDraft(0)), spool.put(spoolDraft(1))])
    const kept = bytesIn(place.spool).toString('latin1')
    for (const word of ['agent-1', 'pat-1', 'tool_completed', 'Eleanor', spoolDraft(0).id])
      assert.ok(!kept.includes(word))
    assert.equal(statSync(place.spool).mode & 0o777, 0o700)
    for (const name of filesIn(place.spool)) assert.equal(statSync(join(place.spool, name)).mode & 0o777, 0o600)
  })
})

describe('recorded before', () => {
  test('what was recorded before it was put is acknowledged, and not recorded again', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    for (const i of [0, 1]) await ledger.append(spoolDraft(i))
    for (const i of [0, 1]) await spool.put(spoolDraft(i))
    assert.deepEqual(await spool.forward(), { ...NOTHING, duplicates: 2 })
    assert.deepEqual(await numbersIn(ledger), [0, 1])
  })

  test('what was recorded before it was cleaned is neither recorded again nor a conflict', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await using spool = await openSpool({ folder: place.spool, ledger })
    await ledger.append(spoolDraft(2))
    await spool.put(spoolDraft(2))
    assert.deepEqual(await spool.forward(), { ...NOTHING, duplicates: 1 })
    assert.deepEqual(
      (await recordsIn(ledger)).map(({ action }) => action),
      ['tool_completed'],
    )
  })

  test('what a process recorded before it died, and could not let go of, is recorded once', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    const first = await openSpool({ folder: place.spool, ledger: failingFrom(ledger, 3) })
    for (let i = 0; i < 6; i++) await first.put(spoolDraft(i))
    await assert.rejects(first.forward(), { code: 'not-committed' })
    assert.equal(first.waiting(), 3)
    await first.close()
    await using again = await openSpool({ folder: place.spool, ledger })
    assert.equal(again.waiting(), 6)
    assert.deepEqual(await again.forward(), { ...NOTHING, recorded: 3, duplicates: 3 })
    assert.deepEqual(await numbersIn(ledger), [0, 1, 2, 3, 4, 5])
  })
})

describe('a ledger that fails', () => {
  for (const code of ['not-committed', 'outcome-unknown', 'queue-full', 'store-unavailable'] as const) {
    test(`a ledger that fails keeps what waits, and takes it later: ${code}`, async () => {
      const place = freshPlace()
      await using ledger = await openQuiet(place)
      let from = 2
      const failing = { ...ledger, append: (draft: Draft) => failingFrom(ledger, from--, code).append(draft) }
      await using spool = await openSpool({ folder: place.spool, ledger: failing })
      for (let i = 0; i < 5; i++) await spool.put(spoolDraft(i))
      await assert.rejects(spool.forward(), { code })
      assert.equal(spool.waiting(), 3)
      await assert.rejects(spool.forward(), { code })
      assert.equal(spool.waiting(), 3)
      await spool.put(spoolDraft(5))
      from = Number.POSITIVE_INFINITY
      assert.deepEqual(await spool.forward(), { ...NOTHING, recorded: 4 })
      assert.deepEqual(await numbersIn(ledger), [0, 1, 2, 3, 4, 5])
    })
  }

  test('a ledger that is closed takes nothing, and nothing is lost', async () => {
    const place = freshPlace()
    const ledger = await openQuiet(place)
    const spool = await openSpool({ folder: place.spool, ledger })
    await ledger.close()
    await spool.put(spoolDraft(0))
    await assert.rejects(spool.forward(), { code: 'ledger-closed' })
    await spool.close()
    await using reopened = await openQuiet(place)
    await using again = await openSpool({ folder: place.spool, ledger: reopened })
    await again.forward()
    assert.deepEqual(await numbersIn(reopened), [0])
  })
})

describe('a draft that the ledger refuses', () => {
  test('blocks none behind it, and is kept with the reason', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    await ledger.append({ ...spoolDraft(0), outcome: 'error' })
    await using spool = await openSpool({ folder: place.spool, ledger })
    for (const i of [0, 1, 2]) await spool.put(spoolDraft(i))
    assert.deepEqual(await spool.forward(), { ...NOTHING, recorded: 2, refused: [1] })
    assert.deepEqual(filesIn(place.spool), ['000000000001.refused'])
    const kept = readFileSync(join(place.spool, '000000000001.refused'), 'utf8')
    assert.match(
      kept,
      new RegExp(`^affidavit refused draft v1\\n(.+\\n)+number 1\\nid ${spoolDraft(0).id}\\ncode id-conflict\\n`),
    )
    assert.ok(!kept.includes('agent-1'))
    assert.equal(spool.waiting(), 0)
    assert.ok(spool.size().bytes > 0, 'it takes room')
    assert.deepEqual(await spool.forward(), NOTHING)
  })

  test('numbers go on behind it, so that no other takes its file', async () => {
    const place = freshPlace()
    await using ledger = await openQuiet(place)
    for (const i of [0, 1, 2]) await ledger.append({ ...spoolDraft(i), outcome: 'error' })
    for (const i of [0, 1]) {
      await using spool = await openSpool({ folder: place.spool, ledger })
      await spool.put(spoolDraft(i))
      await spool.forward()
    }
    assert.deepEqual(filesIn(place.spool), ['000000000001.refused', '000000000002.refused'])
  })
})

describe('room', () => {
  test('a draft that has no room is refused, what waits stays, and there is room again when it is forwarded', async () => {
    const folder = join(root, String(places++))
    const ledger = memoryLedger()
    await using spool = await openSpool({ folder, ledger, maxBytes: 20_000 })
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => spool.put(spoolDraft(i))))
    const refused = outcomes.filter((one) => one.status === 'rejected')
    assert.ok(refused.length > 0 && refused.length < 40)
    for (const { reason } of refused) assert.equal(reason.code, 'spool-full')
    assert.equal(spool.waiting(), 40 - refused.length)
    assert.ok(bytesIn(folder).length <= 20_000)
    await spool.forward()
    assert.deepEqual(
      numbersOf(ledger),
      outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : [])),
    )
    await spool.put(spoolDraft(50))
  })

  test('what is there when a spool is opened takes room', async () => {
    const folder = join(root, String(places++))
    const ledger = memoryLedger()
    const first = await openSpool({ folder, ledger })
    for (let i = 0; i < 10; i++) await first.put(spoolDraft(i))
    const { bytes } = first.size()
    await first.close()
    await using spool = await openSpool({ folder, ledger, maxBytes: bytes })
    assert.equal(spool.size().bytes, bytes)
    await assert.rejects(spool.put(spoolDraft(10)), { code: 'spool-full' })
    await spool.forward()
    await spool.put(spoolDraft(10))
  })

  test('a size that is none is refused', async () => {
    const ledger = memoryLedger()
    for (const maxBytes of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(openSpool({ folder: join(root, 'none'), ledger, maxBytes }), { code: 'invalid-query' })
    }
  })
})

describe('what was damaged', () => {
  /** A spool with three groups of three drafts, closed. */
  async function spooled(folder: string, segments = 1): Promise<void> {
    const ledger = memoryLedger()
    for (let segment = 0; segment < segments; segment++) {
      await using spool = await openSpool({ folder, ledger })
      for (let i = 0; i < 3; i++) await spool.put(spoolDraft(3 * segment + i))
    }
  }

  function alter(folder: string, name: string, change: (bytes: Buffer) => Uint8Array): void {
    const path = join(folder, name)
    writeFileSync(path, change(readFileSync(path)))
  }

  async function forwarded(folder: string) {
    const ledger = memoryLedger()
    await using spool = await openSpool({ folder, ledger })
    const told = await spool.forward()
    return { told, recorded: numbersOf(ledger), files: filesIn(folder) }
  }

  test('a draft that was damaged is named, those behind it are forwarded, and its file is kept', async () => {
    const folder = join(root, String(places++))
    await spooled(folder)
    alter(folder, '000000000001.spool', (bytes) => {
      bytes[bytes.indexOf('\n\n') + 100] = 1
      return bytes
    })
    assert.deepEqual(await forwarded(folder), {
      told: { ...NOTHING, recorded: 2, unreadable: [1] },
      recorded: [1, 2],
      files: ['000000000001-000000000003.damaged'],
    })
    assert.deepEqual((await forwarded(folder)).told, NOTHING)
  })

  test('a file whose header was damaged, or that is in the place of another', async () => {
    const folder = join(root, String(places++))
    await spooled(folder, 3)
    alter(folder, '000000000001.spool', (bytes) =>
      Buffer.from(bytes.toString('latin1').replace('since 2', 'since 3'), 'latin1'),
    )
    const [a, b] = ['000000000004.spool', '000000000007.spool'].map((name) => join(folder, name))
    renameSync(String(b), `${a}.other`)
    renameSync(String(a), String(b))
    renameSync(`${a}.other`, String(a))
    const { told, recorded, files } = await forwarded(folder)
    assert.deepEqual([told.unreadable, recorded], [[1, 2, 3, 4, 5, 6, 7], []])
    assert.equal(files.length, 3)
  })

  test('a file that is missing between two others: its drafts are named, and what is left is kept', async () => {
    const folder = join(root, String(places++))
    await spooled(folder, 3)
    rmSync(join(folder, '000000000004.spool'))
    assert.deepEqual(await forwarded(folder), {
      told: { ...NOTHING, recorded: 6, unreadable: [4, 5, 6] },
      recorded: [0, 1, 2, 6, 7, 8],
      files: ['000000000001-000000000006.damaged'],
    })
  })

  test('a file that somebody takes away while it is in use: its drafts are named, and nothing waits for it', async () => {
    const folder = join(root, String(places++))
    const ledger = memoryLedger()
    await using spool = await openSpool({ folder, ledger })
    await spool.put(spoolDraft(0))
    rmSync(join(folder, '000000000001.spool'))
    await spool.put(spoolDraft(1))
    assert.deepEqual(await spool.forward(), { ...NOTHING, unreadable: [1, 2] })
    await spool.put(spoolDraft(2))
    assert.deepEqual(await spool.forward(), { ...NOTHING, recorded: 1 })
  })

  test('a file that ends too early, and is not the newest', async () => {
    const folder = join(root, String(places++))
    await spooled(folder, 2)
    alter(folder, '000000000001.spool', (bytes) => bytes.subarray(0, bytes.length - 60))
    const { told, recorded } = await forwarded(folder)
    assert.deepEqual([told.unreadable, recorded], [[3], [0, 1, 3, 4, 5]])
  })
})

describe('a folder', () => {
  test('a second process, or a second spool of this one, is refused; afterwards it is not', async () => {
    const folder = join(root, String(places++))
    const ledger = memoryLedger()
    const spool = await openSpool({ folder, ledger })
    await assert.rejects(openSpool({ folder, ledger }), (error) => {
      assert.ok(error instanceof LedgerError && error.code === 'spool-unavailable')
      assert.match(error.message, new RegExp(`held by process ${process.pid} on .*a folder of its own`))
      return true
    })
    await spool.put(spoolDraft(0))
    await spool.close()
    await assert.rejects(spool.put(spoolDraft(1)), { code: 'spool-unavailable' })
    await assert.rejects(spool.forward(), { code: 'spool-unavailable' })
    await using again = await openSpool({ folder, ledger })
    assert.equal(again.waiting(), 1)
  })

  test('a folder of another ledger, of other keys, or of a newer version is refused, and left as it is', async () => {
    const folder = join(root, String(places++))
    const ledger = memoryLedger()
    const spool = await openSpool({ folder, ledger })
    await spool.put(spoolDraft(0))
    await spool.close()
    const before = bytesIn(folder)
    const random = createRandomSource()
    for (const [origin, digit, code] of [
      ['elsewhere.example/agents/0123456789abcdef', 'spool', 'invalid-origin'],
      ['spool.example/agents/0123456789abcdef', 'other', 'wrong-key'],
    ] as const) {
      const digestKey = createSecretKey(Buffer.alloc(32, digit))
      const other = { ...ledger, spooling: createSpooling(origin, { digestKey }, random) }
      await assert.rejects(openSpool({ folder, ledger: other }), { code })
      assert.ok(bytesIn(folder).equals(before))
    }
    const later = join(folder, '000000000002.spool')
    writeFileSync(later, 'affidavit spool v2\n')
    await assert.rejects(openSpool({ folder, ledger }), { code: 'newer-format' })
    assert.equal(readFileSync(later, 'utf8'), 'affidavit spool v2\n')
    rmSync(later)
    await using again = await openSpool({ folder, ledger })
    assert.equal(again.waiting(), 1)
  })

  test('that cannot be one is refused', async () => {
    const ledger = memoryLedger()
    const file = join(root, 'a-file')
    writeFileSync(file, '')
    await assert.rejects(openSpool({ folder: file, ledger }), { code: 'spool-unavailable' })
    const locked = join(root, 'no-lock')
    mkdirSync(locked)
    writeFileSync(join(locked, 'lock'), 'this is no lock of ours, and long enough to be looked at'.repeat(30))
    await assert.rejects(openSpool({ folder: locked, ledger }), { code: 'spool-unavailable' })
    assert.deepEqual(readdirSync(locked), ['lock'])
  })
})

function numbersOf({ recorded }: MemoryLedger): number[] {
  return [...recorded.keys()].map((id) => Number(id.slice(-12)))
}
