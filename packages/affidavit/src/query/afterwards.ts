// Whether an approval came after what it approves (spec/authority.md §2): by the ledger's clock the one, as claimed the other.

/** By so much the clocks of processes may differ, and it is taken for no more than that. */
const CLOCKS_DIFFER_MILLIS = 60_000

export function isAfterwards(approval_recorded_at: string, act_timestamp: string): boolean {
  return Date.parse(approval_recorded_at) - Date.parse(act_timestamp) > CLOCKS_DIFFER_MILLIS
}
