import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Note } from '../vault/keyring-rows.ts'
import { type DispositionKeyring, dispositionNotes, type NotedDecision } from './disposition-notes.ts'

const ONE: NotedDecision = {
  ledger: 'clinic.example/agents/51fbe7b243d1d7e1',
  plan_sha256: '1'.repeat(64),
  manifest_sha256: '2'.repeat(64),
  decided_seq: 9,
  decided_at: '2026-11-22T14:00:00.000Z',
  records: 4,
  first_seq: 1,
  leave: { approval_sha256: '3'.repeat(64) },
}
const OTHER: NotedDecision = {
  ...ONE,
  plan_sha256: '4'.repeat(64),
  decided_at: '2026-11-21T14:00:00.000Z',
  leave: { announced_seq: 3, announced_at: '2026-11-01T14:00:00.000Z', delay_days: 7 },
}

function keyringWith(kept: Note[] = []): DispositionKeyring {
  return {
    async keepNote(note) {
      if (!kept.some(({ topic, name }) => topic === note.topic && name === note.name)) kept.push(note)
    },
    notes: async (topic) => kept.filter((note) => note.topic === topic),
  }
}

test('what was noted of dispositions is told in the order of their decisions, each with what became of it', async () => {
  const notes = dispositionNotes(keyringWith())
  await notes.withdrawn(ONE.plan_sha256)
  await notes.destroyed(ONE.plan_sha256)
  assert.deepEqual(await notes.all(), [], 'nothing is known of what nobody was about to destroy')
  await notes.destroying(OTHER)
  await notes.withdrawn(OTHER.plan_sha256)
  await notes.destroying(ONE)
  await notes.destroying({ ...ONE, records: 5 })
  assert.deepEqual(await notes.all(), [
    { ...OTHER, fate: 'withdrawn' },
    { ...ONE, fate: 'destroyed' },
  ])
  await notes.destroyed(OTHER.plan_sha256)
  assert.equal((await notes.all())[0]?.fate, 'destroyed', 'a withdrawal that came behind the end of the rows is none')
})

test('nobody is told of a withdrawal whose rows are noted as gone', async () => {
  const notes = dispositionNotes(keyringWith())
  await notes.destroying(ONE)
  assert.equal((await notes.all())[0]?.fate, 'destroying')
  await notes.destroyed(ONE.plan_sha256)
  await notes.withdrawn(ONE.plan_sha256)
  assert.equal((await notes.all())[0]?.fate, 'destroyed')
})

const name = `${ONE.plan_sha256} destroying`
const TEXT = `{"decided_at":"2026-11-22T14:00:00.000Z","decided_seq":9,"first_seq":1,"kind":"disposition-note","leave":{"approval_sha256":"${'3'.repeat(64)}"},"ledger":"clinic.example/agents/51fbe7b243d1d7e1","manifest_sha256":"${'2'.repeat(64)}","plan_sha256":"${ONE.plan_sha256}","records":4,"v":1}`

test('a note has one spelling', async () => {
  const kept: Note[] = []
  await dispositionNotes(keyringWith(kept)).destroying(ONE)
  assert.deepEqual(kept, [{ topic: 'dispositions', name, text: TEXT }])
})

const LIES: Readonly<Record<string, string>> = {
  'no text at all': '',
  'another order of members': TEXT.replace('{"decided_at"', '{"v":1,"decided_at"').replace(',"v":1}', '}'),
  'a leave by nobody': TEXT.replace(/"leave":\{[^}]*\}/, '"leave":{}'),
  'a decision before what it destroys': TEXT.replace('"first_seq":1', '"first_seq":9'),
  'a digest that is none': TEXT.replace('2222', '222'),
  'a member of its own': TEXT.replace('"records":4', '"records":4,"spare":1'),
}
for (const [lie, text] of Object.entries(LIES))
  test(`not read as a note: ${lie}`, async () => {
    const notes = dispositionNotes(keyringWith([{ topic: 'dispositions', name, text }]))
    await assert.rejects(notes.all(), { code: 'store-corrupt' })
  })
