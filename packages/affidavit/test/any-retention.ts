// Records, what is known of them, and policies, in any combination.

import fc from 'fast-check'

import type { JudgedRecord, KnownAnchors } from '../src/retention/judgement.ts'
import {
  ANCHORS,
  type Anchor,
  PARTS,
  PERIOD_UNITS,
  type Period,
  type RetentionPolicy,
} from '../src/retention/policy.ts'
import { type PolicySet, policySet } from '../src/retention/policy-set.ts'

const DOMAINS = ['hipaa', 'gdpr', 'sox']
const CLASSES = ['default', 'soc2', 'letters']
const ACTIONS = ['data_disclosed', 'approval_decided', 'prompt_changed', 'data_accessed']
const TYPES = ['patient_record', 'invoice']

const instant = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2030, 0, 1) })
export const anyDay: fc.Arbitrary<string> = instant.map((at) => new Date(at).toISOString().slice(0, 10))

export const anyInstant: fc.Arbitrary<number> = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2045, 0, 1) })

export const anyRecord: fc.Arbitrary<JudgedRecord> = fc.record({
  action: fc.constantFrom(...ACTIONS),
  timestamp: instant,
  recorded_at: instant,
  retention_class: fc.constantFrom(...CLASSES),
  compliance_domains: fc.subarray(DOMAINS),
  resource_type: fc.option(fc.constantFrom(...TYPES), { nil: undefined }),
  has_content: fc.boolean(),
})

// Few anchors, so that they meet.
const anchor: fc.Arbitrary<Anchor> = fc.constantFrom(...ANCHORS.slice(0, 8))

export const anyAnchors: fc.Arbitrary<KnownAnchors> = fc
  .array(fc.tuple(anchor, fc.oneof({ weight: 4, arbitrary: anyDay }, { weight: 1, arbitrary: fc.constant('open') })))
  .map((known) => new Map(known))

const period: fc.Arbitrary<Period> = fc.record({
  value: fc.integer({ min: 0, max: 12 }),
  unit: fc.constantFrom(...PERIOD_UNITS),
  anchors: fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: fc.constant('record_created' as const) }, anchor), {
    minLength: 1,
    maxLength: 2,
  }),
})

const some = <T>(values: readonly T[]): fc.Arbitrary<readonly T[]> =>
  fc.subarray([...values], { minLength: 1, maxLength: values.length })

const scope = fc.record(
  {
    compliance_domains: some(DOMAINS),
    retention_classes: some(CLASSES),
    resource_types: some(TYPES),
    actions: some(ACTIONS),
  },
  { requiredKeys: [] },
)

export const anyPolicy: fc.Arbitrary<RetentionPolicy> = fc
  .record(
    {
      minimum: period,
      extension: period,
      maximum: period,
      availability: fc.oneof(period, fc.constant('whole_period' as const)),
      at_end: fc.constantFrom('destroy', 'keep'),
      applies_to: fc.oneof(
        { weight: 5, arbitrary: fc.array(scope, { maxLength: 2 }) },
        { weight: 1, arbitrary: fc.constant('when-adopted' as const) },
      ),
      part: fc.constantFrom(...PARTS),
      status: fc.oneof(
        { weight: 5, arbitrary: fc.constant({ state: 'in-force' } as const) },
        fc.record({ state: fc.constantFrom('from', 'until'), day: anyDay }),
        fc.constant({ state: 'draft' } as const),
      ),
    },
    { requiredKeys: ['applies_to', 'part', 'status'] },
  )
  .map(({ extension, at_end, minimum, ...others }) => ({
    ...others,
    // An extension lengthens a minimum, and only behind one is something said of its end.
    ...(minimum === undefined ? { without_minimum: 'no number' } : { minimum }),
    ...(minimum === undefined || extension === undefined ? {} : { extension }),
    ...(minimum === undefined || at_end === undefined ? {} : { at_end }),
    id: 'any',
    title: 'any',
    regime: 'any',
    jurisdiction: 'US',
    citation: 'any',
    basis: 'law',
    confidence: 'own',
  }))

const ZONES = ['UTC', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kathmandu']

export interface SetParts {
  readonly policies: readonly RetentionPolicy[]
  readonly time_zone: string
  readonly fiscal_year_end: string | undefined
}

export const anySetParts: fc.Arbitrary<SetParts> = fc.record({
  policies: fc.array(anyPolicy, { maxLength: 4 }),
  time_zone: fc.constantFrom(...ZONES),
  fiscal_year_end: fc.constantFrom(undefined, '12-31', '02-29', '09-30'),
})

// A calendar remembers what it was asked: one for each zone keeps thousands of cases quick.
const empty = new Map(
  ZONES.map((time_zone) => [
    time_zone,
    policySet({ revision: 'any', time_zone, fiscal_year_end: undefined, time_source: undefined, policies: [] }),
  ]),
)

export function setOf({ time_zone, ...parts }: SetParts): PolicySet {
  const set = empty.get(time_zone)
  if (set === undefined) throw new Error(`no set was made for ${time_zone}`)
  return { ...set, ...parts }
}
