// Every read is a record before it is an answer (spec/reading.md), in a real ledger.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { parseAccessPolicy } from '../access/parse.ts'
import { databaseFile } from '../embedded/folder.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { connectSqlite } from '../stores/sqlite/connect.ts'
import type { Ledger } from './ledger.ts'
import { wholeBody } from './open-content.ts'
import type { Reading } from './reading.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-reading-'))
after(() => rmSync(root, { recursive: true, force: true }))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

const POLICY = parseAccessPolicy(
  `affidavit_access: 1
revision: test
people:
  lee: { roles: [privacy_officer] }
  kim: { roles: [auditor] }
  ira: { roles: [content_reader] }
  out: { roles: [] }
everybody_else: [reader]
`,
  'yaml',
  'access.yaml',
)

let folders = 0

/** Behind entry 0 and the record of the policy: a conversation of three records, and a record of another person. */
async function made(): Promise<{ ledger: Ledger; folder: string }> {
  const folder = join(root, String(folders++))
  await initLedger(folder, { origin: 'reading.example/clinic' })
  const ledger = await openFolder(folder, { publish: QUIET, access: POLICY })
  const agent = { actor_id: 'clinic-agent', actor_type: 'agent', conversation_id: 'visit-1' } as const
  const say = (body: string) => [{ name: 'message', media_type: 'text/plain', body }]
  await ledger.append({
    action: 'user_message_received',
    actor_id: 'bob',
    actor_type: 'user',
    conversation_id: 'visit-1',
    content: say('Is it serious?'),
  })
  await ledger.append({
    ...agent,
    action: 'tool_completed',
    subject_ids: ['bob'],
    content: [{ name: 'result', media_type: 'application/json', body: '{"potassium":6.1}' }],
  })
  await ledger.append({ ...agent, action: 'agent_response_generated', content: say('Please come in today.') })
  await ledger.append({ action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent', subject_ids: ['eve'] })
  return { ledger, folder }
}

async function found(reading: Reading, filter: Parameters<Reading['search']>[0], limit?: number): Promise<number[]> {
  const seqs: number[] = []
  for await (const { seq } of reading.search(filter, limit === undefined ? {} : { limit })) seqs.push(seq)
  return seqs
}

/** The newest record, which is the one about reading. */
async function newest(ledger: Ledger): Promise<AuditRecord> {
  const { size } = await ledger.health()
  return (await ledger.at(size - 1)) ?? assert.fail('no record')
}

test('a search is on record before its first answer: by whom, for what, as of when, with what results', async () => {
  const { ledger } = await made()
  const search = ledger.as({ actor_id: 'kim', purpose: 'review' }).search({ subject_id: 'bob' })
  assert.equal((await ledger.health()).size, 6)
  const first = await search.next()
  assert.equal(first.done === true ? undefined : first.value.seq, 3)
  assert.equal((await ledger.health()).size, 7)
  const record = await newest(ledger)
  assert.deepEqual([record.action, record.outcome, record.purpose], ['records_viewed', 'success', 'review'])
  assert.match(record.actor_id, /^tok_/)
  const { query, ...details } = record.details ?? {}
  assert.deepEqual(details, { operation: 'search', as_of_seq: 5, order: 'ascending', results: 1 })
  assert.match(String(Object(query).subject_id), /^tok_/)
  assert.equal(record.content?.[0]?.name, 'results')
  await ledger.close()
})

test('a search that finds nothing is on record too, and does not tell whom somebody looked for', async () => {
  const { ledger } = await made()
  assert.deepEqual(await found(ledger.as({ actor_id: 'kim' }), { subject_id: 'mallory' }), [])
  const { details } = await newest(ledger)
  assert.deepEqual([details?.results, Object(details?.query).subject_id], [0, '[in no record]'])
  await ledger.close()
})

test('what a search shows is what its records say, page by page, and no more', async () => {
  const { ledger } = await made()
  const drafts = Array.from(
    { length: 450 },
    () => ({ action: 'tool_invoked', actor_id: 'many', actor_type: 'agent' }) as const,
  )
  await ledger.appendMany(drafts)
  const kim = ledger.as({ actor_id: 'kim' })
  assert.equal((await found(kim, { actor_id: 'many' }, 401)).length, 401)
  const reads = await kim.readers({ actor_id: 'many' })
  assert.deepEqual(
    reads.map(({ results }) => results.length),
    [200, 200, 1],
  )
  const search = kim.search({ actor_id: 'many' }, { limit: 450 })
  let last = await search.next()
  while (last.done !== true) last = await search.next()
  assert.deepEqual(last.value, { more: false })
  await ledger.close()
})

test('content is opened for a role and a reason, word for word, and that is on record before a byte is', async () => {
  const { ledger } = await made()
  const ira = ledger.as({ actor_id: 'ira' })
  const revealed = await ira.reveal({ conversation_id: 'visit-1' }, { reason: 'complaint 17' })
  const record = await newest(ledger)
  assert.deepEqual(
    [record.action, record.outcome_reason, record.details],
    ['content_revealed', 'complaint 17', { operation: 'conversation', contents: 3, results: 3 }],
  )
  const texts = await Promise.all(
    revealed.flatMap(({ contents }) =>
      contents.map(async (one) =>
        one.state === 'opened' ? Buffer.from(await wholeBody(one.body)).toString() : one.state,
      ),
    ),
  )
  assert.deepEqual(texts, ['Is it serious?', '{"potassium":6.1}', 'Please come in today.'])
  await ledger.close()
})

test('whoever may not, or says no reason, learns nothing, and nothing is recorded but by whom it may', async () => {
  const { ledger } = await made()
  const before = (await ledger.health()).size
  const refused = async (work: Promise<unknown>, code: string): Promise<void> => assert.rejects(work, { code })
  const token = (await ledger.at(3))?.subject_ids?.[0] ?? ''
  const why = { reason: 'curious' }
  for (const actor_id of ['kim', 'anybody', 'out']) {
    await refused(ledger.as({ actor_id }).reveal({ record: 1 }, why), 'not-allowed')
    await refused(ledger.as({ actor_id }).resolve(token, why), 'not-allowed')
  }
  await refused(ledger.as({ actor_id: 'anybody' }).readers({}), 'not-allowed')
  await refused(found(ledger.as({ actor_id: 'out' }), {}), 'not-allowed')
  await refused(ledger.as({ actor_id: 'out' }).show(1), 'not-allowed')
  await refused(ledger.as({ actor_id: 'ira' }).reveal({ record: 1 }, { reason: ' ' }), 'invalid-query')
  await refused(ledger.as({ actor_id: 'lee' }).resolve('bob', why), 'invalid-query')
  await refused(ledger.as({ actor_id: 'ira' }).reveal({ conversation_id: 'no such' }, why), 'not-found')
  assert.equal((await ledger.health()).size, before)
  await ledger.close()
})

test('a token is resolved for a reason, on record, also where nobody is behind it', async () => {
  const { ledger } = await made()
  const lee = ledger.as({ actor_id: 'lee' })
  const token = (await ledger.at(3))?.subject_ids?.[0] ?? ''
  assert.equal(await lee.resolve(token, { reason: 'call the patient' }), 'bob')
  const { action, outcome, details } = await newest(ledger)
  assert.deepEqual([action, outcome, details], ['pseudonym_resolved', 'success', { operation: 'resolve', token }])
  const nobody = `tok_${'0'.repeat(32)}`
  await assert.rejects(lee.resolve(nobody, { reason: 'who is it' }), { code: 'not-found' })
  assert.deepEqual([(await newest(ledger)).outcome], ['failure'])
  await ledger.close()
})

test('readers are found through what searches showed, with names, and that is a read as well', async () => {
  const { ledger } = await made()
  await found(ledger.as({ actor_id: 'anybody' }), { action: 'tool_completed' })
  await found(ledger.as({ actor_id: 'anybody' }), { subject_id: 'eve' })
  await ledger.as({ actor_id: 'kim' }).show(3)
  await ledger.as({ actor_id: 'ira' }).reveal({ record: 3 }, { reason: 'complaint 17' })
  const readers = await ledger.as({ actor_id: 'kim' }).readers({ subject_id: 'bob' })
  assert.deepEqual(
    readers.map(({ reader, operation, reason, results }) => [reader, operation, reason, results]),
    [
      ['anybody', 'search', undefined, [3]],
      ['kim', 'show', undefined, [3]],
      ['ira', 'reveal', 'complaint 17', [3]],
    ],
  )
  assert.equal((await newest(ledger)).details?.operation, 'readers')
  await ledger.close()
})

test('without a policy nobody sees content, names or readers', async () => {
  const folder = join(root, String(folders++))
  await initLedger(folder, { origin: 'reading.example/clinic' })
  await using ledger = await openFolder(folder, { publish: QUIET })
  const reading = ledger.as({ actor_id: 'anybody' })
  assert.deepEqual(await found(reading, {}), [0])
  const why = { reason: 'curious' }
  await assert.rejects(reading.reveal({ record: 0 }, why), { code: 'not-allowed' })
  await assert.rejects(reading.resolve(`tok_${'0'.repeat(32)}`, why), { code: 'not-allowed' })
  await assert.rejects(reading.readers({}), { code: 'not-allowed' })
})

test('a condition that is none, or not of its form, is refused, and nobody reads it in a record', async () => {
  const { ledger } = await made()
  const before = (await ledger.health()).size
  const kim = ledger.as({ actor_id: 'kim' })
  const asked = {
    action: 'bob@example.com',
    resource_type: 'chart of bob',
    id: 'bob',
    parent_id: 'bob',
    from: 'when bob came',
    from_seq: 'bob',
    bob: 'x',
  }
  for (const [name, value] of Object.entries(asked)) {
    const filter: object = { [name]: value }
    await assert.rejects(found(kim, filter), { code: 'invalid-query', path: name })
    await assert.rejects(kim.readers(filter), { code: 'invalid-query', path: name })
  }
  assert.equal((await ledger.health()).size, before)
  await ledger.close()
})

test('what is put on record beside an answer is of its own kind, and no act of the ledger upon itself', async () => {
  const { ledger } = await made()
  const before = (await ledger.health()).size
  const kim = ledger.as({ actor_id: 'kim' })
  for (const action of ['content_revealed', 'pseudonym_resolved', 'integrity_verified', 'content_erased']) {
    const read: Parameters<Reading['recorded']>[1] = Object({ action, operation: 'x' })
    await assert.rejects(kim.recorded('search', read), TypeError)
  }
  assert.equal((await ledger.health()).size, before)
  await ledger.close()
})

test('whoever asks is whoever asked: a reader that is changed afterwards changes nothing', async () => {
  const { ledger } = await made()
  const reader = { actor_id: 'ira' }
  const reading = ledger.as(reader)
  reader.actor_id = 'somebody else'
  await reading.reveal({ record: 3 }, { reason: 'complaint 17' })
  const readers = await ledger.as({ actor_id: 'kim' }).readers({ subject_id: 'bob' })
  assert.deepEqual(
    readers.map((found) => found.reader),
    ['ira'],
  )
  await ledger.close()
})

test('no conversation is not every conversation, and no reason is none', async () => {
  const { ledger } = await made()
  const ira = ledger.as({ actor_id: 'ira' })
  for (const what of [{}, { conversation_id: undefined }, { conversation_id: '' }]) {
    const asked: Parameters<Reading['reveal']>[0] = Object(what)
    await assert.rejects(ira.reveal(asked, { reason: 'x' }), { code: 'not-found' })
  }
  const why: { reason: string } = Object({})
  await assert.rejects(ira.reveal({ record: 3 }, why), { code: 'invalid-query', path: 'reason' })
  await ledger.close()
})

test('one list of results that was damaged hides no other reader', async () => {
  const { ledger, folder } = await made()
  await ledger.as({ actor_id: 'anybody' }).show(3)
  const damaged = (await newest(ledger)).content?.[0]?.blob_id ?? ''
  await found(ledger.as({ actor_id: 'ira' }), { from_seq: 2, until_seq: 4 })
  const db = connectSqlite(databaseFile(folder), 'open')
  db.exec('DROP TRIGGER payloads_no_update')
  // Another first byte, whichever it was.
  const other = "iif(substr(sealed, 1, 1) = x'00', x'01', x'00')"
  db.prepare(`UPDATE payloads SET sealed = CAST(${other} || substr(sealed, 2) AS BLOB) WHERE blob_id = ?`).run(damaged)
  db.close()
  const readers = await ledger.as({ actor_id: 'kim' }).readers({ subject_id: 'bob' })
  assert.deepEqual(
    readers.map(({ reader, results }) => [reader, results]),
    [
      ['anybody', 'unknown'],
      ['ira', [3]],
    ],
  )
  await ledger.close()
})
