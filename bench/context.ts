import type { Ledgers } from './ledgers.ts'

/** What a measurement is given. */
export interface Context {
  readonly ledgers: Ledgers
  readonly effort: 'quick' | 'full'
  /** Records of the large ledger. */
  readonly records: number
}
