// Periods, and whom policies are for, in an operator's set (spec/retention.md §1, §2).

import { Flaw } from '../documents/fault.ts'
import { isAbsent, membersOf, oneOf, type Place, setOf, someItemsOf, textOf, wordOf } from '../documents/place.ts'
import { ACTIONS, APPLICATION_ACTION } from '../formats/fields.ts'
import { calendarOf } from './calendar.ts'
import { ANCHORS, type Anchor, PERIOD_UNITS, type Period, type PeriodUnit, type Scope } from './policy.ts'

/** Longer than any rule: a thousand years. */
const MOST: Readonly<Record<PeriodUnit, number>> = { calendar_years: 1_000, calendar_months: 12_000, days: 366_000 }

/** Words of one condition. */
const MAX_WORDS = 100

export function readPeriod(place: Place): Period | undefined {
  if (isAbsent(place)) return undefined
  const member = membersOf(place, ['value', 'unit', 'anchors'])
  const unit = oneOf(member('unit'), PERIOD_UNITS)
  return { value: readValue(member('value'), unit), unit, anchors: readAnchors(member('anchors')) }
}

function readValue({ path, value }: Place, unit: PeriodUnit): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST[unit]) return value
  const problem = value === undefined ? 'is missing' : 'is no length'
  throw new Flaw(path, problem, `write a whole number from 0 to ${MOST[unit]}`)
}

function readAnchors(list: Place): readonly Anchor[] {
  someItemsOf(list, ANCHORS.length)
  return setOf(list, ANCHORS.length, (item) => oneOf(item, ANCHORS))
}

export function readScopes(list: Place): readonly Scope[] {
  return someItemsOf(list, MAX_WORDS).map(readScope)
}

function readScope(place: Place): Scope {
  const member = membersOf(place, ['compliance_domains', 'retention_classes', 'resource_types', 'actions'])
  return {
    ...given('compliance_domains', member('compliance_domains'), wordOf),
    ...given('retention_classes', member('retention_classes'), wordOf),
    ...given('resource_types', member('resource_types'), wordOf),
    ...given('actions', member('actions'), actionOf),
  }
}

// An empty condition would be met by nothing.
function given(name: keyof Scope, list: Place, read: (item: Place) => string): Scope {
  if (isAbsent(list)) return {}
  someItemsOf(list, MAX_WORDS)
  return { [name]: setOf(list, MAX_WORDS, read) }
}

function actionOf(item: Place): string {
  const text = textOf(item)
  if (ACTIONS.some((action) => action === text) || APPLICATION_ACTION.test(text)) return text
  throw new Flaw(
    item.path,
    'is no action',
    'write one that records have, such as data_accessed, or one of your own with a dot',
  )
}

/** Whether a period, counted from the same days as another, ends before it from some day on. */
export function endsEarlier(one: Period, other: Period): boolean {
  const calendar = calendarOf('UTC')
  return (
    one.anchors.length === other.anchors.length &&
    one.anchors.every((anchor) => other.anchors.includes(anchor)) &&
    ODD_DAYS.some((day) => calendar.endOf(one, day, 'minimum') < calendar.endOf(other, day, 'minimum'))
  )
}

// Days around which months and years are short and long.
const ODD_DAYS = [2023, 2024, 2025, 2026].flatMap((year) =>
  ['01-01', '01-31', '02-28', '03-01', '07-15', '08-31', '12-31'].map((day) => `${year}-${day}`),
)
