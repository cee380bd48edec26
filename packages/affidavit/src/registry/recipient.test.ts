import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseRegistry } from './parse.ts'
import { judgeRecipient } from './recipient.ts'
import type { Registry } from './registry.ts'

const RECIPIENTS = `
recipients:
  https://models.example/*:
    kind: model_provider
    agreement: { kind: baa, reference: BAA-7, valid_from: 2026-01-01, valid_until: 2026-12-31 }
    compliance_domains: [hipaa, gdpr]
    on_violation: block
  auditor: { kind: person, agreement: { kind: contract, reference: A-1, valid_from: 2026-05-04, valid_until: 2026-05-04 }, on_violation: record }
  harbour-eye-clinic: { kind: person, compliance_domains: [hipaa], on_violation: record }
`

function registryOf(rest: string): Registry {
  return parseRegistry(`version: 1\nrevision: test\n${rest}`, 'yaml', 'test.yaml')
}

const REGISTRY = registryOf(RECIPIENTS)
const MAY = Date.parse('2026-05-04T12:00:00Z')
const MODELS = 'https://models.example/v1/chat'

for (const [name, recipient, domains, at] of [
  ['domains that were agreed', MODELS, ['hipaa'], MAY],
  ['all domains that were agreed', MODELS, ['gdpr', 'hipaa'], MAY],
  ['data of no domain', MODELS, [], MAY],
  ['the first instant of the agreement', MODELS, ['hipaa'], Date.parse('2026-01-01T00:00:00.000Z')],
  ['the last instant of its last day', MODELS, ['hipaa'], Date.parse('2026-12-31T23:59:59.999Z')],
  ['an agreement of a single day', 'auditor', [], MAY],
  ['no agreement, and none that could end', 'harbour-eye-clinic', ['hipaa'], Date.parse('2099-01-01T00:00:00Z')],
] as const) {
  test(`allowed: ${name}`, () => assert.equal(judgeRecipient(REGISTRY, recipient, domains, at), 'allowed'))
}

for (const [name, recipient, domains, at, finding] of [
  [
    'a recipient that no entry names',
    'https://models.example.evil.test/v1',
    ['hipaa'],
    MAY,
    { code: 'recipient-unknown', problem: 'no entry under recipients speaks of it', on_violation: 'record' },
  ],
  [
    'the instant before the agreement',
    MODELS,
    ['hipaa'],
    Date.parse('2025-12-31T23:59:59.999Z'),
    {
      code: 'agreement-not-begun',
      problem: 'the agreement with https://models.example/* has not begun',
      on_violation: 'block',
    },
  ],
  [
    'the day after the agreement, even without a domain',
    MODELS,
    [],
    Date.parse('2027-01-01T00:00:00.000Z'),
    {
      code: 'agreement-ended',
      problem: 'the agreement with https://models.example/* has ended',
      on_violation: 'block',
    },
  ],
  [
    'one domain of two that was not agreed',
    MODELS,
    ['hipaa', 'sox'],
    MAY,
    { code: 'domain-not-agreed', problem: 'https://models.example/* may not receive sox', on_violation: 'block' },
  ],
  [
    'domains that were not agreed',
    'harbour-eye-clinic',
    ['sox', 'hipaa', 'gdpr', 'sox'],
    MAY,
    { code: 'domain-not-agreed', problem: 'harbour-eye-clinic may not receive gdpr, sox', on_violation: 'record' },
  ],
] as const) {
  test(`a finding: ${name}`, () => assert.deepEqual(judgeRecipient(REGISTRY, recipient, domains, at), finding))
}

test('what is done about an unknown recipient is said by the registry', () => {
  const strict = registryOf('unknown_recipients: block\n')
  assert.deepEqual(judgeRecipient(strict, 'anybody', [], MAY), {
    code: 'recipient-unknown',
    problem: 'no entry under recipients speaks of it',
    on_violation: 'block',
  })
})
