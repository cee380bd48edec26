// Who may be given what, as an application meets it: through its open ledger (spec/registry.md §8).

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { databaseFile } from '../embedded/folder.ts'
import { openFolderKeyring } from '../embedded/keyring.ts'
import { openFolder } from '../embedded/open.ts'
import { type AuditRecord, type Draft, type Ledger, type LedgerError, openLedger, parseRegistry } from '../index.ts'
import { connectSqlite } from '../stores/sqlite/connect.ts'
import { fixedClock } from '../testing/fixed-clock.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-hand-over-'))
after(() => rmSync(root, { recursive: true, force: true }))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

const RECIPIENTS = `
version: 1
revision: hand-over
agents: { clinic: { data_classification: internal } }
recipients:
  https://models.example/*:
    kind: model_provider
    agreement: { kind: baa, reference: BAA-7, valid_from: 2026-01-01, valid_until: 2026-12-31 }
    compliance_domains: [hipaa]
    on_violation: block
  https://old.example/*:
    kind: model_provider
    agreement: { kind: baa, reference: BAA-1, valid_until: 2026-11-20 }
    compliance_domains: [hipaa]
    on_violation: record
  https://soon.example/*:
    kind: mcp_server
    agreement: { kind: dpa, reference: DPA-2, valid_from: 2026-11-22 }
    compliance_domains: [hipaa]
    on_violation: record
  fax: { kind: service, compliance_domains: [hipaa], on_violation: record }
  overseas: { kind: service, region: apac, agreement: { kind: dpa, reference: D-3 }, compliance_domains: [gdpr], on_violation: record }
  dr-lee@harbour.example: { kind: person, compliance_domains: [hipaa], on_violation: record }
regions: { gdpr: [eu] }
`

const REGISTRY = parseRegistry(RECIPIENTS, 'yaml', 'recipients.yaml')
const STRICT = parseRegistry(`${RECIPIENTS}unknown_recipients: block\n`, 'yaml', 'strict.yaml')
const SILENT = parseRegistry('version: 1\nrevision: silent\n', 'yaml', 'silent.yaml')

const MODELS = 'https://models.example/v1/chat'
const CALL = { action: 'model_invoked', actor_id: 'clinic-agent', actor_type: 'agent', agent_name: 'clinic' } as const
const HIPAA = { compliance_domains: ['hipaa'] }
const SECRET = 'The patient fell from a ladder, MRN 00441.'

let folders = 0

function newFolder(): string {
  return join(root, String(folders++))
}

function open(folder: string, registry = REGISTRY): Promise<Ledger> {
  return openLedger(folder, { origin: 'handover.example/clinic', registry, clock: fixedClock(), publish: QUIET })
}

function to(recipient: unknown, more: Partial<Draft> = {}): Draft {
  const { details = {}, ...rest } = more
  return { ...CALL, ...rest, details: { ...details, recipient } }
}

function saying(body: string | Blob): Pick<Draft, 'content'> {
  return { content: [{ name: 'message', media_type: 'text/plain', body }] }
}

/** What is on record, with the ledger's own eyes: reading through `as` would add records. */
async function recordsIn(folder: string, action: string): Promise<AuditRecord[]> {
  const ledger = await openFolder(folder, { publish: QUIET, clock: fixedClock() })
  try {
    const records: AuditRecord[] = []
    for await (const record of ledger.search({ action })) records.push(record)
    return records
  } finally {
    await ledger.close()
  }
}

// One ledger for many: each opening makes keys.
const shared = newFolder()
before(() => open(shared).then((ledger) => ledger.close()))

async function recordOf(registry: typeof REGISTRY, draft: Draft): Promise<AuditRecord | undefined> {
  await using ledger = await openFolder(shared, { registry, publish: QUIET, clock: fixedClock() })
  const { id } = await ledger.append(draft)
  return ledger.get(id)
}

async function refusedBy(ledger: Ledger, draft: Draft): Promise<LedgerError> {
  const [outcome] = await ledger.appendMany([draft])
  return outcome?.state === 'refused' ? outcome.error : assert.fail(`was ${outcome?.state}`)
}

/** Rows of sealed payloads, and of their uses. */
function payloadRows(folder: string): number {
  const db = connectSqlite(databaseFile(folder), 'open')
  try {
    const counted = db
      .prepare('SELECT (SELECT count(*) FROM payloads) + (SELECT count(*) FROM payload_uses) AS n')
      .get()
    return Number(Object.values(counted ?? {})[0])
  } finally {
    db.close()
  }
}

