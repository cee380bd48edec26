// A ledger behind a gate: records of a chosen action wait there until the test lets them pass, or are refused there.

import type { AuditedLedger } from '../src/capture/audited-ledger.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { Hold } from './mock-answer.ts'

export interface Gated {
  readonly ledger: AuditedLedger
  /** From now on, records of this action wait. */
  hold(action: AuditRecord['action'], hold: Hold): void
  /** From now on, no record of these actions is taken. */
  refuse(...actions: readonly AuditRecord['action'][]): void
}

export function gatedLedger(ledger: AuditedLedger): Gated {
  const holds = new Map<string, Hold>()
  const refused = new Set<string>()
  return {
    ledger: {
      registry: ledger.registry,
      isRecorded: (id) => ledger.isRecorded(id),
      deriveId: (...words) => ledger.deriveId(...words),
      digest: (text) => ledger.digest(text),
      versionInForce: (action, agent) => ledger.versionInForce(action, agent),
      async append(draft) {
        await holds.get(draft.action)?.wait()
        if (refused.has(draft.action)) throw new LedgerError('store-unavailable', { problem: 'the disk is gone' })
        return ledger.append(draft)
      },
    },
    hold: (action, hold) => void holds.set(action, hold),
    refuse(...actions) {
      refused.clear()
      for (const action of actions) refused.add(action)
    },
  }
}
