// A report as a watcher remembers and tells it: codes and places, and nothing that was read. Pure.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import type { Report, Status } from '../verify/report.ts'
import type { WatchVerdict } from './state.ts'

export function verdictOf(report: Report, run: WatchVerdict['run'], at: UnixMillis): WatchVerdict {
  const { subject, status, records_checked, findings_count } = report
  return {
    run,
    at: formatTimestamp(at),
    status,
    records_checked,
    ...(subject.origin === undefined || subject.origin === '' ? {} : { ledger: subject.origin }),
    ...(subject.size === undefined || subject.size === 0 ? {} : { as_of_seq: subject.size - 1 }),
    findings: [...Map.groupBy(worstIn(report), ({ code }) => code)].map(([code, found]) => ({
      code,
      count: found.length,
      ...(found[0]?.seq === undefined ? {} : { seq: found[0].seq }),
    })),
    findings_count,
  }
}

// What is missing beside what was tampered with comes and goes with it.
function worstIn({ status, findings }: Report): Report['findings'] {
  return findings.filter(({ weight }) => status !== 'tampered' || weight === 'tampered')
}

const WEIGHT: Readonly<Record<Status, number>> = { tampered: 3, incomplete: 2, empty: 1, valid: 0 }

/** The worst of them; of equals the first. */
export function worst<Judged extends { readonly status: Status }>(first: Judged, others: readonly Judged[]): Judged {
  return others.reduce((one, other) => (WEIGHT[other.status] > WEIGHT[one.status] ? other : one), first)
}

/** The same for what is wrong in the same places, however often and whenever it is found. */
export function fingerprintOf(verdicts: readonly WatchVerdict[]): string {
  const wrong = verdicts.filter(({ status }) => status !== 'valid')
  return sha256Hex(JSON.stringify(wrong.map(({ run, status, ledger, findings }) => [run, status, ledger, findings])))
}
