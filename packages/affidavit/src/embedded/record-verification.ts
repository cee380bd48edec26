// Verifying a ledger is on record in it, where it can be written and was not tampered with (spec/reading.md §5).

import type { AccessPolicy } from '../access/policy.ts'
import { DocumentFault } from '../documents/fault.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { expectAllowed, type Read, type Reader } from '../ledger/reader.ts'
import type { Report } from '../verify/report.ts'
import { readAccess } from './access.ts'
import { openFolder } from './open.ts'
import { type Place, placeAt } from './place.ts'
import { openKeyringToRead } from './read-keyring.ts'

/** What became of the record about a verification, as --json says it. */
export type Recording =
  | { readonly recorded: true }
  | { readonly recorded: false; readonly not_recorded_because: string }

/** @throws LedgerError `not-allowed`; nobody is kept from verifying by a policy that cannot be read */
export function expectVerifier(where: string | Place, reader: Reader): void {
  expectAllowed(policyIn(typeof where === 'string' ? where : where.home), reader, 'verify')
}

/** Keys of those who may approve, by the access policy of a ledger; nobody where it cannot be read. */
export function approversIn(folder: string): VerifierKey[] {
  const people = policyIn(folder)?.people
  return [...(people?.values() ?? [])].flatMap(({ approval_key }) => approval_key ?? [])
}

function policyIn(folder: string): AccessPolicy | undefined {
  try {
    return readAccess(folder)
  } catch (error) {
    if (error instanceof LedgerError || error instanceof DocumentFault) return undefined
    throw error
  }
}

/** What a record says of how it was verified. */
export interface HowVerified {
  readonly operation: 'verify' | 'watch'
  /** What more the record says. */
  readonly details?: { readonly [name: string]: unknown }
  /** Takes the record, where the ledger is open already. */
  readonly ledger?: Pick<Ledger, 'as' | 'origin'>
}

/**
 * Records that `report` was made. A ledger that was tampered with is not written to: evidence stays as it is.
 * @throws LedgerError `not-allowed`, `invalid-draft` (a name or purpose that no record can have)
 */
export async function recordVerification(
  where: string | Place,
  report: Report,
  reader: Reader,
  how: HowVerified = { operation: 'verify' },
): Promise<Recording> {
  if (report.status === 'tampered') return notRecorded('what was tampered with is left as it is')
  if (report.status === 'empty') return notRecorded('there is no record in it yet')
  const record = (ledger: Pick<Ledger, 'as' | 'origin'>): Promise<void> =>
    ledger.as(reader).recorded('verify', readOf(report, how, ledger.origin))
  let recorded = false
  try {
    if (how.ledger !== undefined) {
      await record(how.ledger)
      return { recorded: true }
    }
    const place = placeAt(where)
    // Opening to write begins a keyring that has no key: whoever verifies leaves it as it was found.
    if (report.subject.origin !== undefined) await (await openKeyringToRead(place.home, report.subject.origin)).close()
    const ledger = await openFolder(place)
    try {
      await record(ledger)
      recorded = true
    } finally {
      await ledger.close()
    }
  } catch (error) {
    if (!isOfLedger(error)) throw error
    // The record is durable once it is made; a checkpoint that could not follow it does at the next opening.
    if (!recorded) return notRecorded(error.problem)
  }
  return { recorded: true }
}

export function notRecorded(because: string): Recording {
  return { recorded: false, not_recorded_because: because }
}

function readOf(report: Report, { operation, details = {} }: HowVerified, newest: string): Read {
  const { status, records_checked, findings_count, subject } = report
  return {
    action: 'integrity_verified',
    operation,
    outcome: status === 'valid' ? 'success' : 'error',
    details: {
      what: subject.kind,
      ...(subject.origin === undefined || subject.origin === newest ? {} : { ledger: subject.origin }),
      status,
      records_checked,
      findings: findings_count,
      ...(subject.size === undefined ? {} : { as_of_seq: subject.size - 1 }),
      ...details,
    },
  }
}

// What is wrong with the ledger, not with how the verifier is named.
function isOfLedger(error: unknown): error is LedgerError | DocumentFault {
  if (error instanceof DocumentFault) return true
  return error instanceof LedgerError && error.code !== 'not-allowed' && error.code !== 'invalid-draft'
}
