// What the receiver needs of a ledger: to append, and to know what it wrote itself.

import type { Ledger } from '../ledger/ledger.ts'

export type TelemetryLedger = Pick<
  Ledger,
  'appendMany' | 'archival' | 'deriveId' | 'digest' | 'get' | 'isRecorded' | 'registry' | 'search'
>
