// Which equal body is kept already, against a real store (spec/sealing.md Z21).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { LedgerError } from '../errors/ledger-error.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { samples } from '../testing/sample-drafts.ts'
import { createEqualBodies, type EqualBodies } from './equal-bodies.ts'
import type { LedgerStore, Placed, PreparedDraft, SealedPayload } from './store.ts'

const LEDGER = 'clinic.example/ward'
const { prepare, batch } = samples(LEDGER)
const root = mkdtempSync(join(tmpdir(), 'affidavit-equal-bodies-'))
after(() => rmSync(root, { recursive: true, force: true }))

let made = 0

function payload(n: number): SealedPayload {
  const digits = String(n).padStart(20, '0')
  return {
    blob_id: `000000000000${digits}`,
    body_digest: digits.padStart(64, 'd'),
    content_key: new Uint8Array(79),
    sealed: new Uint8Array(2_000),
  }
}

function say(conversation_id: string | undefined, n: number): PreparedDraft {
  const draft = prepare(conversation_id === undefined ? {} : { conversation_id })
  return { ...draft, payloads: [{ state: 'sealed', ...payload(n) }] }
}

function placedFrom(seq: number, count: number): readonly Placed[] {
  return Array.from({ length: count }, (_, i) => ({
    state: 'recorded',
    seq: seq + i,
    integrity_hash: '0'.repeat(64),
    recorded_at: '2026-11-21T09:30:00.000Z',
  }))
}

interface Process {
  readonly store: LedgerStore
  readonly bodies: EqualBodies
  commit(...drafts: readonly PreparedDraft[]): Promise<readonly Placed[]>
  /** What is found for the payload numbered `n`, and whether nobody had to be asked. */
  find(conversation: string, n: number): Promise<readonly [blob: 'found' | 'nothing', asked: 'asked' | 'at hand']>
}

/** As many processes as wanted, at one new ledger. */
async function processes<const Count extends 1 | 2>(
  count: Count,
): Promise<{ readonly all: readonly Process[]; readonly [Symbol.asyncDispose]: () => Promise<void> }> {
  const path = join(root, `${++made}.db`)
  const stores = Array.from({ length: count }, () => sqliteStore(path))
  await stores[0]?.create(LEDGER)
  const all = stores.map((store): Process => {
    const bodies = createEqualBodies(store, LEDGER)
    return {
      store,
      bodies,
      async commit(...drafts) {
        const placed = await store.commit(batch(drafts))
        bodies.committed(drafts, placed)
        return placed
      },
      async find(conversation, n) {
        const { blob_id, body_digest } = payload(n)
        const found = bodies.find(conversation, body_digest)
        const blob = await found
        assert.ok(blob === undefined || blob === blob_id)
        return [blob === undefined ? 'nothing' : 'found', found instanceof Promise ? 'asked' : 'at hand']
      },
    }
  })
  return {
    all,
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) await store.close()
    },
  }
}

test('a conversation is asked for once, and what this process commits is at hand afterwards', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  await one.commit(say('c', 1), say('d', 2))
  assert.deepEqual(await one.find('c', 1), ['found', 'asked'])
  assert.deepEqual(await one.find('c', 1), ['found', 'at hand'])
  assert.deepEqual(await one.find('c', 2), ['nothing', 'at hand'])
  await one.commit(say('c', 3))
  assert.deepEqual(await one.find('c', 3), ['found', 'at hand'])
  assert.deepEqual(await one.find('d', 2), ['found', 'asked'])
})

test('outside of conversations a body is found among the newest of the ledger', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  await one.commit(say(undefined, 1))
  assert.deepEqual(await one.find('', 1), ['found', 'asked'])
  await one.commit(say(undefined, 2))
  assert.deepEqual(await one.find('', 2), ['found', 'at hand'])
})

test('what another process committed is found as soon as a record of this one shows that somebody did', async () => {
  await using clinic = await processes(2)
  const [one = assert.fail(), two = assert.fail()] = clinic.all
  await one.commit(say('c', 1))
  assert.deepEqual(await one.find('c', 1), ['found', 'asked'])
  await two.commit(say('c', 2), say('c', 3))
  assert.deepEqual(await one.find('c', 2), ['nothing', 'at hand'])
  await one.commit(say('d', 4))
  assert.deepEqual(await one.find('c', 2), ['found', 'asked'])
  assert.deepEqual(await one.find('c', 3), ['found', 'at hand'])
  assert.deepEqual(await one.find('c', 1), ['found', 'at hand'])
  assert.deepEqual(await two.find('d', 4), ['found', 'asked'])
})

test('what another process committed between two records of this one is asked for, though later ones were told', async () => {
  await using clinic = await processes(2)
  const [one = assert.fail(), two = assert.fail()] = clinic.all
  await one.commit(say('c', 1))
  await one.find('c', 1)
  await two.commit(say('c', 2))
  await one.commit(say('c', 3))
  assert.deepEqual(await one.find('c', 2), ['found', 'asked'])
})

test('what was committed while its conversation was asked for is at hand too', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  await one.commit(say('c', 1))
  const store: Pick<LedgerStore, 'keptBodies'> = {
    keptBodies: async (ledger, wanted) => {
      const told = await one.store.keptBodies(ledger, wanted)
      const drafts = [say('c', 2)]
      bodies.committed(drafts, await one.store.commit(batch(drafts)))
      return told
    },
  }
  const bodies = createEqualBodies(store, LEDGER)
  await bodies.find('c', payload(1).body_digest)
  assert.equal(await bodies.find('c', payload(2).body_digest), payload(2).blob_id)
})

