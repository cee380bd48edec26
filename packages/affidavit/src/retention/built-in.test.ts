import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACTIONS, WORD } from '../formats/fields.ts'
import { BUILT_IN_DOMAINS } from '../registry/domains.ts'
import { BUILT_IN_POLICIES } from './built-in.ts'
import { isCalendarDay } from './calendar.ts'
import { ANCHORS } from './policy.ts'

const byId = new Map(BUILT_IN_POLICIES.map((policy) => [policy.id, policy]))

test('every id is there once', () => {
  assert.equal(byId.size, BUILT_IN_POLICIES.length)
})

test('the presets count calendar years and months', () => {
  const shown = ['hipaa', 'soc2', 'financial', 'default'].map((id) => byId.get(id)?.minimum)
  assert.deepEqual(shown, [
    { value: 6, unit: 'calendar_years', anchors: ['record_created'] },
    { value: 18, unit: 'calendar_months', anchors: ['record_created'] },
    { value: 7, unit: 'calendar_years', anchors: ['record_created'] },
    undefined,
  ])
  assert.equal(byId.get('default')?.at_end, 'keep')
})

describe('a built-in policy', () => {
  test('says how long, or why it does not', () => {
    for (const { id, minimum, without_minimum } of BUILT_IN_POLICIES) {
      assert.notEqual(minimum === undefined, without_minimum === undefined, id)
    }
  })

  test('is for domains, actions and classes that records may have', () => {
    for (const { id, applies_to } of BUILT_IN_POLICIES) {
      for (const scope of applies_to === 'when-adopted' ? [] : applies_to) {
        for (const domain of scope.compliance_domains ?? []) assert.ok(BUILT_IN_DOMAINS.has(domain), `${id}: ${domain}`)
        for (const action of scope.actions ?? [])
          assert.ok(
            ACTIONS.some((known) => known === action),
            `${id}: ${action}`,
          )
        for (const word of scope.retention_classes ?? []) assert.match(word, WORD, id)
        assert.ok(Object.keys(scope).length > 0, id)
      }
    }
  })

  test('counts from anchors that there are, and dates its status by days that there are', () => {
    for (const { id, minimum, maximum, availability, status } of BUILT_IN_POLICIES) {
      for (const period of [minimum, maximum, availability]) {
        if (period === undefined || period === 'whole_period') continue
        assert.ok(period.anchors.length > 0 && period.anchors.every((anchor) => ANCHORS.includes(anchor)), id)
      }
      if ('day' in status) assert.ok(isCalendarDay(status.day), id)
    }
  })

  test('says what happens at the end only as a preset: rules do not', () => {
    for (const { id, at_end, basis } of BUILT_IN_POLICIES) assert.equal(at_end !== undefined, basis === 'product', id)
  })
})
