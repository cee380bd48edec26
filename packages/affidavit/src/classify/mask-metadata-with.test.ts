import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemAlarm } from '../clock/alarm.ts'
import type { OwnDraft } from '../formats/entry.ts'
import { createAsk } from './detect-with.ts'
import type { Detector } from './detector.ts'
import { knownIdentifiers } from './known-identifiers.ts'
import { lookWith } from './look.ts'
import { maskMetadata } from './mask-metadata.ts'
import { type MaskedWith, maskMetadataWith } from './mask-metadata-with.ts'
import { detectStructured } from './structured.ts'

const ADDRESS = 'ann@example.org'
const DRAFT: OwnDraft = { action: 'tool_completed', actor_id: 'triage-agent', actor_type: 'agent' }
const NONE = { undetectedBy: [], withheld: {} }

function maskWith(draft: OwnDraft, detectors: readonly Detector[]): Promise<MaskedWith> {
  return maskMetadataWith(draft, createAsk({ detectors, patienceMillis: 60_000, alarm: systemAlarm }))
}

/** Fails at every text that holds `word`. */
function failingAt(word: string, name = 'failing'): Detector {
  return { name, detect: (text) => (text.includes(word) ? Promise.reject(new Error(text)) : []) }
}

test('a detector of one’s own is asked about every text, behind its name or keys', async () => {
  const asked: string[] = []
  const known = knownIdentifiers('names', 'person_name', ['Ann Lee'])
  const names: Detector = {
    name: 'names',
    async detect(text) {
      asked.push(text)
      return known.detect(text)
    },
  }
  const given: OwnDraft = {
    ...DRAFT,
    purpose: 'for Ann Lee',
    on_behalf_of: 'Ann Lee',
    details: { 'Ann Lee': ['x', 'ann lee'] },
  }
  assert.deepEqual(await maskWith(given, [names]), {
    ...NONE,
    draft: { ...given, purpose: 'for [person_name]', details: { '[person_name]': ['x', '[person_name]'] } },
    masked: [
      { path: 'details', types: ['person_name'] },
      { path: 'details["[person_name]"][1]', types: ['person_name'] },
      { path: 'purpose', types: ['person_name'] },
    ],
    personal: new Set(['on_behalf_of']),
    found: ['person_name'],
  })
  assert.ok(asked.includes('purpose: for Ann Lee') && asked.includes('Ann Lee: x') && asked.includes('Ann Lee'))
})

test('what is found by one’s own detectors and by the built-in one is settled together', async () => {
  const name = knownIdentifiers('names', 'known_identifier', ['example'])
  const { draft } = await maskWith({ ...DRAFT, details: { note: `${ADDRESS}, example` } }, [name])
  assert.deepEqual(draft.details, { note: '[email_address], [known_identifier]' })
})

test('details that a detector failed at are withheld as a whole, and what was found in them still counts', async () => {
  const details = { note: `x ${ADDRESS}`, count: 7, 'Ann Lee': { deep: ['Ann Lee'] } }
  const names = knownIdentifiers('names', 'person_name', ['Ann Lee'])
  const given = { ...DRAFT, model: 'gpt Ann Lee', details }
  assert.deepEqual(await maskWith(given, [names, failingAt('x ')]), {
    draft: { ...DRAFT, model: 'gpt [person_name]' },
    masked: [{ path: 'model', types: ['person_name'] }],
    personal: new Set(),
    found: ['email_address', 'person_name'],
    undetectedBy: ['failing'],
    withheld: { details },
  })
})

test('a key that a detector failed at withholds the details that it stands in', async () => {
  const details = { outer: { 'who is this': 1 } }
  const { draft, withheld } = await maskWith({ ...DRAFT, details }, [failingAt('who is this')])
  assert.deepEqual([draft, withheld], [DRAFT, { details }])
})

test('a label that a detector failed at says so, and is withheld; the others stay', async () => {
  const source = { host: 'ward-7', service: 'desk of Ann Lee', ip: '10.0.0.1' }
  const given: OwnDraft = { ...DRAFT, agent_name: 'triage', purpose: 'Ann Lee', source, details: { tool: 'x' } }
  assert.deepEqual(await maskWith(given, [failingAt('Ann Lee', 'b'), failingAt('Ann Lee', 'a')]), {
    draft: {
      ...given,
      purpose: '[not_looked_at]',
      source: { ...source, service: '[not_looked_at]' },
    },
    masked: [],
    personal: new Set(),
    found: [],
    undetectedBy: ['a', 'b'],
    withheld: { purpose: 'Ann Lee', source: { service: 'desk of Ann Lee' } },
  })
})

test('an id that a detector failed at has to become a token', async () => {
  const given = { ...DRAFT, conversation_id: 'visit of Ann', grant_id: 'g-1' }
  const { personal, draft, withheld } = await maskWith(given, [failingAt('of Ann')])
  assert.deepEqual([personal, draft, withheld], [new Set(['conversation_id']), given, {}])
})

test('where everything fails nothing but ids, words and times is left', async () => {
  const given: OwnDraft = {
    ...DRAFT,
    timestamp: '2026-11-21T09:30:00.000Z',
    parent_id: '0193f5a2-7c00-7abc-8def-000000000001',
    resource_type: 'patient_record',
    outcome_reason: 'because',
    details: { a: '', b: [] },
  }
  const { draft, personal } = await maskWith(given, [failingAt('')])
  const { details: _, ...rest } = given
  assert.deepEqual(draft, { ...rest, outcome_reason: '[not_looked_at]' })
  assert.deepEqual(personal, new Set(['actor_id']))
})

test('without detectors of one’s own the built-in one finds what it finds with them', async () => {
  const draft: OwnDraft = { ...DRAFT, details: { a: 'mrn 12345', b: { dob: '1980-02-03' } }, actor_id: ADDRESS }
  const alone = await maskWith(draft, [])
  assert.deepEqual(alone, { ...NONE, ...maskMetadata(draft, lookWith(detectStructured)) })
  assert.deepEqual(await maskWith(draft, [knownIdentifiers('none', 'person_name', [])]), alone)
})
