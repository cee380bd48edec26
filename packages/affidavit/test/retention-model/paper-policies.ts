// Retention policies on paper: few, in days and months of UTC, and what they say of a record, counted naively (spec/retention.md §2, §4).

export type RecordClass = 'letters' | 'matters' | 'notes' | 'leads' | 'soc2' | 'stray'
export const CLASSES: readonly RecordClass[] = ['letters', 'matters', 'notes', 'leads', 'soc2', 'stray']

interface Minimum {
  readonly value: number
  readonly unit: 'days' | 'calendar_months'
  readonly from: 'record_created' | 'matter_closed'
}

export interface PaperPolicy {
  readonly of: RecordClass
  readonly minimum?: Minimum
  /** In days. */
  readonly maximum?: number
  readonly at_end?: 'destroy' | 'keep'
  /** Of the product's own, as it is, or as somebody decided. */
  readonly builtIn?: 'as it is' | 'extend' | 'override'
}

export interface PaperSet {
  readonly revision: string
  readonly policies: readonly PaperPolicy[]
}

const created = (value: number): Minimum => ({ value, unit: 'days', from: 'record_created' })
const closed = (value: number): Minimum => ({ value, unit: 'days', from: 'matter_closed' })
const soc2 = (minimum: Omit<Minimum, 'from'>, builtIn: NonNullable<PaperPolicy['builtIn']>): PaperPolicy => ({
  ...{ of: 'soc2', builtIn, at_end: 'destroy' },
  minimum: { ...minimum, from: 'record_created' },
})

const FIRST: readonly PaperPolicy[] = [
  { of: 'letters', minimum: created(30), at_end: 'destroy' },
  { of: 'matters', minimum: closed(10), at_end: 'destroy' },
  { of: 'notes', minimum: created(15), at_end: 'keep' },
  { of: 'leads', maximum: 25 },
  soc2({ value: 18, unit: 'calendar_months' }, 'as it is'),
]

/** As they were; longer, and one of the product's shortened by decision; two that contradict each other about letters; one extended. */
export const SETS: readonly [PaperSet, PaperSet, PaperSet, PaperSet] = [
  { revision: 'first', policies: FIRST },
  {
    revision: 'longer',
    policies: [
      { of: 'letters', minimum: created(60), at_end: 'destroy' },
      { of: 'matters', minimum: closed(20), at_end: 'destroy' },
      { of: 'notes', minimum: created(15), at_end: 'destroy' },
      { of: 'leads', maximum: 40 },
      soc2({ value: 20, unit: 'days' }, 'override'),
    ],
  },
  { revision: 'quarrel', policies: [...FIRST, { of: 'letters', maximum: 20 }] },
  {
    revision: 'extended',
    policies: [...FIRST.slice(0, -1), soc2({ value: 24, unit: 'calendar_months' }, 'extend')],
  },
]

/** Records are at hand for so many days; by the product's own policies for 90. */
const DAYS_AT_HAND = 3

/** The file that says it. */
export function fileOf({ revision, policies }: PaperSet): string {
  const own = policies.filter(({ builtIn }) => builtIn === undefined)
  const decided = (by: PaperPolicy['builtIn']): readonly object[] =>
    policies
      .filter(({ builtIn }) => builtIn === by)
      .map(({ of, minimum }) => ({ policy: of, ...(minimum && { minimum: periodOf(minimum) }) }))
  return JSON.stringify({
    version: 1,
    revision,
    policies: own.map(({ of, minimum, maximum, at_end }, i) => ({
      id: `clinic.p${i}`,
      title: of,
      applies_to: [{ retention_classes: [of] }],
      availability: { value: DAYS_AT_HAND, unit: 'days', anchors: ['record_created'] },
      ...(minimum && { minimum: periodOf(minimum) }),
      ...(maximum !== undefined && { maximum: { value: maximum, unit: 'days', anchors: ['record_created'] } }),
      ...(at_end && { at_end }),
    })),
    extend: decided('extend'),
    override: decided('override').map((one) => ({ ...one, reason: 'nobody examines that', decided_by: 'dr.lee' })),
  })
}

function periodOf({ value, unit, from }: Minimum): object {
  return { value, unit, anchors: [from] }
}

export interface Facts {
  readonly of: RecordClass
  readonly created: number
  /** The beginning of the day on which its matter was closed; `undefined` while that is open. */
  readonly closed: number | undefined
  readonly isHeld: boolean
}

export type PaperState = 'unclassified' | 'conflict' | 'waits' | 'kept' | 'held' | 'due' | 'free'

export const DAY = 86_400_000

/** The end of the day that is so many days behind that of an instant. */
function endOf(instant: number, days: number): number {
  return (Math.floor(instant / DAY) + 1 + days) * DAY
}

/** Of a day that a month does not have it is the first of the next. */
function endOfMonths(instant: number, months: number): number {
  const from = new Date(instant)
  const [year, month, day] = [from.getUTCFullYear(), from.getUTCMonth() + months, from.getUTCDate()]
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return endOf(day > last ? Date.UTC(year, month + 1, 1) : Date.UTC(year, month, day), 0)
}

/** Until when it is at hand. */
export function atHandUntil({ policies }: PaperSet, { of, created }: Pick<Facts, 'of' | 'created'>): number {
  const isOwn = policies.some((policy) => policy.of === of && policy.builtIn === undefined)
  return isOwn ? endOf(created, DAYS_AT_HAND) : created + 90 * DAY
}

/** Where the minimum ends; `open` while its anchor is awaited. */
export function minimumOf({ policies }: PaperSet, { of, created, closed }: Facts): number | 'open' | undefined {
  const [minimum] = policies.flatMap((policy) => (policy.of === of && policy.minimum ? [policy.minimum] : []))
  if (minimum === undefined) return undefined
  const from = minimum.from === 'record_created' ? created : closed
  if (from === undefined) return 'open'
  return minimum.unit === 'days' ? endOf(from, minimum.value) : endOfMonths(from, minimum.value)
}

export function stateOf(set: PaperSet, facts: Facts, at: number): PaperState {
  const mine = set.policies.filter(({ of }) => of === facts.of)
  if (mine.length === 0) return 'unclassified'
  const minimum = minimumOf(set, facts)
  const [days] = mine.flatMap((policy) => policy.maximum ?? [])
  const maximum = days === undefined ? undefined : endOf(facts.created, days)
  if (maximum !== undefined && typeof minimum === 'number' && maximum < minimum) return 'conflict'
  if (minimum === 'open') return 'waits'
  if (minimum !== undefined && minimum > at) return 'kept'
  if (facts.isHeld) return 'held'
  const isAsked = mine.some(({ at_end }) => at_end === 'destroy') || (maximum !== undefined && maximum <= at)
  return isAsked ? 'due' : 'free'
}
