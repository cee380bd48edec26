// From a draft with content and persons to its record, in a real ledger, and back (spec/sealing.md).

import assert from 'node:assert/strict'
import { mkdtempSync, openAsBlob, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import fc from 'fast-check'

import { anyText } from '../../test/any-text.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { databaseFile } from '../embedded/folder.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolderKeyring } from '../embedded/keyring.ts'
import { openFolder } from '../embedded/open.ts'
import type { AuditRecord, Draft, DraftContent } from '../formats/fields.ts'
import { parseRegistry } from '../registry/parse.ts'
import { connectSqlite } from '../stores/sqlite/connect.ts'
import { column } from '../stores/sqlite/database.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import type { Ledger } from './ledger.ts'
import { openContent, wholeBody } from './open-content.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-sealing-'))
after(() => rmSync(root, { recursive: true, force: true }))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const AGENT = { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' } as const
const PATIENT = 'Eleanor Vance, MRN 00441'

const PAGE_BYTES = 8_192
const ID = '0193f5a2-7c00-7abc-8def-000000000001'

let folders = 0

interface Made {
  readonly folder: string
  readonly origin: string
}

async function made(): Promise<Made> {
  const folder = join(root, String(folders++))
  const { origin } = await initLedger(folder, { origin: 'sealing.example/clinic' })
  return { folder, origin }
}

function message(body: DraftContent['body'], more: Partial<DraftContent> = {}): DraftContent {
  return { name: 'message', media_type: 'text/plain', body, ...more }
}

/** What the contents of a record open to, by name. */
async function contentsOf(
  { folder, origin }: Made,
  record: AuditRecord | undefined,
): Promise<Record<string, Uint8Array>> {
  const [store, keyring] = [sqliteStore(databaseFile(folder), 'open'), await openFolderKeyring(folder, origin, 'open')]
  try {
    const opened: Record<string, Uint8Array> = {}
    for (const reference of record?.content ?? []) {
      const content = await openContent({ store, ledger: origin, keyring }, record ?? {}, reference)
      opened[reference.name] = content.state === 'opened' ? await wholeBody(content.body) : assert.fail('unavailable')
    }
    return opened
  } finally {
    await Promise.all([store.close(), keyring.close()])
  }
}

function rowsOf({ folder }: Made, table: 'payloads' | 'payload_uses'): number {
  const db = connectSqlite(databaseFile(folder), 'open')
  try {
    return Number(Object.values(db.prepare(`SELECT count(*) AS n FROM ${table}`).get() ?? {})[0])
  } finally {
    db.close()
  }
}

/** Writes zeros over the page of the database that holds what this SQL selects as `sealed`. */
function wipePageOf({ folder }: Made, sql: string): void {
  const path = databaseFile(folder)
  const db = connectSqlite(path, 'open')
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const sealed = column(db.prepare(sql).get(), 'sealed')
  db.close()
  const bytes = readFileSync(path)
  const at = sealed instanceof Uint8Array ? bytes.indexOf(sealed) : assert.fail('nothing of the kind')
  bytes.fill(0, at - (at % PAGE_BYTES), at - (at % PAGE_BYTES) + PAGE_BYTES)
  writeFileSync(path, bytes)
}

async function assertWhole({ folder }: Made): Promise<void> {
  const options = { trust: { kind: 'first use' }, anchors: [], threads: 0, payloadBytes: 'read' } as const
  const report = await verifySqlite(databaseFile(folder), options)
  assert.deepEqual(report.findings, [])
}

const sizes = fc.constantFrom(0, 1, 65_503, 65_504, 65_505, 131_040, 262_144, 262_145, 700_000)
const bodies = fc.oneof(
  { weight: 2, arbitrary: anyText({ maxLength: 200 }) },
  sizes.map((size) => Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251)),
  sizes.map((size) => new Blob([Buffer.alloc(size, 'word for word; ')])),
)

test('whatever was handed in opens again, byte for byte', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  await fc.assert(
    fc.asyncProperty(fc.array(bodies, { minLength: 1, maxLength: 3 }), fc.boolean(), async (given, inConversation) => {
      const content = given.map((body, i) => message(body, { name: `part ${i}` }))
      const { seq } = await ledger.append({ ...AGENT, content, ...(inConversation ? { conversation_id: 'c' } : {}) })
      const opened = await contentsOf(place, await ledger.at(seq))
      for (const [i, body] of given.entries()) {
        const bytes = typeof body === 'string' ? Buffer.from(body) : body
        const expected = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : Uint8Array.from(bytes)
        assert.equal(sha256Hex(opened[`part ${i}`] ?? assert.fail('no such part')), sha256Hex(expected))
      }
    }),
    { numRuns: 25 },
  )
  await ledger.close()
  await assertWhole(place)
})

