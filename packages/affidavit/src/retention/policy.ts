// What a retention policy says (spec/retention.md §1). Data: which records it is for, how long they are kept at least and at most, from when
// it is counted, and who says so.

/** `days` only where the rule itself counts days. */
export type PeriodUnit = 'calendar_years' | 'calendar_months' | 'days'

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

/** A length of time from an anchor; of several anchors, from the latest. A `value` of 0 ends with the day of the anchor. */
export interface Period {
  readonly value: number
  readonly unit: PeriodUnit
  /** At least one. */
  readonly anchors: readonly Anchor[]
}

/** Which clock it sets: that of the entry (who, what, when), that of its sealed content, or both. */
export type Part = 'record' | 'envelope' | 'content'

/** Who says so; a convention is never shown as a rule. */
export type Basis = 'law' | 'standard' | 'policy' | 'guidance' | 'convention' | 'product'

/** All given conditions hold at once; within one, any of its words. */
export interface AppliesTo {
  readonly compliance_domains?: readonly string[]
  readonly retention_classes?: readonly string[]
  readonly resource_types?: readonly string[]
  readonly actions?: readonly string[]
}

export interface RetentionPolicy {
  /** Such as `hipaa` or `sec.17a4b4`. */
  readonly id: string
  readonly title: string
  readonly regime: string
  readonly jurisdiction: string
  readonly citation: string
  readonly basis: Basis
  /** How surely the citation was seen: V the text itself, S a secondary source, K to be verified; `own` for a policy of the operator's. */
  readonly confidence: 'V' | 'S' | 'K' | 'own'
  readonly status: PolicyStatus
  readonly applies_to: AppliesTo
  readonly part: Part
  readonly minimum?: Period
  /** Why there is no number, where there is no minimum. */
  readonly without_minimum?: string
  readonly maximum?: Period
  /** How long it has to be at hand without a restore. */
  readonly availability?: Period
  /** Whether storage that cannot be rewritten is asked for, alone or as one of two ways. */
  readonly worm?: 'required' | 'one-way'
  /** What happens at the end: `destroy` only where the operator, or a preset, says so. */
  readonly at_end: 'destroy' | 'keep'
  readonly note?: string
}

export type PolicyStatus =
  | { readonly state: 'in-force' }
  | { readonly state: 'from'; readonly day: string }
  | { readonly state: 'until'; readonly day: string }
  | { readonly state: 'draft' }
