// Detectors of an application's own, through its open ledger (spec/detection.md §10).

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import fc from 'fast-check'

import { openFolder } from '../embedded/open.ts'
import {
  type AuditRecord,
  type Detector,
  type Draft,
  knownIdentifiers,
  LedgerError,
  openLedger,
  parseRegistry,
} from '../index.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { handAlarm } from '../testing/hand-alarm.ts'
import type { Ledger } from './ledger.ts'
import { wholeBody } from './open-content.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-detectors-'))
after(() => rmSync(root, { recursive: true, force: true }))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const AGENT = { action: 'tool_completed', actor_id: 'clinic-agent', actor_type: 'agent' } as const
const LOW = { data_classification: 'internal' } as const
const NAMES = knownIdentifiers('names', 'person_name', ['Eleanor Vance'])
const RECIPIENTS = `
version: 1
revision: r
agents: { clinic: { data_classification: internal } }
recipients:
  models: { kind: model_provider, agreement: { kind: dpa, reference: D-1 }, compliance_domains: [hipaa], on_violation: block }
  all: { kind: model_provider, agreement: { kind: dpa, reference: D-2 }, compliance_domains: [hipaa, gdpr], on_violation: record }
`

const ACCESS = `
affidavit_access: 1
revision: r
people: { dr.lee: { roles: [privacy_officer] } }
everybody_else: [reader]
`

const folder = join(root, 'ledger')
before(async () => {
  const ledger = await openLedger(folder, { origin: 'detectors.example/clinic', publish: QUIET })
  await ledger.close()
  writeFileSync(join(folder, 'access.yaml'), ACCESS)
})

const REGISTRY = parseRegistry(RECIPIENTS, 'yaml', 'r.yaml')

function open(detectors: readonly Detector[], more: Parameters<typeof openFolder>[1] = {}): Promise<Ledger> {
  return openFolder(folder, { publish: QUIET, clock: fixedClock(), detectors, registry: REGISTRY, ...more })
}

function saying(body: string | Blob, media_type = 'text/plain'): Pick<Draft, 'content'> {
  return { content: [{ name: 'message', media_type, body }] }
}

async function recorded(ledger: Ledger, draft: Draft): Promise<AuditRecord> {
  const { id } = await ledger.append(draft)
  return (await ledger.get(id)) ?? assert.fail('is not there')
}

/** The contents of a record as somebody reads them who may. */
async function revealed(ledger: Ledger, { id }: AuditRecord): Promise<Record<string, string>> {
  const bodies: Record<string, string> = {}
  const [found] = await ledger.as({ actor_id: 'dr.lee' }).reveal({ record: id }, { reason: 'a test' })
  for (const content of found?.contents ?? []) {
    const body = content.state === 'opened' ? await wholeBody(content.body) : assert.fail('unavailable')
    bodies[content.name] = Buffer.from(body).toString()
  }
  return bodies
}

const failing: Detector = { name: 'failing', detect: () => Promise.reject(new Error('down')) }

function failingAt(word: string): Detector {
  return { name: 'failing', detect: (text) => (text.includes(word) ? Promise.reject(new Error(text)) : []) }
}

test('what a detector of one’s own finds is masked in metadata, and raises the record', async () => {
  await using ledger = await open([NAMES])
  const record = await recorded(ledger, { ...AGENT, ...LOW, details: { note: 'Eleanor Vance called' } })
  assert.deepEqual(record.details, {
    note: '[person_name] called',
    masked: [{ path: 'details.note', types: ['person_name'] }],
  })
  assert.deepEqual([record.data_classification, record.compliance_domains], ['confidential', ['gdpr']])
})

describe('what a detector of one’s own finds in content raises the record, and the content stays word for word', () => {
  const cases: readonly [what: string, body: string | Blob, media_type: string][] = [
    ['in a text', 'I am Eleanor Vance.', 'text/plain'],
    ['behind escapes of JSON', '{"name":"Eleanor\\u0020Vance"}', 'application/json'],
    ['far inside a large body', new Blob(['x '.repeat(200_000), 'Eleanor Vance', ' y'.repeat(200_000)]), 'text/plain'],
  ]
  for (const [what, body, media_type] of cases) {
    test(what, async () => {
      await using ledger = await open([NAMES])
      const record = await recorded(ledger, { ...AGENT, ...LOW, ...saying(body, media_type) })
      assert.deepEqual([record.data_classification, record.compliance_domains], ['confidential', ['gdpr']])
      assert.equal(record.details, undefined)
      const { message } = await revealed(ledger, record)
      assert.equal(message, typeof body === 'string' ? body : await body.text())
    })
  }
})