test('content is sealed under the keys of whom it is about, else of the conversation, else of the ledger', async () => {
  const place = await made()
  {
    await using ledger = await openFolder(place.folder, { publish: QUIET })
    const timestamp = '2026-11-21T09:30:00.000Z'
    const of = (more: Partial<Draft>): Promise<unknown> => ledger.append({ ...AGENT, timestamp, ...more })
    await of({ content: [message('of the ledger')] })
    await of({ content: [message('of the conversation')], conversation_id: 'c' })
    await of({
      content: [message('of two')],
      conversation_id: 'c',
      subject_ids: ['p1', 'p2'],
      retention_class: 'clinical',
    })
    await of({
      content: [message('of one', { subject_ids: ['p3'] }), message('of both', { name: 'other' })],
      subject_ids: ['p1', 'p2'],
    })
  }
  const keyring = await openFolderKeyring(place.folder, place.origin, 'open')
  const [p1 = '', p2 = '', p3 = ''] = await keyring.tokens(['p1', 'p2', 'p3'])
  const subject = (owner: string, retention_class = 'default') =>
    ({ owner_kind: 'subject', owner, retention_class, month: '2026-11' }) as const
  const expected = [
    [[{ owner_kind: 'ledger', owner: '', retention_class: 'default', month: '2026-11' }]],
    [[{ owner_kind: 'conversation', owner: 'c', retention_class: 'default', month: '2026-11' }]],
    [[subject(p1, 'clinical'), subject(p2, 'clinical')]],
    [[subject(p3)], [subject(p1), subject(p2)]],
  ] as const
  const store = sqliteStore(databaseFile(place.folder), 'open')
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  for (const [i, scopes] of expected.entries()) {
    const record = await ledger.at(i + 1)
    for (const [j, reference] of (record?.content ?? []).entries()) {
      const wanted = scopes[j] ?? []
      assert.deepEqual(
        reference.subject_ids,
        wanted.flatMap(({ owner_kind, owner }) => (owner_kind === 'subject' ? [owner] : [])).sort(),
      )
      const keys = (await keyring.knownScopeKeys(wanted)).map((key) => key?.id).sort()
      const stored = await store.payload(place.origin, reference.blob_id)
      const ids = Buffer.from(stored?.content_key.subarray(35, 35 + 16 * wanted.length) ?? []).toString('hex')
      assert.deepEqual(ids.match(/.{32}/g), keys)
    }
  }
  await Promise.all([store.close(), keyring.close()])
})

test('equal bodies are kept once in one conversation and scope, and apart everywhere else', async () => {
  const place = await made()
  const large = Buffer.alloc(300_000, 'the same instructions; ')
  const record = async (ledger: Ledger, body: Uint8Array, more: Partial<Draft>): Promise<string | undefined> => {
    const { seq } = await ledger.append({ ...AGENT, content: [message(body)], ...more })
    return (await ledger.at(seq))?.content?.[0]?.blob_id
  }
  for (const body of [Buffer.from('the same'), large]) {
    const before = rowsOf(place, 'payloads')
    const blobs: (string | undefined)[] = []
    {
      await using ledger = await openFolder(place.folder, { publish: QUIET })
      blobs.push(
        await record(ledger, body, { conversation_id: 'c' }),
        await record(ledger, body, { conversation_id: 'c' }),
      )
      blobs.push(await record(ledger, body, { conversation_id: 'other' }))
      blobs.push(await record(ledger, body, { conversation_id: 'c', subject_ids: ['p1'] }))
      blobs.push(await record(ledger, body, { conversation_id: 'c', retention_class: 'clinical' }))
    }
    // Another process finds it too.
    await using again = await openFolder(place.folder, { publish: QUIET })
    blobs.push(await record(again, body, { conversation_id: 'c' }))
    assert.deepEqual([blobs[0], blobs[0]], [blobs[1], blobs[5]])
    assert.equal(new Set(blobs).size, 4)
    assert.equal(rowsOf(place, 'payloads') - before, 4)
  }
  await assertWhole(place)
})

