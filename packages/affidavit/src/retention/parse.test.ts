import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { anyText } from '../../test/any-text.ts'
import { documentFault } from '../../test/document-lies.ts'
import { DocumentFault } from '../documents/fault.ts'
import { policiesFor } from './applies.ts'
import { parseRetentionSet } from './parse.ts'
import { builtInSet, policyNamed } from './policy-set.ts'

const WHOLE = readFileSync(join(import.meta.dirname, '../../testdata/retention/whole.yaml'), 'utf8')

const set = parseRetentionSet(WHOLE, 'yaml', 'whole.yaml')

test('all that a set can say is read', () => {
  const { revision, calendar, fiscal_year_end, time_source } = set
  assert.deepEqual(
    [revision, calendar.zone, fiscal_year_end, time_source],
    ['2026-11', 'America/New_York', '06-30', 'https://time.example'],
  )
  assert.deepEqual(policyNamed(set, 'clinic.referrals'), {
    id: 'clinic.referrals',
    title: 'Letters to other clinics',
    regime: 'own',
    jurisdiction: '-',
    citation: 'Board resolution 12',
    basis: 'policy',
    confidence: 'own',
    status: { state: 'in-force' },
    applies_to: [
      { resource_types: ['referral'], actions: ['data_disclosed', 'clinic.referral_sent'] },
      { retention_classes: ['letters'] },
    ],
    part: 'envelope',
    minimum: { value: 10, unit: 'calendar_years', anchors: ['record_created', 'matter_closed'] },
    maximum: { value: 12, unit: 'calendar_years', anchors: ['record_created', 'matter_closed'] },
    availability: { value: 90, unit: 'days', anchors: ['record_created'] },
    at_end: 'destroy',
    note: 'Signed on paper, too.',
  })
})

test('a scope without a condition is every record, whatever it is', () => {
  const everywhere = parseRetentionSet(
    'version: 1\nrevision: r\npolicies:\n  - { id: own, title: own, applies_to: [{}], minimum: { value: 1, unit: calendar_years, anchors: [record_created] } }\n',
    'yaml',
    'retention.yaml',
  )
  const plain = { timestamp: 0, recorded_at: 0, compliance_domains: [], resource_type: undefined, has_content: false }
  for (const [action, retention_class] of [
    ['data_accessed', 'default'],
    ['hold_placed', 'notes'],
    ['clinic.referral_sent', 'hipaa'],
  ] as const) {
    const applied = policiesFor({ ...plain, action, retention_class }, everywhere, Date.now())
    assert.ok(
      applied.some(({ id }) => id === 'own'),
      action,
    )
  }
})

test('what was decided about built-in policies stands beside what they say', () => {
  const builtIn = builtInSet()
  const hipaa = policyNamed(set, 'hipaa')
  assert.deepEqual(hipaa?.minimum, policyNamed(builtIn, 'hipaa')?.minimum)
  assert.equal(hipaa?.extension?.value, 10)
  const soc2 = policyNamed(set, 'soc2')
  assert.equal(soc2?.minimum?.value, 12)
  assert.deepEqual(soc2?.overridden, {
    reason: 'the examination covers six months',
    decided_by: 'kim.lee',
    instead_of: { minimum: policyNamed(builtIn, 'soc2')?.minimum, at_end: 'destroy' },
  })
  const documentation = policyNamed(set, 'hipaa.documentation')
  assert.deepEqual(documentation?.status, { state: 'adopted' })
  assert.deepEqual(documentation?.applies_to, [{ actions: ['review_completed'] }])
  assert.equal(set.policies.length, builtIn.policies.length + 1)
})

test('a source of time is one that can be asked', () => {
  const read = (time_source: string): unknown =>
    parseRetentionSet(JSON.stringify({ version: 1, revision: 'r', time_source }), 'json', 'r').time_source
  for (const url of [
    'https://time.example',
    'https://time.example:8443/now',
    'ntp://ntp.example',
    'ntp://[::1]:1123',
  ]) {
    assert.equal(read(url), url)
  }
  for (const url of [
    'ntp://ntp.example/now',
    'ntp:ntp.example',
    'ntp://',
    'https://time.example/#a',
    'ftp://a',
    'time',
  ]) {
    assert.throws(() => read(url), { code: 'invalid-retention-set', path: 'time_source' })
  }
})

test('a set that says nothing is the built-in one, in UTC', () => {
  const empty = parseRetentionSet('version: 1\nrevision: built-in\n', 'yaml', 'r')
  assert.equal(empty.digest, builtInSet().digest)
  assert.equal(empty.calendar.zone, 'UTC')
})

