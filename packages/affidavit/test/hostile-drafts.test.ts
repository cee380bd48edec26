// Whatever is appended, only errors of ours come out, nothing is half recorded, and the ledger stays valid.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { DRAFT_FIELDS } from '../src/formats/draft.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Appended, AppendOutcome, Ledger } from '../src/ledger/ledger.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { ANY_ACTION, anyDraft } from './any-draft.ts'
import { inspectLedger } from './oracle/naive-ledger.ts'
import { personsOf } from './persons.ts'
import { verifyUnderItsKey } from './verify-home.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-hostile-drafts-'))
after(() => rmSync(root, { recursive: true, force: true }))

const ACTIONS = { [ANY_ACTION]: { description: 'A patient was referred to another clinic.' } }
const IDS = ['0193f5a2-7c00-7abc-8def-000000000000', '0193f5a2-7c00-7abc-8def-000000000001']
const REFUSALS = ['invalid-draft', 'draft-too-large', 'id-conflict']

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withBoxedValues: true,
  withUnicodeString: true,
  maxDepth: 4,
})
const field = fc.constantFrom(...DRAFT_FIELDS, 'seq', 'integrity_hash', 'content', '__proto__', 'constructor', 'toJSON')

/** A good draft with one field replaced by anything at all. */
const spoilt = fc.tuple(anyDraft, field, anything).map(([draft, name, value]) => withMember(draft, name, { value }))
/** A good draft with one field that answers, or throws, as it likes. */
const shifty = fc
  .tuple(anyDraft, field, fc.array(fc.oneof(anything, fc.constantFrom('success', 'agent-1', {})), { minLength: 1 }))
  .map(([draft, name, answers]) => {
    let reads = 0
    return withMember(draft, name, { get: () => answers[reads++ % answers.length] ?? refuse() })
  })
const proxied = fc
  .tuple(anyDraft, fc.constantFrom('get', 'has', 'ownKeys', 'getPrototypeOf'), fc.nat(20))
  .map(([draft, trap, calm]) => {
    let calls = 0
    const details = new Proxy(
      { a: 1 },
      { [trap]: (...of: [object, never]) => (++calls > calm ? refuse() : natural(trap, of)) },
    )
    return { ...draft, details }
  })
/** Good drafts that contend for two ids. */
const contending = fc.tuple(anyDraft, fc.constantFrom(...IDS)).map(([draft, id]) => ({ ...draft, id }))
const huge = fc.integer({ min: 60_000, max: 70_000 }).map((size) => ({
  action: 'tool_invoked',
  actor_id: 'agent-1',
  actor_type: 'agent',
  details: { a: 'x'.repeat(size) },
}))

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  anything,
  { weight: 4, arbitrary: spoilt },
  { weight: 2, arbitrary: shifty },
  proxied,
  { weight: 2, arbitrary: contending },
  { weight: 2, arbitrary: anyDraft },
  huge,
)

function withMember(draft: object, name: string, member: PropertyDescriptor): object {
  return Object.defineProperty({ ...draft }, name, { ...member, enumerable: true, configurable: true })
}

function natural(trap: string, of: [object, never]): unknown {
  if (trap === 'get') return Reflect.get(...of)
  if (trap === 'has') return Reflect.has(...of)
  return trap === 'ownKeys' ? Reflect.ownKeys(of[0]) : Reflect.getPrototypeOf(of[0])
}

function refuse(): never {
  throw new TypeError('the value does not want to be read')
}

test('anything at all is recorded whole, or refused with a code and a path', async (t) => {
  const folder = join(root, 'ledger')
  const { verifierKey } = await initLedger(folder, { origin: 'hostile.example/agents' })
  const recorded = new Map<string, Appended>()
  const counts = new Map<string, number>()
  {
    await using ledger = await openFolder(folder, { actions: ACTIONS })
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 5, maxLength: 30 }), async (values) => {
        for (const [i, outcome] of (await appendAll(ledger, values)).entries()) {
          const kind = outcome.state === 'refused' ? outcome.error.code : outcome.state
          counts.set(kind, (counts.get(kind) ?? 0) + 1)
          if (outcome.state === 'refused') assertOurs(outcome.error, values[i])
          else recorded.set(outcome.id, { ...outcome, state: 'recorded' })
        }
      }),
      { numRuns: 60, endOnFailure: true },
    )
    // The first entry, those acknowledged, and one for each conflict that was new.
    const conflicts = await count(ledger, 'append_conflicted')
    assert.equal((await ledger.health()).size, 1 + recorded.size + conflicts)
    for (const { id, seq, integrity_hash } of recorded.values()) {
      const record = await ledger.at(seq)
      assert.deepEqual([record?.id, record?.integrity_hash], [id, integrity_hash])
    }
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(counts)))
  for (const kind of ['recorded', ...REFUSALS]) assert.ok(counts.has(kind), `no draft was ${kind}`)
  await assertValid(folder, verifierKey)
})