test('what was kept for a record that never came is swept a day later, when another large body is kept', async () => {
  const place = await made()
  const clock = fixedClock(Date.UTC(2026, 10, 21, 9, 30))
  const large = (letter: string): Draft => ({ ...AGENT, content: [message(Buffer.alloc(70_000, letter))] })
  await using ledger = await openFolder(place.folder, { publish: QUIET, clock })
  await ledger.append({ ...large('a'), id: ID })
  await assert.rejects(ledger.append({ ...large('b'), id: ID }), { code: 'id-conflict' })
  await ledger.append(large('c'))
  assert.equal(rowsOf(place, 'payloads'), 3)
  clock.pass(24 * 3_600_000 + 1)
  await ledger.append(large('d'))
  assert.equal(rowsOf(place, 'payloads'), 3)
  await assertWhole(place)
})

test('equal bodies of one moment find the one that is there, all of them', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const say = { ...AGENT, conversation_id: 'c', content: [message('the same')] }
  await ledger.append(say)
  await Promise.all([say, say, say, say].map((draft) => ledger.append(draft)))
  assert.deepEqual([rowsOf(place, 'payloads'), rowsOf(place, 'payload_uses')], [1, 5])
})

test('a body that cannot be read to its end is refused, and the drafts around it are recorded', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const file = join(root, 'vanishing')
  writeFileSync(file, Buffer.alloc(300_000))
  const body = await openAsBlob(file)
  rmSync(file)
  const drafts = [AGENT, { ...AGENT, content: [message(body)] }, AGENT]
  const outcomes = await ledger.appendMany(drafts)
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.state === 'refused' ? outcome.error.code : outcome.state)),
    ['recorded', 'invalid-draft', 'recorded'],
  )
})

test('many large bodies wait for room, and none is refused', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET, queueCapacity: 1 })
  const drafts = ['a', 'b', 'c', 'd'].map(
    (letter): Draft => ({ ...AGENT, content: [message(Buffer.alloc(300_000, letter))] }),
  )
  const outcomes = await ledger.appendMany(drafts)
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    drafts.map(() => 'recorded'),
  )
})

test('a damaged payload is not built upon', async () => {
  const place = await made()
  const say = { ...AGENT, conversation_id: 'c', content: [message('the same')] }
  {
    await using ledger = await openFolder(place.folder, { publish: QUIET })
    await ledger.append(say)
  }
  const db = connectSqlite(databaseFile(place.folder), 'open')
  db.exec('DROP TRIGGER payloads_no_update')
  db.exec("UPDATE payloads SET sealed = CAST(x'00' || substr(sealed, 2) AS BLOB)")
  db.close()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const { seq } = await ledger.append(say)
  assert.deepEqual(await contentsOf(place, await ledger.at(seq)), { message: Uint8Array.from(Buffer.from('the same')) })
})

test('a payload whose listed digest or content key was altered meanwhile is not built upon', async () => {
  const alterations = ["body_digest = '0'", "content_key = CAST(substr(content_key, 1, 80) || x'00' AS BLOB)"]
  for (const alteration of alterations) {
    const place = await made()
    const say = { ...AGENT, conversation_id: 'c', content: [message('the same')] }
    await using ledger = await openFolder(place.folder, { publish: QUIET })
    const blobOf = async ({ seq }: { seq: number }): Promise<string | undefined> =>
      (await ledger.at(seq))?.content?.[0]?.blob_id
    const blob_id = await blobOf(await ledger.append(say))
    assert.equal(await blobOf(await ledger.append(say)), blob_id)
    const db = connectSqlite(databaseFile(place.folder), 'open')
    db.exec('DROP TRIGGER payloads_no_update')
    db.exec(`UPDATE payloads SET ${alteration}`)
    db.close()
    assert.notEqual(await blobOf(await ledger.append(say)), blob_id, alteration)
  }
})

test('an equal body is found wherever it stood in its record, and has the name it comes with now', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const say = (...content: DraftContent[]): Draft => ({ ...AGENT, conversation_id: 'c', content })
  const first = await ledger.append(say(message('one'), message('the same', { name: 'second' })))
  const { seq } = await ledger.append(say(message('the same', { name: 'again' })))
  const [reference] = (await ledger.at(seq))?.content ?? []
  assert.equal(reference?.name, 'again')
  assert.equal(reference?.blob_id, (await ledger.at(first.seq))?.content?.[1]?.blob_id)
})