test('a recipient under agreement is given what was agreed, and the record says no more than that', async () => {
  const folder = newFolder()
  await using ledger = await open(folder)
  await ledger.append(to(MODELS, HIPAA))
  await ledger.append({ ...CALL, ...HIPAA })
  await ledger.close()
  const [given, nobody] = await recordsIn(folder, 'model_invoked')
  assert.deepEqual(given?.details, { recipient: MODELS })
  assert.equal(nobody?.details, undefined)
})

describe('a finding stands in the record', () => {
  const cases: readonly [what: string, draft: Draft, finding: object][] = [
    [
      'the agreement ended yesterday',
      to('https://old.example/v1', HIPAA),
      { code: 'agreement-ended', entry: 'https://old.example/*', agreement: 'BAA-1' },
    ],
    [
      'the agreement begins tomorrow',
      to('https://soon.example/mcp', { ...HIPAA, action: 'tool_invoked' }),
      { code: 'agreement-not-begun', entry: 'https://soon.example/*', agreement: 'DPA-2' },
    ],
    [
      'data of other domains than were agreed',
      to('fax', { compliance_domains: ['hipaa', 'sox', 'glba'], action: 'data_disclosed' }),
      { code: 'domain-not-agreed', entry: 'fax', domains: ['glba', 'sox'] },
    ],
    ['no agreement at all', to('fax', HIPAA), { code: 'agreement-missing', entry: 'fax', domains: ['hipaa'] }],
    [
      'another region',
      to('overseas', { compliance_domains: ['gdpr'] }),
      { code: 'region-not-agreed', entry: 'overseas', domains: ['gdpr'] },
    ],
    ['a recipient that nobody registered', to('somebody'), { code: 'recipient-unknown' }],
    [
      'a number of a patient that only a detector found, in words that nobody classified',
      to('overseas', { data_classification: 'internal', ...saying(SECRET) }),
      { code: 'domain-not-agreed', entry: 'overseas', domains: ['hipaa'] },
    ],
    [
      'a number of a patient that a detector found in the metadata',
      to('overseas', { data_classification: 'internal', details: { note: 'MRN 00441' } }),
      { code: 'domain-not-agreed', entry: 'overseas', domains: ['hipaa'] },
    ],
    [
      'what was imported, though it should have been blocked',
      to(MODELS, { compliance_domains: ['sox'], assurance: 'imported' }),
      { code: 'domain-not-agreed', entry: 'https://models.example/*', domains: ['sox'] },
    ],
    [
      'what was observed, though it should have been blocked',
      to(MODELS, { ...HIPAA, assurance: 'observed', timestamp: '2027-01-01T00:00:00.000Z' }),
      { code: 'agreement-ended', entry: 'https://models.example/*', agreement: 'BAA-7' },
    ],
    [
      'the answer that was delivered',
      to('somebody', { action: 'agent_response_delivered' }),
      { code: 'recipient-unknown' },
    ],
  ]
  for (const [what, draft, finding] of cases) {
    test(what, async () => {
      const record = await recordOf(REGISTRY, draft)
      assert.deepEqual(record?.details?.recipient_finding, finding)
      assert.equal(record?.outcome, undefined)
      assert.doesNotMatch(JSON.stringify(record), /00441|ladder/)
    })
  }
})

describe('nothing is found', () => {
  const cases: readonly [what: string, draft: Draft, registry: typeof REGISTRY][] = [
    ['in a registry without recipients', to('somebody', HIPAA), SILENT],
    [
      'of what was denied, and so went to nobody',
      to(MODELS, { compliance_domains: ['sox'], outcome: 'denied' }),
      STRICT,
    ],
    ['of a record by which nothing goes anywhere', to('somebody', { action: 'approval_requested' }), STRICT],
    [
      'within the agreement, at the time of the record',
      to('https://old.example/v1', { timestamp: '2026-11-20T23:59:59.999Z' }),
      STRICT,
    ],
    ['of a recipient in another spelling', to('HTTPS://Models.example:443/v1/../v1/chat', HIPAA), STRICT],
  ]
  for (const [what, draft, registry] of cases) {
    test(what, async () => {
      const record = await recordOf(registry, draft)
      assert.equal(record?.details?.recipient_finding, undefined)
      assert.equal(record?.details?.recipient, draft.details?.recipient)
    })
  }
})

