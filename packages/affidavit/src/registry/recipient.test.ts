import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseRegistry } from './parse.ts'
import { judgeRecipient, type RecipientFinding } from './recipient.ts'
import type { Registry } from './registry.ts'

const RECIPIENTS = `
recipients:
  https://models.example/*:
    kind: model_provider
    agreement: { kind: baa, reference: BAA-7, valid_from: 2026-01-01, valid_until: 2026-12-31 }
    region: eu
    compliance_domains: [hipaa, gdpr]
    on_violation: block
  auditor: { kind: person, agreement: { kind: contract, reference: A-1, valid_from: 2026-05-04, valid_until: 2026-05-04 }, on_violation: record }
  harbour-eye-clinic: { kind: person, compliance_domains: [hipaa], on_violation: record }
  fax-service: { kind: service, compliance_domains: [hipaa, iso_27001], on_violation: block }
  overseas: { kind: mcp_server, agreement: { kind: dpa, reference: D-1 }, region: apac, compliance_domains: [gdpr, hipaa], on_violation: block }
  nowhere: { kind: mcp_server, agreement: { kind: dpa, reference: D-2 }, compliance_domains: [gdpr], on_violation: record }
regions: { gdpr: [eu, eea] }
`

function registryOf(rest: string): Registry {
  return parseRegistry(`version: 1\nrevision: test\n${rest}`, 'yaml', 'test.yaml')
}

const REGISTRY = registryOf(RECIPIENTS)
const MAY = Date.parse('2026-05-04T12:00:00Z')
const MODELS = 'https://models.example/v1/chat'

function judged(
  recipient: string,
  compliance_domains: readonly string[],
  at: number,
  looked_at: 'wholly' | 'in part' = 'wholly',
): 'allowed' | RecipientFinding {
  return judgeRecipient(REGISTRY, recipient, { compliance_domains, looked_at }, at)
}

for (const [name, recipient, domains, at] of [
  ['domains that were agreed', MODELS, ['hipaa'], MAY],
  ['all domains that were agreed', MODELS, ['gdpr', 'hipaa'], MAY],
  ['data of no domain', MODELS, [], MAY],
  ['the first instant of the agreement', MODELS, ['hipaa'], Date.parse('2026-01-01T00:00:00.000Z')],
  ['the last instant of its last day', MODELS, ['hipaa'], Date.parse('2026-12-31T23:59:59.999Z')],
  ['an agreement of a single day', 'auditor', [], MAY],
  ['a service without an agreement, data that no domain guards', 'fax-service', ['iso_27001'], MAY],
  ['a domain without regions, wherever', 'overseas', ['hipaa'], MAY],
  [
    'a person without an agreement, and none that could end',
    'harbour-eye-clinic',
    ['hipaa'],
    Date.parse('2099-01-01T00:00:00Z'),
  ],
] as const) {
  test(`allowed: ${name}`, () => assert.equal(judged(recipient, domains, at), 'allowed'))
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
      agreement: 'BAA-7',
      entry: 'https://models.example/*',
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
      agreement: 'BAA-7',
      entry: 'https://models.example/*',
      on_violation: 'block',
    },
  ],
  [
    'one domain of two that was not agreed',
    MODELS,
    ['hipaa', 'sox'],
    MAY,
    {
      code: 'domain-not-agreed',
      problem: 'https://models.example/* may not receive sox',
      domains: ['sox'],
      entry: 'https://models.example/*',
      on_violation: 'block',
    },
  ],
  [
    'domains that were not agreed',
    'harbour-eye-clinic',
    ['sox', 'hipaa', 'gdpr', 'sox'],
    MAY,
    {
      code: 'domain-not-agreed',
      problem: 'harbour-eye-clinic may not receive gdpr, sox',
      domains: ['gdpr', 'sox'],
      entry: 'harbour-eye-clinic',
      on_violation: 'record',
    },
  ],
  [
    'a service without an agreement, and a domain that guards the data',
    'fax-service',
    ['iso_27001', 'hipaa'],
    MAY,
    {
      code: 'agreement-missing',
      problem: 'there is no agreement with fax-service, and hipaa guards this data',
      domains: ['hipaa'],
      entry: 'fax-service',
      on_violation: 'block',
    },
  ],
  [
    'another region than the domain may go to',
    'overseas',
    ['gdpr', 'hipaa'],
    MAY,
    {
      code: 'region-not-agreed',
      problem: 'overseas is not in a region that data of gdpr may go to',
      domains: ['gdpr'],
      entry: 'overseas',
      on_violation: 'block',
    },
  ],
  [
    'no region, where the domain has some',
    'nowhere',
    ['gdpr'],
    MAY,
    {
      code: 'region-not-agreed',
      problem: 'nowhere is not in a region that data of gdpr may go to',
      domains: ['gdpr'],
      entry: 'nowhere',
      on_violation: 'record',
    },
  ],
] as const) {
  test(`a finding: ${name}`, () => assert.deepEqual(judged(recipient, domains, at), finding))
}

test('a finding: what nobody looked at, whoever may receive what was found in it', () => {
  assert.deepEqual(judged(MODELS, ['hipaa'], MAY, 'in part'), {
    code: 'not-looked-at',
    problem: 'a detector failed, and nobody knows whether https://models.example/* may receive this',
    entry: 'https://models.example/*',
    on_violation: 'block',
  })
})

const NOTHING = { compliance_domains: [], looked_at: 'wholly' } as const

test('what is done about an unknown recipient is said by the registry', () => {
  const problem = 'no entry under recipients speaks of it'
  for (const on_violation of ['block', 'record'] as const) {
    const strict = registryOf(`unknown_recipients: ${on_violation}\n`)
    const finding = { code: 'recipient-unknown', problem, on_violation }
    assert.deepEqual(judgeRecipient(strict, 'anybody', NOTHING, MAY), finding)
  }
})

test('a registry without recipients says nothing about them', () => {
  const silent = registryOf('')
  assert.equal(judgeRecipient(silent, 'anybody', { ...NOTHING, compliance_domains: ['hipaa'] }, MAY), 'allowed')
})

test('one domain more never makes a finding go away', () => {
  const domains = fc.subarray(['gdpr', 'hipaa', 'sox', 'iso_27001'])
  const recipients = fc.constantFrom(MODELS, 'auditor', 'harbour-eye-clinic', 'fax-service', 'overseas', 'nowhere', 'x')
  fc.assert(
    fc.property(
      recipients,
      domains,
      domains,
      fc.integer({ min: MAY - 2e10, max: MAY + 4e10 }),
      (to, some, more, at) => {
        if (judged(to, some, at) !== 'allowed') assert.notEqual(judged(to, [...some, ...more], at), 'allowed')
      },
    ),
  )
})
