// The facts of the built-in policies against the table that they were taken from, where it lies beside the checkout.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { BUILT_IN_POLICIES } from '../src/retention/built-in.ts'
import type { Period, PolicyStatus } from '../src/retention/policy.ts'
import { sharedFolder } from './shared-vectors.ts'

interface Row {
  readonly id: string
  readonly regime: string
  readonly jurisdiction: string
  readonly citation: string
  readonly status: string
  readonly basis: string
  readonly confidence: string
  readonly min: RowPeriod | null
  readonly max: RowPeriod | null
  readonly availability: readonly RowPeriod[]
  readonly worm: object | null
}

interface RowPeriod {
  readonly value: number | null
  readonly unit: string
  readonly anchor: string
}

const table = join(sharedFolder() ?? '', 'data/retention-policies.json')
const skip = existsSync(table) ? false : 'the table of retention facts does not lie beside the checkout'

/** Rows that have another id here, or are several policies, or none. */
const OTHER_IDS: Readonly<Record<string, readonly string[]>> = {
  // Of what pertains to an account, and of everything else.
  'finra.4511': ['finra.4511', 'finra.4511_account'],
  'default.unclassified': ['default'],
  // No period: a legal hold.
  'litigation.hold': [],
}

const OTHER_ANCHORS: Readonly<Record<string, string>> = {
  created: 'record_created',
  audit_completed: 'audit_concluded',
  fiscal_year_end_of_last_entry: 'fiscal_year_end',
  last_use_for_product_or_service: 'last_use',
}

/** What is counted from the one or the other, each by a policy of its own. */
const EITHER: Readonly<Record<string, string>> = {
  'finra.4511': 'record_created',
  'finra.4511_account': 'account_closed',
}

function periodOf(id: string, { value, unit, anchor }: RowPeriod): Period | 'whole_period' {
  if (unit === 'whole_period') return 'whole_period'
  const several = /^later_of\((.*)\)$/.exec(anchor)?.[1]?.split(',') ?? [anchor]
  const anchors = several.map((name) => EITHER[id] ?? OTHER_ANCHORS[name] ?? name)
  // Rules without a number of their own: until the day of the anchor itself.
  const none = unit === 'any' || unit === 'purpose'
  return { value: none ? 0 : value, unit: none ? 'days' : unit, anchors } as Period
}

function statusOf(text: string): PolicyStatus {
  const [, word, day] = /^(\w*?)[_ ]?(\d{4}-\d{2}-\d{2})?(?: .*)?$/.exec(text) ?? []
  if (word === 'draft') return { state: 'draft' }
  if (day === undefined) return { state: 'in-force' }
  return { state: word === 'rescinded' ? 'until' : 'from', day }
}

test('every row of the table is a policy with its facts', { skip }, () => {
  const { policies } = JSON.parse(readFileSync(table, 'utf8')) as { policies: readonly Row[] }
  assert.ok(policies.length >= 47)
  for (const row of policies) {
    for (const id of OTHER_IDS[row.id] ?? [row.id]) {
      const found = BUILT_IN_POLICIES.find((policy) => policy.id === id)
      assert.ok(found !== undefined, `${id} is missing`)
      if (id === 'default') continue
      const { regime, jurisdiction, citation, basis, confidence, status, minimum, maximum, availability, worm } = found
      const draft = row.basis === 'draft'
      assert.deepEqual(
        { regime, jurisdiction, citation, basis, confidence, status, minimum, maximum, availability, worm },
        {
          regime: row.regime,
          jurisdiction: row.jurisdiction,
          citation: row.citation,
          basis: draft ? 'standard' : row.basis,
          confidence: row.confidence,
          status: statusOf(row.status),
          minimum: row.min === null ? undefined : periodOf(id, row.min),
          maximum: row.max === null ? undefined : periodOf(id, row.max),
          availability: row.availability[0] === undefined ? undefined : periodOf(id, row.availability[0]),
          worm: row.worm === null ? undefined : 'one-way',
        },
        id,
      )
    }
  }
})

test('every policy is a row of the table, or a preset', { skip }, () => {
  const { policies } = JSON.parse(readFileSync(table, 'utf8')) as { policies: readonly Row[] }
  const known = new Set(policies.flatMap(({ id }) => OTHER_IDS[id] ?? [id]))
  const others = BUILT_IN_POLICIES.filter(({ id, basis }) => !known.has(id) && basis !== 'product')
  assert.deepEqual(
    others.map(({ id }) => id),
    [],
  )
})