test('what is blocked is refused on record, and leaves no content behind', async () => {
  const folder = newFolder()
  await using ledger = await open(folder)
  const turn = { conversation_id: 'visit-1', on_behalf_of: 'u-17', subject_ids: ['p-9'] }
  const large = new Blob([`${SECRET}\n`, Buffer.alloc(700_000, 'word for word; ')])
  const domains = { compliance_domains: ['hipaa', 'sox'] }
  const drafts = [
    to(MODELS, { ...turn, ...domains, ...saying(SECRET) }),
    to(MODELS, { ...turn, ...domains, ...saying(large) }),
  ]
  for (const draft of drafts) {
    const error = await refusedBy(ledger, draft)
    assert.deepEqual([error.code, error.path, error.blame], ['recipient-refused', 'details.recipient', 'caller'])
    assert.doesNotMatch(error.message, /ladder|00441/)
  }
  await ledger.close()
  assert.equal(payloadRows(folder), 0)
  assert.deepEqual(await recordsIn(folder, 'model_invoked'), [])
  const refusals = await recordsIn(folder, 'draft_rejected')
  assert.equal(refusals.length, 2)
  for (const refusal of refusals) {
    const { content, details, outcome, outcome_reason, conversation_id, agent_name } = refusal
    assert.deepEqual([content, outcome, outcome_reason], [undefined, 'denied', 'domain-not-agreed'])
    assert.deepEqual([conversation_id, agent_name], ['visit-1', 'clinic'])
    assert.deepEqual([refusal.data_classification, refusal.compliance_domains], ['restricted', ['hipaa', 'sox']])
    assert.match(refusal.on_behalf_of ?? '', /^tok_/)
    assert.match(refusal.subject_ids?.[0] ?? '', /^tok_/)
    assert.deepEqual(
      [details?.refused_action, details?.recipient, details?.recipient_finding],
      ['model_invoked', MODELS, { code: 'domain-not-agreed', entry: 'https://models.example/*', domains: ['sox'] }],
    )
  }
  for (const file of readdirSync(folder).filter((name) => name.includes('.db'))) {
    const bytes = readFileSync(join(folder, file))
    assert.deepEqual([bytes.includes('ladder'), bytes.includes('00441')], [false, false])
  }
})

test('a content that is in order is not kept either where another one of its record is not', async () => {
  const folder = newFolder()
  await using ledger = await open(folder)
  const content = [
    { name: 'first', media_type: 'text/plain', body: new Blob([Buffer.alloc(700_000, 'harmless; ')]) },
    { name: 'second', media_type: 'text/plain', body: 'call me: ann@example.org' },
  ]
  assert.equal((await refusedBy(ledger, to(MODELS, { content }))).code, 'recipient-refused')
  await ledger.close()
  assert.equal(payloadRows(folder), 0)
})

test('an unknown recipient is blocked where the registry says so', async () => {
  const folder = newFolder()
  await using ledger = await open(folder, STRICT)
  const error = await refusedBy(ledger, to('dr.who@nowhere.example', { action: 'data_disclosed' }))
  assert.equal(error.code, 'recipient-refused')
  assert.doesNotMatch(error.message, /nowhere/)
  await ledger.close()
  const [refusal] = await recordsIn(folder, 'draft_rejected')
  // An address is nobody's business in metadata, and neither is it in a refusal.
  assert.equal(refusal?.details?.recipient, '[email_address]')
})

test('a recipient is judged by what was handed in, also where it is masked in the record', async () => {
  const folder = newFolder()
  await using ledger = await open(folder, STRICT)
  await ledger.append(to('dr-lee@harbour.example', { ...HIPAA, action: 'data_disclosed', assurance: 'imported' }))
  await ledger.close()
  const [record] = await recordsIn(folder, 'data_disclosed')
  assert.equal(record?.details?.recipient, '[email_address]')
  // The address itself raises the record to gdpr, which was not agreed.
  assert.deepEqual(record?.details?.recipient_finding, {
    code: 'domain-not-agreed',
    entry: 'dr-lee@harbour.example',
    domains: ['gdpr'],
  })
})

test('the same refusal is one record; what is agreed later is recorded under the same id', async () => {
  const folder = newFolder()
  const id = '0193f5a2-7c00-7abc-8def-000000000001'
  const draft = to('somebody', { id, ...saying(SECRET) })
  {
    await using ledger = await open(folder, STRICT)
    await refusedBy(ledger, draft)
    await refusedBy(ledger, draft)
  }
  const [refusal, ...more] = await recordsIn(folder, 'draft_rejected')
  assert.deepEqual([refusal?.details?.refused_id, more], [id, []])
  await using ledger = await open(folder, REGISTRY)
  assert.equal((await ledger.append(draft)).state, 'recorded')
})

