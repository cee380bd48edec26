// What waited when a process died (spec/otlp.md §4): it is on record as it was received, and is taken up from there. Nobody is shown it.

import { formatTimestamp } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { openContent, wholeBody } from '../ledger/open-content.ts'
import { type Decoded, decode } from './decode.ts'
import { OtlpFault } from './fault.ts'
import { MEDIA_TYPES } from './receipt.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

/**
 * Logs that were received since, in their order. What is destroyed, was damaged, or is too much for one request, put together anew, is
 * passed over: verification tells of damage, and what comes now must not wait for it.
 * @throws LedgerError where the ledger cannot be read
 */
export async function* logsReceived(ledger: TelemetryLedger, since: number): AsyncGenerator<Decoded> {
  const recorded_from = formatTimestamp(since)
  for await (const record of ledger.search({ action: 'telemetry_received', recorded_from })) {
    if (record.details?.signal !== 'logs' || record.outcome !== 'success') continue
    const decoded = await decodedIn(ledger, record).catch(passOver)
    if (decoded !== undefined) yield decoded
  }
}

async function decodedIn({ archival }: TelemetryLedger, record: AuditRecord): Promise<Decoded | undefined> {
  const reference = record.content?.find(({ name }) => name === 'telemetry')
  if (reference === undefined) return undefined
  const opened = await openContent(archival, record, reference)
  if (opened.state === 'unavailable') return undefined
  const encoding = reference.media_type === MEDIA_TYPES.protobuf ? 'protobuf' : 'json'
  return decode(await wholeBody(opened.body), 'logs', encoding)
}

function passOver(error: unknown): undefined {
  if (error instanceof OtlpFault || (error instanceof LedgerError && error.code === 'store-corrupt')) return undefined
  throw error
}