test('an id in which it finds something becomes a token', async () => {
  await using ledger = await open([NAMES])
  const record = await recorded(ledger, { ...AGENT, ...LOW, conversation_id: 'Eleanor Vance' })
  assert.match(record.conversation_id ?? '', /^tok_/)
})

test('where nothing is found, the record is as it is without detectors', async () => {
  const draft = { ...AGENT, ...LOW, details: { tool: 'get_chart' }, conversation_id: 'visit-1', ...saying('hello') }
  const records: object[] = []
  for (const detectors of [[], [NAMES]]) {
    await using ledger = await open(detectors)
    const { details, conversation_id, data_classification, compliance_domains } = await recorded(ledger, draft)
    records.push({ details, conversation_id, data_classification, compliance_domains })
  }
  assert.deepEqual(records[0], records[1])
})

test('a name that no content may have is refused, with its place', async () => {
  await using ledger = await open([NAMES])
  const content = [{ name: 'letter to Eleanor Vance', media_type: 'text/plain', body: 'x' }]
  await assert.rejects(ledger.append({ ...AGENT, content }), { code: 'invalid-draft', path: 'content[0].name' })
})

test('metadata that a detector failed at does not stand in the record; it is sealed, and the record says who failed', async () => {
  await using ledger = await open([NAMES, failing])
  const details = { tool: 'get_chart', note: 'Eleanor Vance called, SSN 123-45-6789' }
  const draft = { ...AGENT, ...LOW, agent_name: 'triage', conversation_id: 'visit-2', details, ...saying('hello') }
  const record = await recorded(ledger, draft)
  assert.deepEqual(record.details, {
    undetected: [{ detector: 'failing', parts: ['metadata', 'content.content 1', 'content.metadata'] }],
  })
  assert.equal(record.agent_name, '[not_looked_at]')
  assert.match(record.conversation_id ?? '', /^tok_/)
  assert.match(record.actor_id, /^tok_/)
  assert.equal(record.data_classification, 'restricted')
  assert.deepEqual(record.compliance_domains, ['gdpr'])
  const bodies = await revealed(ledger, record)
  assert.equal(bodies['content 1'], 'hello')
  assert.deepEqual(JSON.parse(bodies.metadata ?? ''), { agent_name: 'triage', details })
})

test('what may not be kept at all is not in what is sealed of the metadata either', async () => {
  await using ledger = await open([failing])
  const record = await recorded(ledger, { ...AGENT, details: { cvv: 737 } })
  assert.deepEqual(
    (await revealed(ledger, record)).metadata,
    '{"details":{"cvv":"[removed: card_verification_value]"}}',
  )
  assert.deepEqual(record.details?.masked, [{ path: 'content.metadata', types: ['card_verification_value'] }])
})

test('content that a detector failed at is restricted, and named', async () => {
  await using ledger = await open([failingAt('ladder')])
  const record = await recorded(ledger, { ...AGENT, ...LOW, details: { tool: 'x' }, ...saying('fell from a ladder') })
  assert.equal(record.data_classification, 'restricted')
  assert.deepEqual(record.details, { tool: 'x', undetected: [{ detector: 'failing', parts: ['content.message'] }] })
})

test('a detector that never answers delays a draft no longer than its patience, and nobody behind it', async () => {
  const { alarm, waiting, ring } = handAlarm()
  const silent: Detector = { name: 'silent', detect: (text) => (text.includes('slow') ? new Promise(() => {}) : []) }
  await using ledger = await open([silent], { alarm, detectorPatienceMillis: 1234 })
  const outcomes = ledger.appendMany([
    { ...AGENT, ...LOW, details: { note: 'slow' } },
    { ...AGENT, ...LOW, details: { note: 'fast' } },
  ])
  while (waiting().length !== 1) await new Promise(setImmediate)
  assert.deepEqual(waiting(), [1234])
  ring()
  const [slow, fast] = await outcomes
  assert.ok(slow?.state === 'recorded' && fast?.state === 'recorded' && slow.seq + 1 === fast.seq)
  assert.deepEqual((await ledger.at(slow.seq))?.details?.undetected, [
    { detector: 'silent', parts: ['metadata', 'content.metadata'] },
  ])
  assert.deepEqual((await ledger.at(fast.seq))?.details, { note: 'fast' })
})