test('the digest is of what a set says, however it is written, and of nothing less', () => {
  const value = parse(WHOLE)
  assert.equal(parseRetentionSet(JSON.stringify(value), 'json', 'r').digest, set.digest)
  const turned = Object.fromEntries(Object.entries(value).toReversed())
  assert.equal(parseRetentionSet(stringify(turned), 'yaml', 'r').digest, set.digest)
  for (const other of [
    { fiscal_year_end: '12-31' },
    { time_zone: 'UTC' },
    { adopt: [] },
    { time_source: 'https://t.example' },
  ]) {
    assert.notEqual(parseRetentionSet(JSON.stringify({ ...value, ...other }), 'json', 'r').digest, set.digest)
  }
})

const created = { anchors: ['record_created'] }
const years = (value: unknown): object => ({ value, unit: 'calendar_years', ...created })
const everything = [{ compliance_domains: ['hipaa'] }]
const own = { id: 'own', title: 'own', applies_to: everything, minimum: years(1) }
const decision = { reason: 'why', decided_by: 'kim' }

describe('refused as a set:', () => {
  for (const [lie, members, path, problem] of [
    ['an unknown section', { polices: [] }, 'polices', 'is no word that may stand here'],
    ['another version', { version: 2 }, 'version', 'is no version that this release reads'],
    ['no revision', { revision: undefined }, 'revision', 'is missing'],
    ['an unknown zone', { time_zone: 'America/Gotham' }, 'time_zone', 'is no time zone'],
    ['an offset as a zone', { time_zone: '-05:00' }, 'time_zone', 'is no time zone'],
    [
      'a zone in small letters',
      { time_zone: 'america/new_york' },
      'time_zone',
      'is not how the time zone database writes it',
    ],
    ['a fiscal year that ends on no day', { fiscal_year_end: '02-30' }, 'fiscal_year_end', 'is no day of the year'],
    ['a time source in clear text', { time_source: 'http://time.example' }, 'time_source', 'is no source of time'],
    [
      'a time source with a password',
      { time_source: 'https://a:b@time.example' },
      'time_source',
      'has credentials in it',
    ],
    ['an id that is a built-in one', { policies: [{ ...own, id: 'hipaa' }] }, 'policies[0].id', 'is a built-in policy'],
    ['an id that stands twice', { policies: [own, own] }, 'policies[1].id', 'is the id of two policies'],
    ['an id with a capital', { policies: [{ ...own, id: 'Own' }] }, 'policies[0].id', 'is no id of a policy'],
    ['a policy for nothing', { policies: [{ ...own, applies_to: [] }] }, 'policies[0].applies_to', 'is an empty list'],
    [
      'a condition that nothing meets',
      { policies: [{ ...own, applies_to: [{ actions: [] }] }] },
      'policies[0].applies_to[0].actions',
      'is an empty list',
    ],
    [
      'an action that there is not',
      { policies: [{ ...own, applies_to: [{ actions: ['data_red'] }] }] },
      'policies[0].applies_to[0].actions[0]',
      'is no action',
    ],
    ['no period', { policies: [{ ...own, minimum: undefined }] }, 'policies[0]', 'says no period'],
    ['half a year', { policies: [{ ...own, minimum: years(0.5) }] }, 'policies[0].minimum.value', 'is no length'],
    [
      'a length in quotes',
      { policies: [{ ...own, minimum: years('6') }] },
      'policies[0].minimum.value',
      'is no length',
    ],
    ['less than nothing', { policies: [{ ...own, minimum: years(-1) }] }, 'policies[0].minimum.value', 'is no length'],
    ['for ever', { policies: [{ ...own, minimum: years(1001) }] }, 'policies[0].minimum.value', 'is no length'],
    [
      'weeks',
      { policies: [{ ...own, minimum: { value: 1, unit: 'weeks', ...created } }] },
      'policies[0].minimum.unit',
      'is none of the words allowed here',
    ],
    [
      'an unknown anchor',
      { policies: [{ ...own, minimum: { value: 1, unit: 'days', anchors: ['birth'] } }] },
      'policies[0].minimum.anchors[0]',
      'is none of the words allowed here',
    ],
    [
      'no anchor',
      { policies: [{ ...own, minimum: { value: 1, unit: 'days', anchors: [] } }] },
      'policies[0].minimum.anchors',
      'is an empty list',
    ],
    [
      'a maximum before the minimum',
      { policies: [{ ...own, maximum: { value: 365, unit: 'days', ...created } }] },
      'policies[0].maximum',
      'ends before the minimum',
    ],
    [
      'an end without a minimum',
      { policies: [{ ...own, minimum: undefined, maximum: years(1), at_end: 'destroy' }] },
      'policies[0].at_end',
      'says what happens behind a minimum, and there is none',
    ],
    [
      'a policy that there is not',
      { extend: [{ policy: 'hippa', minimum: years(9) }] },
      'extend[0].policy',
      'is no built-in policy',
    ],
    [
      'six years as days',
      { extend: [{ policy: 'hipaa', minimum: { value: 2190, unit: 'days', ...created } }] },
      'extend[0].minimum',
      'is shorter than hipaa says',
    ],
    [
      'an extension that shortens',
      { extend: [{ policy: 'hipaa', minimum: years(5) }] },
      'extend[0].minimum',
      'is shorter than hipaa says',
    ],
    ['an extension of nothing', { extend: [{ policy: 'hipaa' }] }, 'extend[0].minimum', 'is missing'],
    [
      'an extension of a policy without a minimum',
      { extend: [{ policy: 'dora.logs', minimum: years(1) }] },
      'extend[0].policy',
      'has no minimum to lengthen',
    ],
    [
      'an extension behind the maximum',
      { extend: [{ policy: 'cnil.logging', minimum: years(2) }] },
      'extend[0].minimum',
      'ends behind the maximum of cnil.logging',
    ],
    [
      'two extensions of one policy',
      {
        extend: [
          { policy: 'hipaa', minimum: years(9) },
          { policy: 'hipaa', minimum: years(8) },
        ],
      },
      'extend[1]',
      'hipaa stands twice in this list',
    ],
    [
      'a shorter minimum without a reason',
      { override: [{ policy: 'soc2', minimum: years(1), decided_by: 'kim' }] },
      'override[0].reason',
      'is missing',
    ],
    [
      'a shorter minimum for a reason that says nothing',
      { override: [{ policy: 'soc2', minimum: years(1), reason: ' \u00a0', decided_by: 'kim' }] },
      'override[0].reason',
      'says nothing',
    ],
    [
      'a shorter minimum that nobody decided',
      { override: [{ policy: 'soc2', minimum: years(1), reason: 'why' }] },
      'override[0].decided_by',
      'is missing',
    ],
    ['a decision about nothing', { override: [{ policy: 'soc2', ...decision }] }, 'override[0]', 'overrides nothing'],
    [
      'a decision that contradicts what stays',
      { override: [{ policy: 'cnil.logging', minimum: years(2), ...decision }] },
      'override[0].maximum',
      'ends before the minimum',
    ],
    [
      'a decision about what nobody classified',
      { override: [{ policy: 'default', minimum: years(1), ...decision }] },
      'override[0].policy',
      'applies to what nobody classified',
    ],
    ['an adoption for nothing', { adopt: [{ policy: 'sox.auditor' }] }, 'adopt[0].applies_to', 'is missing'],
  ] as const) {
    test(lie, () => {
      const text = JSON.stringify({ version: 1, revision: 'r', ...members })
      const fault = documentFault(() => parseRetentionSet(text, 'json', 'lie.json'))
      assert.deepEqual([fault.code, fault.path], ['invalid-retention-set', path])
      assert.ok(fault.problem.startsWith(problem), fault.problem)
      assert.ok(fault.cure !== '' && fault.message.endsWith(`; ${fault.cure}`))
    })
  }
})

