// A ledger in front of a real one that takes records or not, as a test says: what it says of an append is what a ledger says.

import type { AuditedLedger } from '../src/capture/audited-ledger.ts'
import { type ErrorCode, LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'

export interface Failure {
  readonly code?: ErrorCode
  /** Only these drafts are refused; all of them where left out. */
  readonly only?: (draft: Draft) => boolean
  /** The record is there all the same, as behind a connection that is lost. */
  readonly recorded?: boolean
}

export interface FailingLedger extends AuditedLedger {
  /** From now on it takes nothing, and tells nothing. */
  fail(failure?: Failure): void
  heal(): void
  /** From now on appends of these wait until they are let go. */
  hold(which: (draft: Draft) => boolean): { letGo(): void }
  /** Drafts that were handed in, in order. */
  readonly asked: readonly Draft[]
  /** Called with each draft before anything becomes of it: may fail or heal. */
  onAppend: (draft: Draft) => Promise<void> | void
}

export function failingLedger(ledger: Ledger): FailingLedger {
  let failure: Failure | undefined
  let held: { readonly which: (draft: Draft) => boolean; readonly gone: Promise<void> } | undefined
  const asked: Draft[] = []

  function told<T>(read: () => Promise<T>): Promise<T> {
    return failure === undefined || failure.only !== undefined ? read() : Promise.reject(refusal('store-unavailable'))
  }

  const failing: FailingLedger = {
    registry: ledger.registry,
    asked,
    onAppend: () => undefined,
    async append(draft) {
      asked.push(draft)
      await failing.onAppend(draft)
      if (held?.which(draft) === true) await held.gone
      if (failure === undefined || failure.only?.(draft) === false) return ledger.append(draft)
      const { code = 'not-committed', recorded = false } = failure
      if (recorded) await ledger.append(draft)
      throw refusal(code)
    },
    isRecorded: (id) => told(() => ledger.isRecorded(id)),
    versionInForce: (action, agent_name) => told(() => ledger.versionInForce(action, agent_name)),
    deriveId: (...words) => ledger.deriveId(...words),
    digest: (text) => ledger.digest(text),
    fail(how = {}) {
      failure = how
    },
    heal() {
      failure = undefined
    },
    hold(which) {
      const { promise: gone, resolve } = Promise.withResolvers<void>()
      held = { which, gone }
      return {
        letGo() {
          held = undefined
          resolve()
        },
      }
    },
  }
  return failing
}

function refusal(code: ErrorCode): LedgerError {
  return new LedgerError(code, { problem: 'a test keeps it from being recorded' })
}