test('what others commit while the store is asked is asked for, from what was told on', async () => {
  await using clinic = await processes(2)
  const [one = assert.fail(), two = assert.fail()] = clinic.all
  await one.commit(say('c', 1))
  const from: number[] = []
  const store: Pick<LedgerStore, 'keptBodies'> = {
    keptBodies: async (ledger, wanted) => {
      from.push(...wanted.map(({ from_seq }) => from_seq))
      const told = await one.store.keptBodies(ledger, wanted)
      if (from.length > 1) return told
      await two.commit(say('c', 2))
      const drafts = [say('d', 3)]
      bodies.committed(drafts, await one.store.commit(batch(drafts)))
      return told
    },
  }
  const bodies = createEqualBodies(store, LEDGER)
  assert.equal(await bodies.find('c', payload(2).body_digest), undefined)
  assert.equal(await bodies.find('c', payload(2).body_digest), payload(2).blob_id)
  assert.deepEqual(from, [0, 1])
})

test('what is not recorded is not remembered: a retry and a conflict bring no payload', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  const first = say('c', 1)
  await one.commit(first)
  await one.find('c', 1)
  const again = { ...first, payloads: [{ state: 'sealed', ...payload(2) } as const] }
  const other = { ...again, draft_commitment: 'f'.repeat(64), payloads: [{ state: 'sealed', ...payload(3) } as const] }
  const placed = await one.commit(again, other)
  assert.deepEqual(
    placed.map(({ state }) => state),
    ['duplicate', 'conflict'],
  )
  assert.deepEqual(await one.find('c', 2), ['nothing', 'at hand'])
  assert.deepEqual(await one.find('c', 3), ['nothing', 'at hand'])
})

test('a store that fails is asked again', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  await one.commit(say('c', 1))
  let failures = 1
  const failing: Pick<LedgerStore, 'keptBodies'> = {
    keptBodies: (ledger, wanted) =>
      failures-- > 0 ? Promise.reject(new Error('a test')) : one.store.keptBodies(ledger, wanted),
  }
  const bodies = createEqualBodies(failing, LEDGER)
  await assert.rejects(async () => bodies.find('c', payload(1).body_digest), { message: 'a test' })
  assert.equal(await bodies.find('c', payload(1).body_digest), payload(1).blob_id)
})

test('what is damaged is found by nobody, and what is committed afterwards is', async () => {
  const damaged: Pick<LedgerStore, 'keptBodies'> = {
    keptBodies: () => Promise.reject(new LedgerError('store-corrupt', { problem: 'a test', cure: 'none' })),
  }
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  const bodies = createEqualBodies(damaged, LEDGER)
  assert.equal(await bodies.find('c', payload(1).body_digest), undefined)
  const drafts = [say('c', 1)]
  bodies.committed(drafts, await one.store.commit(batch(drafts)))
  assert.equal(bodies.find('c', payload(1).body_digest), payload(1).blob_id)
})

test('beyond what is kept at hand everything is asked for anew, and found by all who ask at the time', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  await one.commit(say('c', 1))
  await one.find('c', 1)
  const empty = Array.from({ length: 20_001 }, (_, i) => one.bodies.find(`empty-${i}`, payload(1).body_digest))
  const late = one.bodies.find('c', payload(1).body_digest)
  await Promise.all(empty)
  assert.equal(await late, payload(1).blob_id)
  assert.deepEqual(await one.find('c', 1), ['found', 'asked'])
  assert.deepEqual(await one.find('c', 1), ['found', 'at hand'])
})

test('a conversation that never ends is not at hand as a whole, and what is said again and again is there once', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  const again = Array.from({ length: 512 }, () => say('c', 1))
  await one.commit(...again)
  await one.find('c', 1)
  const { blob_id, body_digest } = payload(1)
  const said = { state: 'kept', blob_id, body_digest } as const
  const fifty = Array.from({ length: 400 }, () => ({
    ...say('c', 1),
    payloads: Array.from({ length: 51 }, () => said),
  }))
  one.bodies.committed(fifty, placedFrom(512, fifty.length))
  assert.deepEqual(await one.find('c', 1), ['found', 'at hand'])
  const other = Array.from({ length: 20_001 }, (_, i) => say('c', i + 2))
  one.bodies.committed(other, placedFrom(912, other.length))
  assert.deepEqual(await one.find('c', 1), ['found', 'asked'])
})

test('a body that left the database is named no more once a batch was refused for it', async () => {
  await using clinic = await processes(1)
  const [one = assert.fail()] = clinic.all
  await one.commit(say('c', 1), say('c', 2))
  await one.find('c', 1)
  const [entry = assert.fail()] = await one.store.entries(LEDGER, {}, { limit: 1, order: 'ascending' })
  const mark = { state: 'archived', block: 0, segment: '0'.repeat(32) } as const
  const entries = [{ seq: 0, leaf: entry.nodes.slice(0, 32), mark }]
  await one.store.replaceEntries(LEDGER, { entries, judged: { size: 2, unless: [] } })
  const { blob_id, body_digest } = payload(1)
  const naming: PreparedDraft = { ...say('c', 3), payloads: [{ state: 'kept', blob_id, body_digest }] }
  await assert.rejects(one.store.commit(batch([naming])), { code: 'not-committed' })
  assert.equal(await one.bodies.find('c', body_digest), blob_id)
  one.bodies.refused()
  assert.equal(await one.bodies.find('c', body_digest), undefined)
  assert.equal(await one.bodies.find('c', payload(2).body_digest), payload(2).blob_id)
})