test('payloads that nobody can read any more keep no other content from being recorded, nor equal ones', async () => {
  const place = await made()
  const say = (body: string, conversation_id = 'c'): Draft => ({ ...AGENT, conversation_id, content: [message(body)] })
  const large = say('all of it; '.repeat(20_000), 'd')
  {
    await using ledger = await openFolder(place.folder, { publish: QUIET })
    await ledger.append(large)
    for (let i = 0; i < 40; i++) await ledger.append(say(String(i).repeat(1_000)))
  }
  wipePageOf(place, 'SELECT substr(sealed, 1, 100) AS sealed FROM payloads WHERE rowid = 14')
  wipePageOf(place, 'SELECT substr(sealed, 30000, 100) AS sealed FROM payload_chunks WHERE chunk_no = 1')
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const drafts = [large, say('another'), say('elsewhere', 'e'), say('12'.repeat(1_000)), large]
  for (const draft of drafts) {
    const { seq } = await ledger.append(draft)
    const body = draft.content?.[0]?.body
    assert.deepEqual(await contentsOf(place, await ledger.at(seq)), {
      message: Uint8Array.from(Buffer.from(String(body))),
    })
  }
})

test('a body that changes while it is read is refused, and nothing is recorded', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const body = new Uint8Array(3_000_000)
  const appended = ledger.append({ ...AGENT, content: [message(body)] })
  const changing = setInterval(() => body.fill((body[2_999_999] ?? 0) + 1, 2_999_999), 0)
  await assert.rejects(appended, { code: 'invalid-draft' })
  clearInterval(changing)
  assert.equal((await ledger.health()).size, 1)
})

test('appends are recorded in the order of their calls, whatever each has to wait for', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const drafts = Array.from({ length: 60 }, (_, i): Draft => {
    if (i % 4 === 0) return { ...AGENT, conversation_id: `new ${i}` }
    if (i % 4 === 1) return { ...AGENT, content: [message(`words ${i}`)] }
    return i % 4 === 2 ? AGENT : { ...AGENT, subject_ids: [`person ${i}`, `patient ${i % 8}`] }
  })
  const appended = await Promise.all(drafts.map((draft) => ledger.append(draft)))
  assert.deepEqual(
    appended.map(({ seq }) => seq),
    drafts.map((_, i) => i + 1),
  )
})

test('many drafts wait for room, also where all of them wait for keys', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET, queueCapacity: 2 })
  const drafts = Array.from({ length: 12 }, (_, i): Draft => ({ ...AGENT, subject_ids: [`person ${i}`] }))
  const outcomes = await ledger.appendMany(drafts)
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    drafts.map(() => 'recorded'),
  )
})

test('no id of a person, and nothing that was said, is in any byte of the folder', async () => {
  const place = await made()
  const said = 'Your potassium came back at 6.1, and Dr. Lee wants to see you'
  {
    await using ledger = await openFolder(place.folder, { publish: QUIET })
    await ledger.append({
      ...AGENT,
      on_behalf_of: 'nurse-11',
      conversation_id: 'visit-1',
      subject_ids: [PATIENT],
      resource_type: 'patient_record',
      resource_id: 'chart-00441',
      content: [message(said), message(Buffer.alloc(400_000, said), { name: 'scan' })],
    })
    await ledger.append({ action: 'user_message_received', actor_id: 'dr.lee@clinic.example', actor_type: 'user' })
    for (const file of readdirSync(place.folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue
      const bytes = readFileSync(join(file.parentPath, file.name))
      for (const words of [PATIENT, 'chart-00441', 'nurse-11', 'dr.lee', said.slice(5, 25)]) {
        for (const form of [
          words,
          Buffer.from(words).toString('hex'),
          Buffer.from(words).toString('base64').slice(0, -4),
        ]) {
          assert.ok(!bytes.includes(form), `${file.name} has ${words}`)
        }
      }
    }
  }
})

test('a person is found by the id that was handed in, and by the token', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  await ledger.append({ ...AGENT, subject_ids: ['eleanor.vance'] })
  await ledger.append({ action: 'user_message_received', actor_id: 'eleanor.vance', actor_type: 'user' })
  await ledger.append({ action: 'tool_invoked', actor_id: 'eleanor.vance', actor_type: 'agent' })
  const seqs = async (filter: Parameters<Ledger['search']>[0]): Promise<number[]> => {
    const found: number[] = []
    for await (const { seq } of ledger.search(filter)) found.push(seq)
    return found
  }
  const token = (await ledger.at(1))?.subject_ids?.[0] ?? ''
  assert.match(token, /^tok_[0-9a-f]{32}$/)
  assert.deepEqual(await seqs({ subject_id: 'eleanor.vance' }), [1])
  assert.deepEqual(await seqs({ subject_id: token }), [1])
  assert.deepEqual(await seqs({ subject_id: 'nobody' }), [])
  // An agent of that name is no person: its id stands as it is.
  assert.deepEqual(await seqs({ actor_id: 'eleanor.vance' }), [2, 3])
  assert.deepEqual(await seqs({ actor_id: token }), [2])
  const limited: number[] = []
  for await (const { seq } of ledger.search({ actor_id: 'eleanor.vance' }, { limit: 1, order: 'descending' }))
    limited.push(seq)
  assert.deepEqual(limited, [3])
})

