// Retention policies on paper: few, in days of UTC, and what they say of a record, counted naively (spec/retention.md §2, §4).

export type RecordClass = 'letters' | 'matters' | 'notes' | 'leads' | 'stray'
export const CLASSES: readonly RecordClass[] = ['letters', 'matters', 'notes', 'leads', 'stray']

export interface PaperPolicy {
  readonly of: RecordClass
  /** In days. */
  readonly minimum?: { readonly days: number; readonly from: 'record_created' | 'matter_closed' }
  readonly maximum?: number
  readonly at_end?: 'destroy' | 'keep'
}

export interface PaperSet {
  readonly revision: string
  readonly policies: readonly PaperPolicy[]
}

const created = (days: number): NonNullable<PaperPolicy['minimum']> => ({ days, from: 'record_created' })
const closed = (days: number): NonNullable<PaperPolicy['minimum']> => ({ days, from: 'matter_closed' })

const FIRST: readonly PaperPolicy[] = [
  { of: 'letters', minimum: created(30), at_end: 'destroy' },
  { of: 'matters', minimum: closed(10), at_end: 'destroy' },
  { of: 'notes', minimum: created(15), at_end: 'keep' },
  { of: 'leads', maximum: 25 },
]

/** As they were; longer; and two that contradict each other about letters. */
export const SETS: readonly [PaperSet, PaperSet, PaperSet] = [
  { revision: 'first', policies: FIRST },
  {
    revision: 'longer',
    policies: [
      { of: 'letters', minimum: created(60), at_end: 'destroy' },
      { of: 'matters', minimum: closed(20), at_end: 'destroy' },
      { of: 'notes', minimum: created(15), at_end: 'destroy' },
      { of: 'leads', maximum: 40 },
    ],
  },
  { revision: 'quarrel', policies: [...FIRST, { of: 'letters', maximum: 20 }] },
]

/** Records are at hand for so many days. */
export const DAYS_AT_HAND = 3

/** The file that says it. */
export function fileOf({ revision, policies }: PaperSet): string {
  return JSON.stringify({
    version: 1,
    revision,
    policies: policies.map(({ of, minimum, maximum, at_end }, i) => ({
      id: `clinic.p${i}`,
      title: of,
      applies_to: [{ retention_classes: [of] }],
      availability: { value: DAYS_AT_HAND, unit: 'days', anchors: ['record_created'] },
      ...(minimum && { minimum: { value: minimum.days, unit: 'days', anchors: [minimum.from] } }),
      ...(maximum !== undefined && { maximum: { value: maximum, unit: 'days', anchors: ['record_created'] } }),
      ...(at_end && { at_end }),
    })),
  })
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
export function endOf(instant: number, days: number): number {
  return (Math.floor(instant / DAY) + 1 + days) * DAY
}

/** Where the minimum ends; `open` while its anchor is awaited. */
export function minimumOf({ policies }: PaperSet, { of, created, closed }: Facts): number | 'open' | undefined {
  const [minimum] = policies.flatMap((policy) => (policy.of === of && policy.minimum ? [policy.minimum] : []))
  if (minimum === undefined) return undefined
  const from = minimum.from === 'record_created' ? created : closed
  return from === undefined ? 'open' : endOf(from, minimum.days)
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
