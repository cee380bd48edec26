// Who may read a part of a ledger reads a ledger in which nothing else ever was (spec/sign-in.md §6).

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import fc from 'fast-check'

import { policyFor } from '../src/access/principal.ts'
import { isInScope, type Scope } from '../src/access/scope.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Reading } from '../src/ledger/reading.ts'
import { questionsOf } from '../src/query/questions.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-scope-'))
after(() => rmSync(root, { recursive: true, force: true }))
const template = join(root, 'template')
const NOW = Date.now() + 86_400_000
await initLedger(template, { origin: 'scope.example/agents' })

const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
let homes = 0
async function ledgerOf(drafts: readonly Draft[]): Promise<Ledger> {
  const home = join(root, String(homes++))
  cpSync(template, home, { recursive: true })
  const ledger = await openFolder(home, { clock: fixedClock(NOW), publish: QUIET })
  for (const outcome of await ledger.appendMany(drafts)) if (outcome.state === 'refused') throw outcome.error
  return ledger
}

const AUDITOR = policyFor(undefined, {
  ledger: 'scope.example/agents',
  actor_id: 'kim',
  actor_type: 'user',
  roles: ['auditor', 'content_reader'],
  credential_id: '0123456789ab',
})
const readingOf = (ledger: Ledger, scope?: Scope): Reading =>
  ledger.as({ actor_id: 'kim', actor_type: 'user' }, { policy: AUDITOR, scope })

const idOf = (number: number): string => `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`
const timeOf = (hour: number): string => new Date(Date.UTC(2026, 0, 1, hour)).toISOString()

const AGENTS = ['triage', 'billing', undefined] as const
const PERSONS = ['ann', 'bob', 'cyd'] as const
const KINDS = ['question', 'answer', 'call', 'access', 'grant', 'prompt', 'link', 'link to'] as const

const step = fc.record({
  agent: fc.constantFrom(...AGENTS),
  hour: fc.nat(71),
  kind: fc.constantFrom(...KINDS),
  person: fc.constantFrom(...PERSONS),
  other: fc.constantFrom(...PERSONS),
  conversation: fc.constantFrom('c-1', 'c-2'),
  parent: fc.nat(),
})
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

function draftOf({ agent, hour, kind, person, other, conversation, parent }: Step, number: number): Draft {
  const parent_id = number === 0 ? undefined : idOf(parent % number)
  // Nobody is granted an access for no agent.
  const agent_name = agent ?? (kind === 'grant' ? 'billing' : undefined)
  const common = {
    id: idOf(number),
    timestamp: timeOf(hour),
    ...(agent_name === undefined ? {} : { agent_name }),
  }
  const caused = { ...(parent_id === undefined ? {} : { parent_id }), conversation_id: conversation }
  const chart = { resource_type: 'patient_record', resource_id: `chart ${person}`, subject_ids: [person] }
  const content = [{ name: 'text', media_type: 'text/plain', body: `${kind} ${number} about ${person}` }]
  const byAgent = { actor_id: agent ?? 'nobody', actor_type: 'agent' } as const
  const byPerson = { actor_id: 'lee', actor_type: 'user' } as const
  const linked = { ...byPerson, outcome: 'success', details: { reason: 'found out' } } as const
  switch (kind) {
    case 'question':
      return { ...common, ...byPerson, action: 'user_message_received', conversation_id: conversation, content }
    case 'answer':
      return { ...common, ...byAgent, ...caused, action: 'agent_response_generated', content, subject_ids: [person] }
    case 'call':
      return { ...common, ...byAgent, ...caused, action: 'tool_invoked', details: { tool: 'get_chart' } }
    case 'access':
      return { ...common, ...byAgent, ...caused, ...chart, action: 'data_accessed', outcome: 'success' }
    case 'grant': {
      const details = { access: ['read'], valid_from: timeOf(0), valid_until: timeOf(200) }
      return {
        ...common,
        ...byPerson,
        action: 'access_granted',
        outcome: 'success',
        resource_type: 'patient_record',
        details,
      }
    }
    case 'prompt': {
      const prompt = { resource_type: 'prompt', resource_id: 'p', prompt_version: `v${number}` }
      return { ...common, ...byPerson, ...prompt, action: 'prompt_changed', details: { changed_by: 'known' }, content }
    }
    case 'link':
      if (person === other) return { ...common, ...byAgent, ...caused, action: 'tool_completed', outcome: 'success' }
      return { ...common, ...linked, action: 'subject_linked', subject_ids: [person, other] }
    case 'link to':
      if (parent_id === undefined) return { ...common, ...byAgent, ...caused, action: 'model_invoked' }
      return { ...common, ...linked, action: 'content_linked', parent_id, subject_ids: [person] }
  }
}