test('what is found in metadata is masked, what is found in ids becomes a token, and the record says what', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const { seq } = await ledger.append({
    ...AGENT,
    data_classification: 'internal',
    conversation_id: 'mail-from-bob@example.com',
    details: { note: 'call 555-867-5309 x; SSN 536-22-8726', tokens: 12 },
    content: [message('card 4111 1111 1111 1111, CVV 123, thanks')],
  })
  const record = await ledger.at(seq)
  assert.match(String(record?.conversation_id), /^tok_/)
  assert.deepEqual(record?.details?.masked, [
    { path: 'details.note', types: ['phone_number', 'us_ssn'] },
    { path: 'content.message', types: ['card_verification_value'] },
  ])
  assert.ok(!JSON.stringify(record).includes('8726') && !JSON.stringify(record).includes('example.com'))
  assert.deepEqual([record?.data_classification, record?.compliance_domains], ['restricted', ['gdpr', 'pci_dss']])
  const opened = await contentsOf(place, record)
  assert.equal(
    Buffer.from(opened.message ?? []).toString(),
    'card 4111 1111 1111 1111, CVV [removed: card_verification_value], thanks',
  )
  const named = ledger.append({ ...AGENT, content: [message('x', { name: 'mail of bob@example.com' })] })
  await assert.rejects(named, { code: 'invalid-draft', path: 'content[0].name' })
  const placed = await ledger.append({ ...AGENT, source: { ip: 'card 4111 1111 1111 1111' } })
  assert.deepEqual((await ledger.at(placed.seq))?.source, { ip: 'card [payment_card]' })
  const declared = await ledger.append({ ...AGENT, source: { ip: '10.20.30.40' } })
  assert.deepEqual((await ledger.at(declared.seq))?.source, { ip: '10.20.30.40' })
  await assert.rejects(ledger.append({ ...AGENT, details: { masked: [] } }), {
    code: 'invalid-draft',
    path: 'details.masked',
  })
})

test('what an agent records is not below the floor that the registry sets, and what it declares above it stays', async () => {
  const place = await made()
  const text =
    'version: 1\nrevision: r1\nagents: { clinic: { data_classification: confidential, compliance_domains: [hipaa] } }\n'
  const registry = parseRegistry(text, 'yaml', 'r.yaml')
  await using ledger = await openFolder(place.folder, { publish: QUIET, registry })
  const of = async (more: Partial<Draft>): Promise<unknown[]> => {
    const { seq } = await ledger.append({ ...AGENT, ...more })
    const record = await ledger.at(seq)
    return [record?.data_classification, record?.compliance_domains]
  }
  assert.deepEqual(await of({ agent_name: 'clinic', data_classification: 'public' }), ['confidential', ['hipaa']])
  assert.deepEqual(
    await of({ agent_name: 'clinic', data_classification: 'restricted', compliance_domains: ['gdpr'] }),
    ['restricted', ['gdpr', 'hipaa']],
  )
  assert.deepEqual(await of({ agent_name: 'unheard of', data_classification: 'public' }), ['confidential', undefined])
})

