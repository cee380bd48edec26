// Records out of the database, and back (spec/archive.md §4, §5): never the only copy, never early, never under a hold.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import { archiveRecords } from '../src/archive/archive-records.ts'
import type { Archiving } from '../src/archive/archiving.ts'
import { readDue } from '../src/archive/due.ts'
import { extendLocks } from '../src/archive/extend-locks.ts'
import type { ObjectStore } from '../src/archive/object-store.ts'
import { createArchiveReader } from '../src/archive/reader.ts'
import { type Removed, removeArchived } from '../src/archive/remove.ts'
import { restoreRecords } from '../src/archive/restore.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import { isStub } from '../src/formats/stub.ts'
import type { ArchiveReader } from '../src/ledger/archive-reader.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { parseRetentionSet } from '../src/retention/parse.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import type { FixedClock } from '../src/testing/fixed-clock.ts'
import { Killed, type MemoryObjects, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { type ObjectOperation, objectFaults } from '../src/testing/object-faults.ts'
import { all, archiveFolder, makeClinic } from './archived-clinic.ts'
import { QUIET, said } from './erasure-clinic.ts'

const home = archiveFolder('archive-leave')
const set = builtInSet()
const by = { actor_id: 'officer' }
const DAY = 86_400_000
const ACCESS = 'affidavit_access: 1\nrevision: test\npeople: { officer: { roles: [records_officer] } }\n'

interface Story {
  readonly folder: string
  readonly clock: FixedClock
  readonly ledger: Ledger
  readonly kept: MemoryObjects
  readonly objects: ObjectStore
}

/** Eight records of a conversation each for six years, and two that no policy knows. */
async function tell(name: string, more: Partial<Draft> = {}): Promise<Story> {
  const { folder, clock } = await makeClinic(join(home, name))
  const kept: MemoryObjects = new Map()
  const objects = memoryObjectStore(kept, clock)
  let reader: ArchiveReader | undefined
  const archive: ArchiveReader = {
    entries: (places) => (reader ?? assert.fail()).entries(places),
    chunks: (place, blob_id) => (reader ?? assert.fail()).chunks(place, blob_id),
  }
  const access = parseAccessPolicy(ACCESS, 'yaml', 'access.yaml')
  const ledger = await openFolder(folder, { clock, publish: QUIET, archiveReader: archive, access })
  reader = createArchiveReader({ objects, ledger: ledger.origin, keyring: ledger.archival.keyring })
  for (let i = 0; i < 10; i++) {
    const domains = i < 8 ? { compliance_domains: ['hipaa' as const] } : {}
    await ledger.append(
      said(`message ${i} `.repeat(i === 3 ? 20_000 : 2), { conversation_id: `c-${i % 2}`, ...domains, ...more }),
    )
  }
  await run(ledger, objects)
  return { folder, clock, ledger, kept, objects }
}

async function parts(ledger: Ledger, objects: ObjectStore): Promise<Archiving> {
  const { archival } = ledger
  const dueOf = await readDue(archival.store, archival.ledger, { set, at: archival.now() })
  return { ...archival, objects, dueOf }
}

async function run(ledger: Ledger, objects: ObjectStore): Promise<void> {
  await ledger.publish()
  await all(archiveRecords(await parts(ledger, objects)))
}

async function remove({ ledger }: Story, objects: ObjectStore): Promise<readonly Removed[]> {
  return all(removeArchived(await parts(ledger, objects), { set, by, mode: 'run', publish: () => ledger.publish() }))
}

async function stubs({ rows, ledger }: Ledger['archival']): Promise<number[]> {
  const stored = await rows.entries(ledger, {}, { limit: 1_000, order: 'ascending' })
  return stored.flatMap(({ seq, entry }) => (isStub(entry) ? [seq] : []))
}

async function bytesOf(ledger: Ledger): Promise<string[]> {
  return (await all(ledger.entries({ until_seq: 12 }))).map(({ entry }) => Buffer.from(entry).toString('latin1'))
}

/** The oldest of those for six years. */
async function reclassify(ledger: Ledger, retention_class: string): Promise<void> {
  const [one] = await all(ledger.search({ from_seq: 2, until_seq: 3 }))
  await ledger.append({
    action: 'record_reclassified',
    actor_id: 'kim',
    actor_type: 'user',
    parent_id: one?.id ?? assert.fail(),
    details: { data_classification: 'internal', retention_class, reason: 'audit' },
  })
}

/** Behind entry 0 and the record about the access policy. */
const HIPAA = [2, 3, 4, 5, 6, 7, 8, 9]

test('what has to be at hand stays, then leaves, is read as before, and comes back byte for byte', async () => {
  const story = await tell('whole')
  await using ledger = story.ledger
  const before = await bytesOf(ledger)
  assert.deepEqual(await remove(story, story.objects), [])
  story.clock.pass(91 * DAY)
  const removed = await remove(story, story.objects)
  assert.deepEqual(
    removed.map(({ state, records }) => [state, records]),
    [['removed', 8]],
  )
  assert.deepEqual(await stubs(ledger.archival), HIPAA)
  assert.deepEqual(await bytesOf(ledger), before)
  const [decision] = await all(ledger.search({ action: 'records_archived' }, { order: 'descending', limit: 1 }))
  assert.deepEqual(
    [decision?.actor_id === 'affidavit', decision?.details?.phase, decision?.details?.seqs],
    [false, 'leaving', '2-9'],
  )

  assert.deepEqual(await all(restoreRecords(ledger.archival, { conversation_id: 'c-1' }, by)), [4])
  assert.deepEqual(await stubs(ledger.archival), [2, 4, 6, 8])
  assert.deepEqual(await bytesOf(ledger), before)
  assert.deepEqual(await all(restoreRecords(ledger.archival, {}, by)), [4])
  assert.deepEqual(await stubs(ledger.archival), [])
  assert.deepEqual(await all(restoreRecords(ledger.archival, {}, by)), [])
  assert.equal((await all(ledger.search({ action: 'records_restored' }))).length, 2)
  assert.deepEqual(await bytesOf(ledger), before)
})

test('what was restored stays in the database for as many days as were said, then leaves again', async () => {
  const story = await tell('restored')
  await using ledger = story.ledger
  story.clock.pass(91 * DAY)
  assert.equal((await remove(story, story.objects)).length, 1)
  await all(restoreRecords(ledger.archival, { conversation_id: 'c-1' }, by, 30))
  await all(restoreRecords(ledger.archival, { from_seq: 2, until_seq: 3 }, by))
  assert.deepEqual(await stubs(ledger.archival), [4, 6, 8])
  assert.deepEqual(await remove(story, story.objects), [])
  story.clock.pass(30 * DAY)
  const [again] = await remove(story, story.objects)
  assert.deepEqual([again?.state, again?.records], ['removed', 4])
  assert.deepEqual(await stubs(ledger.archival), [3, 4, 5, 6, 7, 8, 9])
  story.clock.pass(60 * DAY)
  assert.equal((await remove(story, story.objects)).length, 1)
  assert.deepEqual(await stubs(ledger.archival), HIPAA)
})

for (const [name, spoil] of [
  [
    'no lock is proven',
    ({ kept, clock }) => memoryObjectStore(kept, clock, objectFaults(), { lock: 'none', because: 'the test said so' }),
  ],
  ['the object has other bytes', ({ kept, objects }) => altered(kept, '.seg', objects)],
  ['the manifest has other bytes', ({ kept, objects }) => altered(kept, '.note', objects)],
  ['the object is gone', ({ kept, objects }) => gone(kept, objects)],
  ['a lock ends earlier, and is not extended', ({ kept, clock }) => unlocked(kept, clock)],
] as const satisfies readonly (readonly [string, (story: Story) => ObjectStore])[]) {
  test(`nothing leaves where ${name}, and it is said why`, async () => {
    const story = await tell(name.replaceAll(/[^a-z]+/g, '-'))
    await using ledger = story.ledger
    story.clock.pass(91 * DAY)
    const objects = spoil(story)
    for (const one of await remove(story, objects)) assert.equal(one.state, 'refused', JSON.stringify(one))
    assert.deepEqual(await stubs(ledger.archival), [])
    assert.equal((await remove(story, objects)).length, 1)
  })
}

test('by a clock that is ahead of the source of time nothing leaves: what has not passed would leave without a lock', async () => {
  const story = await tell('ahead')
  await using ledger = story.ledger
  const truth = story.clock.now()
  story.clock.pass(7 * 366 * DAY)
  const timeSource = { where: 'https://time.example', read: async () => ({ at: truth, uncertainty_millis: 500 }) }
  await using again = await openFolder(story.folder, { clock: story.clock, publish: QUIET, timeSource })
  const [refused] = await remove({ ...story, ledger: again }, story.objects)
  assert.ok(refused?.state === 'refused', JSON.stringify(refused))
  assert.match(refused.because, /may be ahead of https:\/\/time\.example/)
  assert.deepEqual(await stubs(ledger.archival), [])
})

function altered(kept: MemoryObjects, end: string, objects: ObjectStore): ObjectStore {
  for (const [key, object] of kept)
    if (key.endsWith(end))
      kept.set(key, { ...object, bytes: object.bytes.map((byte, i) => (i === 30 ? byte ^ 1 : byte)) })
  return objects
}

function gone(kept: MemoryObjects, objects: ObjectStore): ObjectStore {
  for (const key of [...kept.keys()]) if (key.endsWith('.seg')) kept.delete(key)
  return objects
}

function unlocked(kept: MemoryObjects, clock: FixedClock): ObjectStore {
  for (const [key, { bytes }] of kept) kept.set(key, { bytes })
  const faults = objectFaults()
  faults.break('extendLock', ...Array(100).fill('lock-lied'))
  return memoryObjectStore(kept, clock, faults)
}

test('whatever fails or ends the process on the way out, a row is exchanged only for a copy that opens', async () => {
  const story = await tell('faults')
  await using ledger = story.ledger
  const before = await bytesOf(ledger)
  story.clock.pass(91 * DAY)
  for (const operation of ['lockProof', 'get', 'stat', 'extendLock'] as const satisfies readonly ObjectOperation[]) {
    for (const fault of ['down', 'lied', 'other-bytes', 'killed-before', 'killed-after'] as const) {
      for (let number = 0; number < 6; number++) {
        const faults = objectFaults()
        faults.break(operation, ...Array(number).fill(undefined), fault)
        await remove(story, memoryObjectStore(story.kept, story.clock, faults)).catch((error: unknown) => {
          if (!(error instanceof Killed || error instanceof LedgerError)) throw error
        })
        assert.deepEqual(await bytesOf(ledger), before)
        await all(restoreRecords(ledger.archival, {}, by))
      }
    }
  }
})

test('what a hold binds stays, and what is recorded meanwhile that may bind it has it judged anew', async () => {
  const story = await tell('held')
  await using ledger = story.ledger
  story.clock.pass(91 * DAY)
  const { objects } = story
  const hold = { matter: 'claim 7', reason: 'litigation', custodian: 'kim', conversation_id: 'c-1' }
  await ledger.holding(by).place(hold)
  const overtaking = removeArchived(await parts(ledger, objects), {
    set,
    by,
    mode: 'run',
    publish: async () => {
      await ledger.append({
        action: 'subject_linked',
        actor_id: 'kim',
        actor_type: 'user',
        subject_ids: ['ada', 'eve'],
        details: { reason: 'request' },
      })
      return ledger.publish()
    },
  })
  const [overtaken] = await all(overtaking)
  assert.match(JSON.stringify(overtaken), /judged anew/)
  assert.deepEqual(await stubs(ledger.archival), [])
  await remove(story, objects)
  assert.deepEqual(await stubs(ledger.archival), [2, 4, 6, 8])
})

test('a hold is placed at once though the archive cannot be read, and binds what is there', async () => {
  const story = await tell('hold-away')
  story.clock.pass(91 * DAY)
  await remove(story, story.objects)
  await all(restoreRecords(story.ledger.archival, { from_seq: 3, until_seq: 4 }, by))
  const access = parseAccessPolicy(ACCESS, 'yaml', 'access.yaml')
  await using away = await openFolder(join(home, 'hold-away'), { clock: story.clock, publish: QUIET, access })
  const hold = { matter: 'claim 7', reason: 'litigation', custodian: 'kim' }
  const placed = await away.holding(by).place({ ...hold, conversation_id: 'c-1' })
  assert.equal(placed.records, 'not counted')
  await assert.rejects(away.holding(by).place({ ...hold, conversation_id: 'c-9' }), { code: 'not-found' })
  await using ledger = story.ledger
  await remove(story, story.objects)
  assert.deepEqual(await stubs(ledger.archival), [2, 4, 5, 6, 7, 8, 9])
})

test('a trial says what would leave, and changes nothing', async () => {
  const story = await tell('trial')
  await using ledger = story.ledger
  story.clock.pass(91 * DAY)
  const size = (await ledger.health()).size
  const trial = removeArchived(await parts(ledger, story.objects), {
    set,
    by,
    mode: 'trial',
    publish: () => assert.fail(),
  })
  assert.deepEqual(
    (await all(trial)).map(({ state, records }) => [state, records]),
    [['would be removed', 8]],
  )
  assert.deepEqual([await stubs(ledger.archival), (await ledger.health()).size], [[], size])
})

test('a lock is extended where the minimum grew, on record, and not looked at again without a reason', async () => {
  const story = await tell('grown')
  await using ledger = story.ledger
  const ends = (): Set<number | undefined> =>
    new Set([...story.kept].flatMap(([key, { locked_until }]) => (key.startsWith('segments/') ? [locked_until] : [])))
  const first = Math.max(...[...ends()].map((end) => end ?? 0))
  assert.deepEqual(await extendLocks(await parts(ledger, story.objects), set), { extended: 0, short: 0 })
  await reclassify(ledger, 'financial')
  const extended = await extendLocks(await parts(ledger, story.objects), set)
  assert.equal(extended.extended, 1, JSON.stringify(extended))
  assert.ok(Math.max(...[...ends()].map((end) => end ?? 0)) > first)
  const size = (await ledger.health()).size
  assert.deepEqual(await extendLocks(await parts(ledger, story.objects), set), { extended: 0, short: 0 })
  assert.equal((await ledger.health()).size, size)
})

test('what was archived when its minimum had passed leaves without a lock, for nothing asks for one any more', async () => {
  const story = await tell('late')
  await using ledger = story.ledger
  await ledger.append(said('a letter', { compliance_domains: ['hipaa'] }))
  const { seq } = await ledger.append(said('another', { compliance_domains: ['hipaa'] }))
  story.clock.pass(7 * 366 * DAY)
  await run(ledger, story.objects)
  assert.deepEqual(await extendLocks(await parts(ledger, story.objects), set), { extended: 0, short: 0 })
  const states = (await remove(story, story.objects)).map(({ state }) => state)
  assert.deepEqual(states, ['removed', 'removed'])
  assert.deepEqual(await stubs(ledger.archival), [...HIPAA, seq - 1, seq])
})

test('a lock that could not be extended is tried again until it is, and that is on record once', async () => {
  const story = await tell('short')
  await using ledger = story.ledger
  await reclassify(ledger, 'financial')
  const refusing = objectFaults()
  refusing.break('extendLock', ...Array(20).fill('lock-refused'))
  const short = await extendLocks(await parts(ledger, memoryObjectStore(story.kept, story.clock, refusing)), set)
  assert.deepEqual(short, { extended: 0, short: 1 })
  assert.deepEqual(await extendLocks(await parts(ledger, story.objects), set), { extended: 1, short: 0 })
  const size = (await ledger.health()).size
  assert.deepEqual(await extendLocks(await parts(ledger, story.objects), set), { extended: 0, short: 0 })
  assert.equal((await ledger.health()).size, size)
})

test('a lock follows the minimum that a version has once it is replaced', async () => {
  const text = `
version: 1
revision: prompts
policies:
  - id: prompts
    title: Prompts
    applies_to: [{ actions: [prompt_changed] }]
    minimum: { value: 10, unit: calendar_years, anchors: [last_in_effect] }
`
  const prompts = parseRetentionSet(text, 'yaml', 'retention.yaml')
  const { folder, clock } = await makeClinic(join(home, 'versions'))
  const kept: MemoryObjects = new Map()
  const objects = memoryObjectStore(kept, clock)
  await using ledger = await openFolder(folder, { clock, publish: QUIET, retention: prompts })
  const changed: Draft = {
    action: 'prompt_changed',
    actor_id: 'kim',
    actor_type: 'user',
    resource_type: 'prompt',
    resource_id: 'triage',
  }
  await ledger.append(changed)
  await ledger.publish()
  const { archival } = ledger
  const archiving = async (): Promise<Archiving> => ({
    ...archival,
    objects,
    dueOf: await readDue(archival.store, archival.ledger, { set: prompts, at: archival.now() }),
  })
  await all(archiveRecords(await archiving()))
  await extendLocks(await archiving(), prompts)
  clock.pass(DAY)
  await ledger.append(changed)
  assert.deepEqual(await extendLocks(await archiving(), prompts), { extended: 1, short: 0 })
  const ends = [...kept.values()].map(({ locked_until }) => locked_until ?? 0)
  assert.ok(Math.max(...ends) > clock.now() + 3_650 * DAY)
  assert.deepEqual(await extendLocks(await archiving(), prompts), { extended: 0, short: 0 })
})