const agents = fc.constantFrom<readonly string[]>(['triage'], ['billing', 'triage'], ['nobody here'])
const periods = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 30 })).map(([from, hours]) => {
  return { from: timeOf(from), until: timeOf(from + hours) }
})
const scopes: fc.Arbitrary<Scope> = fc.oneof(
  agents.map((one) => ({ agents: one })),
  periods,
  fc.tuple(agents, periods).map(([one, period]) => ({ agents: one, ...period })),
)

/** What two ledgers of the same records have in different ways: places, hashes, and what stands for persons. */
const OWN_WAYS: ReadonlySet<string> = new Set([
  ...['recorded_at', 'integrity_hash', 'previous_hash', 'conversation_previous_hash', 'salt', 'ledger'],
  ...['draft_commitment', 'content'],
])
const isOwnWay = (name: string): boolean => OWN_WAYS.has(name) || name.endsWith('seq')
const plain = (answer: unknown): string =>
  JSON.stringify(answer, (name, value) => (isOwnWay(name) ? undefined : value)).replaceAll(/tok_[0-9a-f]{32}/g, 'tok')

async function told(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return plain(await ask())
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'not-found') return error.code
    throw error
  }
}

async function idsIn(found: AsyncGenerator<{ readonly id: string }>): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id } of found) ids.push(id)
  return ids.filter((id) => id.startsWith('01900000-'))
}

async function textsIn(reading: Reading, what: Parameters<Reading['reveal']>[0]): Promise<unknown> {
  const texts: unknown[] = []
  for (const { record, contents } of await reading.reveal(what, { reason: 'an audit' })) {
    for (const content of contents) {
      const parts: Uint8Array[] = []
      if (content.state === 'opened') for await (const part of content.body) parts.push(part)
      texts.push([record.id, content.name, Buffer.concat(parts).toString()])
    }
  }
  return texts
}

/** Everything that somebody can ask, of every record there might be. */
async function answersOf(reading: Reading, count: number): Promise<ReadonlyMap<string, unknown>> {
  const { lineage, versions, grants } = questionsOf(reading)
  const filters = [
    {},
    ...['c-1', 'c-2'].map((conversation_id) => ({ conversation_id })),
    ...PERSONS.map((subject_id) => ({ subject_id })),
    ...['triage', 'lee'].map((actor_id) => ({ actor_id })),
    { action: 'data_accessed' },
    { resource_type: 'patient_record', resource_id: 'chart ann' },
    { from: timeOf(20), until: timeOf(50) },
  ]
  const asked: (readonly [question: string, ask: () => Promise<unknown>])[] = [
    ...filters.flatMap((filter) =>
      (['ascending', 'descending'] as const).map(
        (order) => [`${order} ${plain(filter)}`, () => idsIn(reading.search(filter, { order }))] as const,
      ),
    ),
    ['some', () => idsIn(reading.search({ conversation_id: 'c-1' }, { limit: 3 }))],
    ...['c-1', 'c-2'].flatMap((conversation_id) => [
      [`conversation ${conversation_id}`, () => textsIn(reading, { conversation_id })] as const,
      [`destroyed ${conversation_id}`, () => reading.destroyedIn(conversation_id)] as const,
    ]),
    ...Array.from({ length: count }, (_, number) => idOf(number)).flatMap((id) => [
      [`show ${id}`, async () => ((await reading.show(id)) ? 'there' : 'not')] as const,
      [`prove ${id}`, async () => ((await reading.prove(id)) ? 'proven' : 'not')] as const,
      [`reveal ${id}`, () => textsIn(reading, { record: id })] as const,
      [`lineage ${id}`, () => lineage(id)] as const,
    ]),
    ...['triage', 'billing'].map((agent_name) => [`versions ${agent_name}`, () => versions({ agent_name })] as const),
    ['grants', () => grants()],
  ]
  // All at once: their records are committed together.
  return new Map(await Promise.all(asked.map(async ([question, ask]) => [question, await told(ask)] as const)))
}

test('whoever reads within a scope is answered as by a ledger that only ever had what is in scope', async () => {
  const cases = fc.tuple(fc.array(step, { minLength: 6, maxLength: 18 }), scopes)
  await fc.assert(
    fc.asyncProperty(cases, async ([steps, scope]) => {
      const drafts = steps.map(draftOf)
      await using whole = await ledgerOf(drafts)
      const inScope = drafts.filter(({ agent_name, timestamp = '' }) =>
        isInScope(scope, { timestamp, ...(agent_name === undefined ? {} : { agent_name }) }),
      )
      await using part = await ledgerOf(inScope)
      const expected = await answersOf(readingOf(part), drafts.length)
      assert.deepEqual(await answersOf(readingOf(whole, scope), drafts.length), expected)
    }),
    // A ledger for each case: what shrinks a case would make hundreds.
    { numRuns: 5, endOnFailure: true },
  )
})

