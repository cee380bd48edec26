// What waited when a process died (spec/otlp.md §4): it is on record as it was received, and is taken up from there. Nobody is shown it.

import { formatTimestamp } from '../clock/clock.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { openContent, wholeBody } from '../ledger/open-content.ts'
import type { Encoding } from './decode.ts'
import { MEDIA_TYPES, type Request } from './receipt.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

/** Requests of logs that were received since, in their order. What is destroyed, or does not open, is passed over. */
export async function* logsReceived(ledger: TelemetryLedger, since: number): AsyncGenerator<Request> {
  const recorded_from = formatTimestamp(since)
  for await (const record of ledger.search({ action: 'telemetry_received', recorded_from })) {
    if (record.details?.signal !== 'logs' || record.outcome !== 'success') continue
    const request = await requestIn(ledger, record)
    if (request !== undefined) yield request
  }
}

async function requestIn({ archival }: TelemetryLedger, record: AuditRecord): Promise<Request | undefined> {
  const reference = record.content?.find(({ name }) => name === 'telemetry')
  if (reference === undefined) return undefined
  const opened = await openContent(archival, record, reference)
  if (opened.state === 'unavailable') return undefined
  const encoding: Encoding = reference.media_type === MEDIA_TYPES.protobuf ? 'protobuf' : 'json'
  return { body: await wholeBody(opened.body), signal: 'logs', encoding }
}
