// A second opinion on the calendar of retention: days are counted by arithmetic on civil dates, and the change of a zone's day is looked
// for with Intl.DateTimeFormat. Nothing of src/, nothing of Temporal.

export interface CivilDay {
  readonly year: number
  readonly month: number
  readonly day: number
}

export type NaiveLength = { readonly value: number; readonly unit: 'calendar_years' | 'calendar_months' | 'days' }

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Days since 1970-01-01 of a proleptic Gregorian date: years from March, in eras of 400. */
export function daysFromCivil({ year, month, day }: CivilDay): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}

export function civilFromDays(days: number): CivilDay {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const ofEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const month = fromMarch + (fromMarch < 10 ? 3 : -9)
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  }
}

export function writeDay({ year, month, day }: CivilDay): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

export function readDay(text: string): CivilDay {
  const [year, month, day] = text.split('-').map(Number)
  return { year: year ?? 0, month: month ?? 0, day: day ?? 0 }
}

/** By the table of the rules: same day and month, and where there is none, the day after for a minimum, the day before for a maximum. */
function anniversary(from: CivilDay, { value, unit }: NaiveLength, edge: 'minimum' | 'maximum'): number {
  if (unit === 'days') return daysFromCivil(from) + value
  const months = from.year * 12 + from.month - 1 + (unit === 'calendar_years' ? 12 * value : value)
  const first = daysFromCivil({ year: Math.floor(months / 12), month: (months % 12) + 1, day: 1 })
  const length = daysFromCivil({ year: Math.floor((months + 1) / 12), month: ((months + 1) % 12) + 1, day: 1 }) - first
  if (from.day <= length) return first + from.day - 1
  return edge === 'minimum' ? first + length : first + length - 1
}

export interface NaiveCalendar {
  dayOf(at: number): string
  endOf(length: NaiveLength, day: string, edge: 'minimum' | 'maximum'): number
}

export function naiveCalendar(zone: string): NaiveCalendar {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    calendar: 'gregory',
  })
  const localDay = (at: number): number => daysFromCivil(readDay(format.format(at)))
  const found = new Map<string, number>()

  function changeOf(day: number, edge: 'minimum' | 'maximum'): number {
    const key = `${day} ${edge}`
    const known = found.get(key)
    if (known !== undefined) return known
    const change = search(localDay, day, edge)
    found.set(key, change)
    return change
  }

  return {
    dayOf: (at) => writeDay(civilFromDays(localDay(at))),
    endOf: (length, day, edge) => changeOf(anniversary(readDay(day), length, edge), edge),
  }
}

/** Where instants stop to be on `day` or before: the first that is later, or that behind the last that is not. No clock goes back by more than six hours here. */
function search(localDay: (at: number) => number, day: number, edge: 'minimum' | 'maximum'): number {
  const crossing = bisect(localDay, day, (day + 1) * DAY - 40 * HOUR, (day + 1) * DAY + 40 * HOUR)
  const around = Array.from({ length: 48 }, (_, i) => crossing + (i - 24) * (HOUR / 4))
  if (edge === 'maximum') {
    const first = around.find((at) => localDay(at) > day) ?? crossing
    return first < crossing ? bisect(localDay, day, first - HOUR / 4, first) : crossing
  }
  const last = around.findLast((at) => localDay(at) <= day) ?? crossing
  return last >= crossing ? bisect(localDay, day, last, last + HOUR / 4) : crossing
}

function bisect(localDay: (at: number) => number, day: number, before: number, behind: number): number {
  let low = before
  let high = behind
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (localDay(middle) > day) high = middle
    else low = middle
  }
  return high
}