test('a policy that changes is on record once, with its digest and the one before', async () => {
  const place = await made()
  const policy = (revision: string) => parseRegistry(`version: 1\nrevision: ${revision}\n`, 'yaml', 'r.yaml')
  for (const revision of ['r1', 'r1', 'r2', 'r1']) {
    await using _ = await openFolder(place.folder, { publish: QUIET, registry: policy(revision) })
  }
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const changes: unknown[] = []
  for await (const { details } of ledger.search({ action: 'policy_changed' })) changes.push(details)
  const [r1, r2] = [policy('r1').digest, policy('r2').digest]
  assert.deepEqual(changes, [
    { policy: 'registry', revision: 'r1', digest: r1 },
    { policy: 'registry', revision: 'r2', digest: r2, previous_digest: r1 },
    { policy: 'registry', revision: 'r1', digest: r1, previous_digest: r2 },
  ])
})

test('sensitive authentication data is taken out of a large body too, wherever the pieces are cut', async () => {
  const place = await made()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const body = `${'word '.repeat(52_400)}CVV 123 ${'and on '.repeat(20_000)}`
  const { seq } = await ledger.append({ ...AGENT, content: [message(body)] })
  const opened = await contentsOf(place, await ledger.at(seq))
  const text = Buffer.from(opened.message ?? []).toString()
  assert.equal(text, body.replace('CVV 123', 'CVV [removed: card_verification_value]'))
})

test('a retry in another month is the same record, and a changed one a conflict', async () => {
  const place = await made()
  const clock = fixedClock(Date.UTC(2026, 10, 30, 23, 59, 59))
  await using ledger = await openFolder(place.folder, { publish: QUIET, clock })
  const draft: Draft = { ...AGENT, id: ID, subject_ids: [PATIENT], content: [message('word for word')] }
  const first = await ledger.append(draft)
  clock.pass(2_000)
  assert.deepEqual(await ledger.append(draft), { ...first, state: 'duplicate' })
  await assert.rejects(ledger.append({ ...draft, content: [message('other words')] }), { code: 'id-conflict' })
  await assert.rejects(ledger.append({ ...draft, subject_ids: ['somebody else'] }), { code: 'id-conflict' })
  assert.equal((await ledger.health()).size, 4)
})

test('a retry whose keys are destroyed is a duplicate that nobody can compare', async () => {
  const place = await made()
  const draft: Draft = { ...AGENT, id: ID, timestamp: '2026-11-21T09:30:00.000Z', subject_ids: [PATIENT] }
  {
    await using ledger = await openFolder(place.folder, { publish: QUIET })
    await ledger.append(draft)
  }
  const keyring = await openFolderKeyring(place.folder, place.origin, 'open')
  const owner = (await keyring.tokenOf(PATIENT)) ?? assert.fail('no token')
  await keyring.turnOver([{ owner_kind: 'subject', owner }])
  await keyring.close()
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  const { state, seq, duplicate } = await ledger.append({ ...draft, outcome: 'failure' })
  assert.deepEqual([state, seq, duplicate], ['duplicate', 1, 'not compared'])
})

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

// AFFIDAVIT_SOAK=1 hands in 400 MB.
const LARGE_MEGABYTES = process.env.AFFIDAVIT_SOAK === '1' ? 400 : 64

test('a body larger than what may be held is recorded, and opened, without being held', async () => {
  const place = await made()
  const file = join(root, 'large')
  const piece = Buffer.alloc(1_000_000, 'a line of a long report, word for word\n')
  for (let i = 0; i < LARGE_MEGABYTES; i++) writeFileSync(file, piece, { flag: 'a' })
  await using ledger = await openFolder(place.folder, { publish: QUIET })
  let most = 0
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  const held = (): number => process.memoryUsage().arrayBuffers - before
  // What is not held any more is collected where it would count, and not each time: that would cost more than the rest of this file.
  const looking = setInterval(() => {
    if (held() > most) collectGarbage()
    most = Math.max(most, held())
  }, 100)
  const { seq } = await ledger.append({ ...AGENT, content: [message(await openAsBlob(file))] })
  clearInterval(looking)
  assert.ok(most < 40_000_000, `${most} bytes were held`)
  const record = await ledger.at(seq)
  assert.equal(record?.content?.[0]?.plain_size, LARGE_MEGABYTES * 1_000_000)
})
