// From when a retention period is counted, where only a person or a program outside can say so (spec/retention.md §3).

/** What a `retention_anchor_recorded` can name; the others are known from records and from the policies themselves. */
export const RECORDED_ANCHORS = [
  'account_closed',
  'audit_concluded',
  'authorisation',
  'decision_date',
  'final_contract_period_end',
  'last_in_effect',
  'last_use',
  'matter_closed',
  'no_longer_needed',
  'personnel_action',
  'purpose_end',
  'system_placed_on_market',
  'transaction_end',
] as const

export type RecordedAnchor = (typeof RECORDED_ANCHORS)[number]