const STEPS: readonly Step[] = [0, 1, 2, 3].map((i) => ({
  ...{
    agent: AGENTS[i % 2],
    hour: i * 10,
    kind: 'answer',
    person: 'ann',
    other: 'bob',
    conversation: 'c-1',
    parent: 0,
  },
}))

test('who has read is told of records in scope, by records in scope', async () => {
  await using ledger = await ledgerOf(STEPS.map(draftOf))
  for await (const _ of readingOf(ledger).search({}));
  assert.deepEqual(await readingOf(ledger, { agents: ['triage'] }).readers({}), [])
  const [found, ...more] = await readingOf(ledger, { from: timeOf(15) }).readers({ conversation_id: 'c-1' })
  assert.deepEqual([found?.reader, found?.results, more], ['kim', [3, 4], []])
})

test('every read within a scope is on record, with what was shown', async () => {
  await using ledger = await ledgerOf(STEPS.map(draftOf))
  const reading = readingOf(ledger, { agents: ['billing'] })
  for await (const _ of reading.search({}));
  await reading.show(idOf(1))
  await reading.prove(idOf(1))
  const shown: unknown[] = []
  for await (const { details } of ledger.search({ action: 'records_viewed' })) shown.push(details?.results)
  assert.deepEqual(shown, [2, 1, 1])
})

test('what is outside of a scope and what is nowhere are refused alike, and on record as that', async () => {
  await using ledger = await ledgerOf(STEPS.map(draftOf))
  const reading = readingOf(ledger, { agents: ['billing'], until: timeOf(1) })
  const why = { reason: 'an audit' }
  for (const which of [idOf(0), idOf(77), 1, 77]) {
    const asked = [
      () => reading.show(which),
      () => reading.prove(which),
      () => reading.reveal({ record: which }, why),
      () => questionsOf(reading).lineage(which),
    ]
    for (const ask of asked) {
      const { size } = await ledger.health()
      await assert.rejects(ask(), (error) => error instanceof LedgerError && error.code === 'not-found')
      const found: unknown[] = []
      for await (const { action, details } of ledger.search({ from_seq: size })) found.push([action, details?.status])
      assert.deepEqual(found.at(-1), ['access_denied', 404])
    }
  }
  for (const conversation_id of ['c-1', 'c-77'])
    await assert.rejects(reading.reveal({ conversation_id }, why), /not-found/)
  const denied: unknown[] = []
  for await (const { details } of ledger.search({ action: 'access_denied' })) denied.push(details?.operation)
  assert.deepEqual(denied.slice(-2), ['conversation', 'conversation'])
})

const WHOLE: readonly (readonly [name: string, ask: (reading: Reading) => Promise<unknown>])[] = [
  ['gaps', (reading) => questionsOf(reading).gaps()],
  ['holds', (reading) => questionsOf(reading).holds()],
  ['a plan of retention', (reading) => questionsOf(reading).retentionPlan(builtInSet())],
  ['how long a record is kept', (reading) => questionsOf(reading).retentionStory(builtInSet(), 1)],
  ['a verification', (reading) => reading.recorded('verify', { action: 'integrity_verified', operation: 'verify' })],
]
for (const [name, ask] of WHOLE) {
  test(`${name} can only be asked of a whole ledger, and is refused by name`, async () => {
    await using ledger = await ledgerOf([])
    const before = await ledger.health()
    await assert.rejects(
      ask(readingOf(ledger, { from: timeOf(0) })),
      (error) => error instanceof LedgerError && error.code === 'not-allowed' && /part of it/.test(error.problem),
    )
    assert.equal((await ledger.health()).size, before.size)
  })
}

test('an export holds nothing outside of a period, and none is chosen by agents', async () => {
  await using ledger = await ledgerOf([])
  const { exportable } = readingOf(ledger, { from: timeOf(5), until: timeOf(9) })
  assert.deepEqual(exportable({}), { from: timeOf(5), until: timeOf(9) })
  assert.deepEqual(exportable({ from: timeOf(6), until: timeOf(20) }), { from: timeOf(6), until: timeOf(9) })
  assert.throws(() => readingOf(ledger, { agents: ['triage'] }).exportable({}), /not-allowed/)
  assert.deepEqual(readingOf(ledger).exportable({ action: 'data_accessed' }), { action: 'data_accessed' })
})

test('a token is resolved of a whole ledger alone', async () => {
  await using ledger = await ledgerOf(STEPS.map(draftOf))
  const policy = policyFor(undefined, {
    ...{ ledger: ledger.origin, actor_id: 'kim', actor_type: 'user', credential_id: '0123456789ab' },
    roles: ['privacy_officer'],
  })
  const reading = ledger.as({ actor_id: 'kim' }, { policy, scope: { agents: ['triage'] } })
  await assert.rejects(reading.resolve(`tok_${'0'.repeat(32)}`, { reason: 'a request' }), /not-allowed/)
})
