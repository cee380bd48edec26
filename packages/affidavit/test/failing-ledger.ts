// A ledger in front of a real one that takes records or not, as a test says: what it says of an append is what a ledger says.

import type { AuditedLedger } from '../src/capture/audited-ledger.ts'
import type { SpoolingLedger } from '../src/capture/spool.ts'
import { type ErrorCode, LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Appended, Ledger } from '../src/ledger/ledger.ts'

export interface Failure {
  readonly code?: ErrorCode
  /** Only these drafts are refused; all of them where left out. */
  readonly only?: (draft: Draft) => boolean
  /** The record is there all the same, as behind a connection that is lost. */
  readonly recorded?: boolean
}

export interface FailingLedger extends SpoolingLedger, Omit<AuditedLedger, 'append'> {
  /** From now on it takes nothing, and tells nothing. */
  fail(failure?: Failure): void
  heal(): void
  /** From now on appends of these wait until they are let go. */
  hold(which: (draft: Draft) => boolean): { letGo(): void }
  /** From now on this says what becomes of each append. */
  decide(fate: (draft: Draft) => Promise<Failure | 'taken'>): void
  /** Drafts that were handed in, in order. */
  readonly asked: readonly Draft[]
}

export function failingLedger(ledger: Ledger): FailingLedger {
  let failure: Failure | undefined
  let fate: (draft: Draft) => Promise<Failure | 'taken'> = async () => 'taken'
  const asked: Draft[] = []

  function told<T>(read: () => Promise<T>): Promise<T> {
    return failure === undefined || failure.only !== undefined ? read() : Promise.reject(refusal('store-unavailable'))
  }

  async function append(draft: Draft): Promise<Appended> {
    asked.push(draft)
    const decided = failure ?? (await fate(draft))
    if (decided === 'taken' || decided.only?.(draft) === false) return ledger.append(draft)
    const { code = 'not-committed', recorded = false } = decided
    if (recorded) await ledger.append(draft)
    throw refusal(code)
  }

  return {
    registry: ledger.registry,
    asked,
    append,
    isRecorded: (id) => told(() => ledger.isRecorded(id)),
    versionInForce: (action, agent_name) => told(() => ledger.versionInForce(action, agent_name)),
    deriveId: (...words) => ledger.deriveId(...words),
    digest: (text) => ledger.digest(text),
    spoolable: (draft) => ledger.spoolable(draft),
    spooling: ledger.spooling,
    fail(how = {}) {
      failure = how
    },
    heal() {
      failure = undefined
      fate = async () => 'taken'
    },
    hold(which) {
      const { promise, resolve } = Promise.withResolvers<'taken'>()
      fate = async (draft) => (which(draft) ? promise : 'taken')
      return { letGo: () => resolve('taken') }
    },
    decide(next) {
      fate = next
    },
  }
}

function refusal(code: ErrorCode): LedgerError {
  return new LedgerError(code, { problem: 'a test keeps it from being recorded' })
}
