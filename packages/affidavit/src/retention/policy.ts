// What a retention policy says (spec/retention.md §1). Data: which records it is for, how long they are kept at least and at most, from when
// it is counted, and who says so.

/** `days` only where the rule itself counts days. */
export const PERIOD_UNITS = ['calendar_years', 'calendar_months', 'days'] as const
export type PeriodUnit = (typeof PERIOD_UNITS)[number]

/** From when a period is counted (spec/retention.md §3). */
export const ANCHORS = [
  'record_created',
  'last_in_effect',
  'disclosure_date',
  'account_closed',
  'transaction_end',
  'audit_concluded',
  'fiscal_year_end',
  'decision_date',
  'personnel_action',
  'matter_closed',
  'purpose_end',
  'last_use',
  'system_placed_on_market',
  'final_contract_period_end',
  'no_longer_needed',
  'authorisation',
] as const
export type Anchor = (typeof ANCHORS)[number]

/** A length of time. A `value` of 0 ends with the day that it is counted from. */
export interface Length {
  readonly value: number
  readonly unit: PeriodUnit
}

/** A length of time from an anchor; of several anchors, from the latest. */
export interface Period extends Length {
  /** At least one. */
  readonly anchors: readonly Anchor[]
}

/** Which clock it sets: that of the entry (who, what, when), that of its sealed content, or both. */
export const PARTS = ['record', 'envelope', 'content'] as const
export type Part = (typeof PARTS)[number]

/** Who says so; a convention is never shown as a rule. */
export type Basis = 'law' | 'standard' | 'policy' | 'guidance' | 'convention' | 'product'

/** Records that a policy is for: all given conditions hold at once; within one, any of its words. */
export interface Scope {
  readonly compliance_domains?: readonly string[]
  readonly retention_classes?: readonly string[]
  readonly resource_types?: readonly string[]
  readonly actions?: readonly string[]
}

/** What a decision of the operator changed in a built-in policy. */
export interface Override {
  readonly reason: string
  readonly decided_by: string
  /** What the policy says without it. */
  readonly instead_of: Pick<RetentionPolicy, 'minimum' | 'maximum' | 'at_end'>
}

export interface RetentionPolicy {
  /** Such as `hipaa` or `sec.17a4b4`. */
  readonly id: string
  readonly title: string
  readonly regime: string
  readonly jurisdiction: string
  readonly citation: string
  readonly basis: Basis
  /** How surely the citation was seen: V the text itself, S a secondary source, K to be verified; `own` for what the product or the operator says. */
  readonly confidence: 'V' | 'S' | 'K' | 'own'
  readonly status: PolicyStatus
  /** Any of these scopes; or none until the operator's set adopts it. */
  readonly applies_to: readonly Scope[] | 'when-adopted'
  readonly part: Part
  readonly minimum?: Period
  /** Lengthens the minimum: the later of both counts. */
  readonly extension?: Period
  /** Why there is no number, where there is no minimum. */
  readonly without_minimum?: string
  readonly maximum?: Period
  /** How long it has to be at hand without a restore; `whole_period`: as long as the minimum runs. */
  readonly availability?: Period | 'whole_period'
  /** Whether storage that cannot be rewritten is asked for, alone or as one of two ways. */
  readonly worm?: 'required' | 'one-way'
  /** What happens behind the minimum, where it says so: rules do not. Behind a maximum, everything is destroyed. */
  readonly at_end?: 'destroy' | 'keep'
  readonly note?: string
  readonly overridden?: Override
}

export type PolicyStatus =
  | { readonly state: 'in-force' }
  /** From the beginning of this day on. */
  | { readonly state: 'from'; readonly day: string }
  /** Rescinded with the beginning of this day. */
  | { readonly state: 'until'; readonly day: string }
  | { readonly state: 'draft' }
  /** The operator's set says that it applies, whatever its status was. */
  | { readonly state: 'adopted' }