test('a retry of what was recorded before is acknowledged, whatever the registry says since', async () => {
  const folder = newFolder()
  const id = '0193f5a2-7c00-7abc-8def-000000000002'
  const draft = to('somebody', { id, ...saying(SECRET) })
  {
    await using ledger = await open(folder, REGISTRY)
    await ledger.append(draft)
  }
  await using ledger = await open(folder, STRICT)
  assert.equal((await ledger.append(draft)).state, 'duplicate')
  await ledger.close()
  assert.deepEqual(await recordsIn(folder, 'draft_rejected'), [])
})

test('what is blocked is refused, and nothing of it kept, under an id that is taken too', async () => {
  const folder = newFolder()
  const id = '0193f5a2-7c00-7abc-8def-000000000002'
  {
    await using ledger = await open(folder, REGISTRY)
    await ledger.append(to('somebody', { id, ...saying(SECRET) }))
  }
  const kept = payloadRows(folder)
  await using ledger = await open(folder, STRICT)
  assert.equal((await refusedBy(ledger, to('somebody', { id, ...saying('something else') }))).code, 'recipient-refused')
  const large = to('somebody', { id, ...saying('x'.repeat(400_000)) })
  assert.equal((await refusedBy(ledger, large)).code, 'recipient-refused')
  await ledger.close()
  assert.equal(payloadRows(folder), kept)
  assert.equal((await recordsIn(folder, 'draft_rejected')).length, 2)
})

test('what is blocked is refused under the id of a record that nobody can compare it with', async () => {
  const folder = newFolder()
  const id = '0193f5a2-7c00-7abc-8def-000000000003'
  const draft = to('somebody', { id, subject_ids: ['PT-1'], ...saying(SECRET) })
  {
    await using ledger = await open(folder, REGISTRY)
    await ledger.append(draft)
    const keyring = await openFolderKeyring(folder, ledger.origin, 'open')
    const owner = (await keyring.tokenOf('PT-1')) ?? assert.fail('no token')
    await keyring.turnOver([{ owner_kind: 'subject', owner }])
    await keyring.close()
  }
  const kept = payloadRows(folder)
  await using ledger = await open(folder, STRICT)
  assert.equal((await refusedBy(ledger, { ...draft, ...saying('something else') })).code, 'recipient-refused')
  await ledger.close()
  assert.equal(payloadRows(folder), kept)
})

test('what comes behind a refusal is recorded, in its order', async () => {
  const folder = newFolder()
  await using ledger = await open(folder, STRICT)
  const outcomes = await ledger.appendMany([to(MODELS, HIPAA), to('nobody'), to(MODELS, { ...HIPAA, model: 'm-2' })])
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    ['recorded', 'refused', 'recorded'],
  )
  await ledger.close()
  const models = (await recordsIn(folder, 'model_invoked')).map(({ model }) => model)
  assert.deepEqual(models, [undefined, 'm-2'])
})

describe('refused as a recipient', () => {
  const lies: readonly [what: string, recipient: unknown][] = [
    ['a number', 7],
    ['a list', [MODELS]],
    ['nothing', null],
    ['an empty text', ''],
    ['a text that hides a character', 'models\u202eexample'],
    ['a text of 257 bytes', 'm'.repeat(257)],
    ['a URI with a password', 'https://me:secret@models.example/v1'],
    ['a URI with a user name, and backslashes', 'https:\\\\me@models.example/v1'],
    ['a URI with a password, and no scheme', '//me:secret@models.example/v1'],
    ['a URI with a password, and no slashes', 'https:me:secret@models.example/v1'],
    ['a URI with a password, and one slash more', 'https:///me:secret@models.example/v1'],
    ['a URI of a known recipient with one slash', 'https:/models.example/v1'],
    ['a URI of a known recipient with backslashes', 'HTTPS:\\\\models.example/v1'],
    ['a URI of a known recipient behind a space', ' https://models.example/v1'],
    ['a URI of a known recipient with a full stop behind its host', 'https://models.example./v1'],
  ]
  for (const [what, recipient] of lies) {
    test(what, async () => {
      await using ledger = await open(shared)
      const error = await refusedBy(ledger, to(recipient))
      assert.deepEqual([error.code, error.path], ['invalid-draft', 'details.recipient'])
      assert.doesNotMatch(error.message, /secret/)
    })
  }
})

test('no caller writes what the ledger finds', async () => {
  await using ledger = await open(newFolder())
  const error = await refusedBy(ledger, { ...CALL, details: { recipient_finding: { code: 'recipient-unknown' } } })
  assert.deepEqual([error.code, error.path], ['invalid-draft', 'details.recipient_finding'])
  assert.equal((await refusedBy(ledger, { ...CALL, action: 'draft_rejected' })).path, 'action')
})
