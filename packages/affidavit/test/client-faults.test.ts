// Law: whatever becomes of requests and answers, what was acknowledged is on record exactly once, and nothing is on record twice.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import fc from 'fast-check'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { AppendOutcome } from '../src/ledger/ledger.ts'
import type { Fault } from './faulty-proxy.ts'
import { type RemoteWorld, startRemoteWorld, stepOf } from './remote-world.ts'

const FAULTS: readonly Fault[] = [
  'lost request',
  'lost answer',
  'late request',
  'cut answer',
  'garbled answer',
  'doubled answer',
  'shuffled answer',
  'short answer',
  'earlier answer',
  'answer of another ledger',
  'page',
  'bad gateway',
  'rate-limited',
  'queue-full',
  'broken server',
]

let world: RemoteWorld
before(async () => {
  world = await startRemoteWorld()
})
after(() => world.close())

let runs = 0
interface Plan {
  /** What becomes of requests with drafts, one after the other. */
  readonly faults: readonly (Fault | 'none')[]
  /** What becomes of those after them. */
  readonly afterwards: 'none' | 'lost request' | 'lost answer' | 'broken server' | 'queue-full'
  /** For each draft, its conversation. */
  readonly drafts: readonly number[]
}

async function live({ faults, afterwards, drafts }: Plan): Promise<void> {
  const run = `run-${runs++}`
  const waiting = [...faults]
  const ledger = await world.open({ patienceMillis: 12_000 })
  const { size } = await world.embedded.health()
  world.proxy.next = ({ path }) => (path.endsWith('/records') ? (waiting.shift() ?? afterwards) : 'none')
  const outcomes = await Promise.all(
    drafts.map((conversation, n) =>
      ledger.append(stepOf(`${run}-${conversation}`, n)).catch((error) => ({ state: 'refused' as const, error })),
    ),
  )
  world.proxy.next = () => 'none'
  await world.proxy.deliver()
  await ledger.close()
  const records = (await world.records(size)).filter(({ conversation_id }) => conversation_id?.startsWith(`${run}-`))
  holds(outcomes, records)
}

function holds(outcomes: readonly AppendOutcome[], records: readonly AuditRecord[]): void {
  for (const [n, outcome] of outcomes.entries()) {
    const found = records.filter(({ details }) => details?.n === n)
    assert.ok(found.length <= 1, `draft ${n} is on record ${found.length} times`)
    if (outcome.state === 'refused') {
      if (outcome.error.code === 'not-committed') assert.deepEqual(found, [])
      else assert.equal(outcome.error.code, 'outcome-unknown', outcome.error.message)
    } else {
      const { id, seq, integrity_hash, recorded_at } = outcome
      const { id: foundId, seq: foundSeq, integrity_hash: hash, recorded_at: at } = found[0] ?? {}
      assert.deepEqual(
        { id, seq, integrity_hash, recorded_at },
        { id: foundId, seq: foundSeq, integrity_hash: hash, recorded_at: at },
      )
    }
  }
}

test('whatever becomes of requests and answers, what was acknowledged is on record once, and nothing twice', async () => {
  const plan = fc.record({
    faults: fc.array(fc.constantFrom<Fault | 'none'>(...FAULTS, 'none'), { maxLength: 8 }),
    afterwards: fc.constantFrom('none', 'none', 'lost request', 'lost answer', 'broken server', 'queue-full'),
    drafts: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 }),
  })
  await fc.assert(fc.asyncProperty(plan, live), { numRuns: process.env.AFFIDAVIT_SOAK === '1' ? 300 : 25 })
})

/** What becomes of three drafts whose first answer has this fault: those whose outcome did not come are sent again. */
const AFTER: Readonly<Record<Exclude<Fault, 'silence'>, string>> = {
  'lost request': 'recorded recorded recorded',
  'lost answer': 'duplicate duplicate duplicate',
  'late request': 'recorded recorded recorded',
  'cut answer': 'recorded duplicate duplicate',
  'garbled answer': 'recorded duplicate duplicate',
  'doubled answer': 'recorded recorded recorded',
  'shuffled answer': 'duplicate duplicate duplicate',
  'short answer': 'recorded recorded duplicate',
  'earlier answer': 'duplicate duplicate duplicate',
  'answer of another ledger': 'duplicate duplicate duplicate',
  page: 'recorded recorded recorded',
  'bad gateway': 'recorded recorded recorded',
  'rate-limited': 'recorded recorded recorded',
  'queue-full': 'recorded recorded recorded',
  'broken server': 'duplicate duplicate duplicate',
}

for (const [fault, states] of Object.entries(AFTER)) {
  test(`drafts whose first answer has a fault are recorded once in the end: ${fault}`, async () => {
    const run = `one-${fault.replaceAll(' ', '-')}`
    const ledger = await world.open()
    const faults = FAULTS.filter((one) => one === fault)
    world.proxy.next = ({ path }) => (path.endsWith('/records') ? (faults.shift() ?? 'none') : 'none')
    const outcomes = await ledger.appendMany([0, 1, 2].map((n) => stepOf(run, n)))
    await world.proxy.deliver()
    await ledger.close()
    const records = (await world.records()).filter(({ conversation_id }) => conversation_id === run)
    holds(outcomes, records)
    assert.equal(outcomes.map(({ state }) => state).join(' '), states)
    assert.deepEqual(
      records.map(({ details }) => details?.n),
      [0, 1, 2],
    )
  })
}

test('a refusal is told of its own draft, however the lines of the answer come', async () => {
  const ledger = await world.open()
  const faults: Fault[] = ['shuffled answer']
  world.proxy.next = ({ path }) => (path.endsWith('/records') ? (faults.shift() ?? 'none') : 'none')
  const refused = { ...stepOf('mixed', 0), details: { masked: 1 } }
  const outcomes = await ledger.appendMany([stepOf('mixed', 1), stepOf('mixed', 2), refused])
  assert.equal(outcomes.map(({ state }) => state).join(' '), 'duplicate duplicate refused')
  await ledger.close()
})

test('an outcome that names another draft is no acknowledgement', async () => {
  const ledger = await world.open()
  world.proxy.next = () => 'none'
  world.proxy.rewrite = (path, body) => {
    if (!path.endsWith('/records')) return body
    world.proxy.rewrite = (_, other) => other
    return Buffer.from(body.toString().replace(/"id":"[^"]*"/, '"id":"01900000-0000-7000-8000-000000000000"'))
  }
  assert.equal((await ledger.append(stepOf('named', 0))).state, 'duplicate')
  await ledger.close()
})

test('an answer to another question is not taken for the answer', async () => {
  const ledger = await world.open()
  const { size } = await ledger.health()
  await world.embedded.append(stepOf('asked', 0))
  const faults: Fault[] = ['earlier answer']
  world.proxy.next = () => faults.shift() ?? 'none'
  assert.equal((await ledger.health()).size, size + 1)
  assert.deepEqual(faults, [])
  await ledger.close()
})
