// Which records there are for somebody (spec/sign-in.md §1). Data.

/** Each part that is absent restricts nothing. */
export interface Scope {
  /** `agent_name` is one of these; never empty. */
  readonly agents?: readonly string[]
  /** `timestamp` is not before it. */
  readonly from?: string
  /** `timestamp` is before it. */
  readonly until?: string
}
