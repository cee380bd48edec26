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
 * Logs that may have waited when the process before ended, in their order: those of the last `waitedMillis` before the newest telemetry,
 * however long ago that is. What is destroyed, was damaged, or is too much for one request, put together anew, is
 * passed over: verification tells of damage, and what comes now must not wait for it.
 * @throws LedgerError where the ledger cannot be read
 */
export async function* logsReceived(ledger: TelemetryLedger, waitedMillis: number): AsyncGenerator<Decoded> {
  const newest = await newestReceived(ledger)
  if (newest === undefined) return
  const recorded_from = formatTimestamp(Date.parse(newest.recorded_at) - waitedMillis)
  for await (const record of ledger.search({ action: 'telemetry_received', recorded_from })) {
    if (record.details?.signal !== 'logs' || record.outcome !== 'success') continue
    const decoded = await decodedIn(ledger, record).catch(passOver)
    if (decoded !== undefined) yield decoded
  }
}

async function newestReceived(ledger: TelemetryLedger): Promise<AuditRecord | undefined> {
  for await (const record of ledger.search({ action: 'telemetry_received' }, { order: 'descending', limit: 1 })) {
    return record
  }
  return undefined
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