async function appendAll(ledger: Ledger, values: readonly unknown[]): Promise<readonly AppendOutcome[]> {
  // Half of them side by side through append, half through appendMany: neither throws anything but a LedgerError.
  const half = Math.floor(values.length / 2)
  const single = values.slice(0, half).map(async (value): Promise<AppendOutcome> => {
    try {
      return await ledger.append(value as Draft)
    } catch (error) {
      assert.ok(error instanceof LedgerError, `threw ${String(error)}`)
      return { state: 'refused', error }
    }
  })
  const many = await ledger.appendMany(values.slice(half) as Draft[])
  return [...(await Promise.all(single)), ...many]
}

function assertOurs(error: LedgerError, value: unknown): void {
  assert.ok(REFUSALS.includes(error.code), error.message)
  assert.equal(typeof error.path, 'string', error.message)
  assert.equal(error.blame, 'caller')
  assert.ok(!error.message.includes('does not want to be read'), `${error.message} repeats ${typeof value}`)
}

async function count(ledger: Ledger, action: string): Promise<number> {
  let found = 0
  for await (const record of ledger.search({ action })) found += record.action === action ? 1 : 0
  return found
}

async function assertValid(folder: string, verifierKey: string): Promise<void> {
  const report = await verifyUnderItsKey(folder, verifierKey)
  // Producers of arbitrary numbers have gaps: that is what the numbers are for.
  assert.deepEqual(
    report.findings.filter(({ code }) => code !== 'producer-gap'),
    [],
  )
  inspectLedger(databaseFile(folder))
}

test('what is recorded of a good draft is the draft', async () => {
  const folder = join(root, 'good')
  await initLedger(folder, { origin: 'good.example/agents' })
  await using ledger = await openFolder(folder, { actions: ACTIONS })
  const drafts = fc.sample(anyDraft, { numRuns: 100, seed: 1 }).map(({ id: _, ...draft }) => draft)
  const outcomes = await ledger.appendMany(drafts)
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.state === 'refused') throw outcome.error
    const [record = {}] = await personsOf(folder, ledger.origin, [{ ...(await ledger.at(outcome.seq)) }])
    for (const [name, value] of Object.entries(drafts[i] ?? {})) {
      const expected = Array.isArray(value) ? [...value].sort() : value
      assert.equal(canonicalize(Reflect.get(record, name)), canonicalize(expected), name)
    }
  }
})

test('a jump of the clock is not confirmed in the name of nobody', async () => {
  const folder = join(root, 'clock')
  await initLedger(folder, { origin: 'clock.example/agents' })
  const clock = fixedClock(Date.now())
  await using ledger = await openFolder(folder, { clock })
  const draft = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' } as const
  await ledger.append(draft)
  clock.set(clock.now() + 48 * 3_600_000)
  await assert.rejects(ledger.append(draft), { code: 'clock-jump' })
  for (const by of [
    { actor_id: '', reason: 'NTP was wrong' },
    { actor_id: 'admin-1', reason: 'a\u202eb' },
  ]) {
    await assert.rejects(ledger.confirmClock(by), { code: 'invalid-draft' })
    await assert.rejects(ledger.append(draft), { code: 'clock-jump' })
  }
  await ledger.confirmClock({ actor_id: 'admin-1', reason: 'NTP was wrong' })
  await ledger.append(draft)
  assert.equal(await count(ledger, 'clock_stepped'), 1)
})

test('a ledger has a name of one spelling only', async () => {
  const origins = [
    '',
    'e\u0301.example',
    'a b',
    'a+b',
    '/a',
    'a/',
    'a\u202e',
    'a\0b',
    'a\n',
    'a'.repeat(201),
    'é'.repeat(101),
  ]
  for (const origin of origins) {
    await assert.rejects(
      initLedger(join(root, 'unnamed'), { origin }),
      { code: 'invalid-origin' },
      JSON.stringify(origin),
    )
  }
})