test('appends are recorded in the order of their calls, however long detectors take', async () => {
  const waits = fc.array(fc.nat(20), { minLength: 2, maxLength: 12 })
  const slow: Detector = {
    name: 'slow',
    async detect(text) {
      const turns = Number(/turns: (\d+)/.exec(text)?.[1] ?? 0)
      for (let i = 0; i < turns; i++) await new Promise(setImmediate)
      return []
    },
  }
  await using ledger = await open([slow])
  await fc.assert(
    fc.asyncProperty(waits, async (turns) => {
      const outcomes = await Promise.all(turns.map((n) => ledger.append({ ...AGENT, details: { turns: n } })))
      const seqs = outcomes.map(({ seq }) => seq)
      assert.deepEqual(
        seqs,
        seqs.toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 20 },
  )
})

test('a late fact keeps the words that it consists of', async () => {
  await using ledger = await open([failing])
  const about = await recorded(ledger, AGENT)
  const record = await recorded(ledger, {
    action: 'record_reclassified',
    actor_id: 'officer',
    actor_type: 'admin',
    parent_id: about.id,
    details: { reason: 'Eleanor Vance asked', data_classification: 'restricted' },
  })
  const { undetected, ...details } = record.details ?? {}
  assert.deepEqual(details, { reason: '[not_looked_at]', data_classification: 'restricted' })
  assert.equal(Array.isArray(undetected), true)
  assert.equal((await revealed(ledger, record)).metadata, '{"details":{"reason":"Eleanor Vance asked"}}')
})

test('a retry is acknowledged, whatever detectors found the first time', async () => {
  const id = '0193f5a2-7c00-7abc-8def-00000000000a'
  const draft = { ...AGENT, id, details: { note: 'Eleanor Vance' }, ...saying('Eleanor Vance') }
  const states: string[] = []
  for (const detectors of [[failing], [NAMES], []]) {
    await using ledger = await open(detectors)
    states.push((await ledger.append(draft)).state)
  }
  assert.deepEqual(states, ['recorded', 'duplicate', 'duplicate'])
})

describe('a recipient is judged by what detectors of one’s own found', () => {
  const call = { ...AGENT, ...LOW, action: 'model_invoked', agent_name: 'clinic' } as const

  test('a name makes a message personal data, which was not agreed', async () => {
    await using ledger = await open([NAMES])
    await ledger.append({ ...call, details: { recipient: 'models' }, ...saying('nobody') })
    const refused = ledger.append({ ...call, details: { recipient: 'models' }, ...saying('Eleanor Vance') })
    await assert.rejects(refused, { code: 'recipient-refused' })
  })

  test('what a detector failed at is not handed over where the registry blocks, and is a finding where it does not', async () => {
    await using ledger = await open([failingAt('ladder')])
    const blocked = ledger.append({ ...call, details: { recipient: 'models' }, ...saying('a ladder') })
    await assert.rejects(blocked, { code: 'recipient-refused', cure: /detector/ })
    const record = await recorded(ledger, { ...call, details: { recipient: 'all' }, ...saying('a ladder') })
    assert.deepEqual(record.details?.recipient_finding, { code: 'not-looked-at', entry: 'all' })
  })

  test('the refusal of a draft holds no word that only a detector knew', async () => {
    await using ledger = await open([NAMES])
    const who = { agent_version: 'for Eleanor Vance', conversation_id: 'Eleanor Vance' }
    await assert.rejects(ledger.append({ ...call, ...who, details: { recipient: 'models' }, ...saying('x') }))
    for await (const record of ledger.search({ action: 'draft_rejected' }))
      assert.doesNotMatch(JSON.stringify(record), /Eleanor/)
  })
})

test('of everything that detectors saw or failed at, no name stands in any file', async () => {
  const bytes = readdirSync(folder).filter((name) => name.includes('.db'))
  assert.ok(bytes.length > 0)
  for (const name of bytes) assert.equal(readFileSync(join(folder, name)).includes('Eleanor'), false, name)
})

describe('refused as detectors', () => {
  const named = (name: unknown): Detector => ({ name: name as string, detect: () => [] })
  const lies: readonly [what: string, detectors: readonly Detector[], patience: number, path: string][] = [
    ['one without a name', [named('')], 1, 'detectors[0].name'],
    ['one whose name is no text', [named(7)], 1, 'detectors[0].name'],
    ['one whose name hides a character', [named('a\u200b')], 1, 'detectors[0].name'],
    ['one with a name of 65 bytes', [named('n'.repeat(65))], 1, 'detectors[0].name'],
    ['two of one name', [named('a'), named('a')], 1, 'detectors[1].name'],
    ['seventeen', Array.from({ length: 17 }, (_, i) => named(`d${i}`)), 1, 'detectors'],
    ['no patience', [named('a')], 0, 'detectorPatienceMillis'],
    ['patience that is no number', [named('a')], Number.NaN, 'detectorPatienceMillis'],
    ['more patience than a timer has', [named('a')], 2 ** 31, 'detectorPatienceMillis'],
  ]
  for (const [what, detectors, detectorPatienceMillis, path] of lies) {
    test(what, () =>
      assert.rejects(open(detectors, { detectorPatienceMillis }), (error) => {
        return error instanceof LedgerError && error.code === 'invalid-query' && error.path === path
      }),
    )
  }
})

test('a detector that appends to the ledger which asks it finds the queue full, and is named as one that failed', async () => {
  let asked: Ledger | undefined
  const appending: Detector = {
    name: 'appending',
    async detect() {
      await asked?.append({ ...AGENT, ...LOW, details: { note: 'a text was looked at' } })
      return []
    },
  }
  await using ledger = await open([appending], { queueCapacity: 8 })
  asked = ledger
  const { id } = await ledger.append({ ...AGENT, ...LOW, details: { note: 'hello' } })
  asked = undefined
  const undetected: unknown[] = []
  for await (const { details } of ledger.search({ action: AGENT.action }))
    if (details?.undetected !== undefined) undetected.push(details.undetected)
  assert.ok(undetected.length > 0)
  assert.notEqual(await ledger.get(id), undefined)
})

describe('a message says whether it tells of somebody’s health', () => {
  const MESSAGE = { action: 'user_message_received', actor_id: 'dr-adams', actor_type: 'user' } as const
  const HEALTH = { compliance_domains: ['hipaa'] }
  const cases: readonly [what: string, draft: Draft, phi_found: unknown, detectors?: readonly Detector[]][] = [
    ['by an identifier of a patient', { ...MESSAGE, ...saying('MRN 00441 fell') }, true],
    [
      'by any identifier, where the record is under HIPAA',
      { ...MESSAGE, ...HEALTH, ...saying('SSN 536-22-8726') },
      true,
    ],
    ['by a name, where somebody finds it', { ...MESSAGE, ...HEALTH, ...saying('Eleanor Vance fell') }, true, [NAMES]],
    [
      'by an identifier in its metadata',
      { ...MESSAGE, ...HEALTH, purpose: 'SSN 536-22-8726', ...saying('hello') },
      true,
    ],
    ['in a large body', { ...MESSAGE, ...saying(new Blob(['x '.repeat(200_000), 'MRN 00441'])) }, true],
    ['not by an identifier elsewhere', { ...MESSAGE, ...saying('SSN 536-22-8726') }, false],
    ['not where nothing is found', { ...MESSAGE, ...HEALTH, ...saying('I fell from a ladder') }, false],
    ['nobody knows where a detector failed', { ...MESSAGE, ...saying('hello') }, 'unknown', [failing]],
    ['what is found counts where another failed', { ...MESSAGE, ...saying('MRN 00441') }, true, [failing]],
    [
      'nobody knows of a picture',
      { ...MESSAGE, ...saying(new Blob([Uint8Array.of(0xff, 0xfe)]), 'image/png') },
      'unknown',
    ],
    ['not where nothing is said', { ...MESSAGE, ...HEALTH }, undefined],
    ['not where an agent speaks', { ...AGENT, ...saying('MRN 00441') }, undefined],
  ]
  for (const [what, draft, phi_found, detectors = []] of cases) {
    test(what, async () => {
      await using ledger = await open(detectors)
      assert.equal((await recorded(ledger, draft)).details?.phi_found, phi_found)
    })
  }

  test('whoever hands it in does not', async () => {
    await using ledger = await open([])
    const error = { code: 'invalid-draft', path: 'details.phi_found' }
    await assert.rejects(ledger.append({ ...MESSAGE, details: { phi_found: false }, ...saying('MRN 00441') }), error)
  })
})