test('a fault names the line that it stands on', () => {
  const broken = WHOLE.replace('calendar_months', 'moons')
  const fault = documentFault(() => parseRetentionSet(broken, 'yaml', 'whole.yaml'))
  assert.equal(fault.line, 1 + WHOLE.slice(0, WHOLE.indexOf('calendar_months')).split('\n').length - 1)
  assert.match(
    fault.message,
    /^whole\.yaml:\d+: override\[0\]\.minimum\.unit: is none of the words allowed here; one of /,
  )
})

test('no text makes the reader of sets throw anything but its fault', () => {
  const put = fc.oneof(
    fc.constantFrom('\n', ': ', '[', ']', '{', '}', '"', '&a', '*a', '|', '---\n', '~', '-', '0'),
    anyText({ maxLength: 5 }),
  )
  const mutated = fc
    .tuple(fc.nat(WHOLE.length), fc.nat(20), put)
    .map(([at, length, by]) => WHOLE.slice(0, at) + by + WHOLE.slice(at + length))
  fc.assert(
    fc.property(mutated, fc.constantFrom('yaml', 'json'), (text, format) => {
      try {
        parseRetentionSet(text, format, 'r')
      } catch (error) {
        assert.ok(error instanceof DocumentFault, `threw ${error}`)
      }
    }),
    { numRuns: 300 },
  )
})
