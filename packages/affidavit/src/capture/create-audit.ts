// What an application says of its audit, and what is assumed where it does not (spec/capture.md).

import { hostname } from 'node:os'
import { pid } from 'node:process'

import { toHex } from '../bytes/hex.ts'
import { idProblem } from '../bytes/label.ts'
import { backgroundAlarm } from '../clock/alarm.ts'
import { createRandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { type Audit, openAudit } from './audit.ts'
import type { AuditedLedger, Spool } from './audited-ledger.ts'
import type { Policy, StepKind } from './policy.ts'
import type { ChangedBy } from './versions.ts'

export interface AuditOptions {
  /** The ledger, from openLedger. It stays its opener's to close, after the audit. */
  readonly ledger: AuditedLedger
  /** The agent, where a run names none. */
  readonly agent_name?: string
  /** Where records wait while the ledger takes none, from openSpool. */
  readonly spool?: Spool
  /** What happens to a step whose record cannot be made, by its kind (spec/capture.md §2). */
  readonly policy?: Readonly<Partial<Record<StepKind, Policy>>>
  /** Who put the prompts and models in force that this process runs, where that is known. */
  readonly changed_by?: ChangedBy
  /** This producer; host, process and a random part where left out. No two at a time may share one. */
  readonly producer_id?: string
  /** A conversation of which nothing was recorded for so long has ended. */
  readonly idleMinutes?: number
}

const IDLE_MINUTES = 30
const MAX_IDLE_MINUTES = 20_160

/**
 * The audit of an agent: hand it to the adapters of its SDKs, and do its work in `run`.
 * @throws LedgerError `invalid-query` naming the option that no record can hold, or a policy that asks for a spool that is not there
 */
export function createAudit(options: AuditOptions): Audit {
  const { agent_name, producer_id = newProducer(), changed_by, idleMinutes = IDLE_MINUTES } = options
  checkId('agent_name', agent_name)
  checkId('producer_id', producer_id)
  checkId('changed_by.actor_id', changed_by?.actor_id)
  if (!(idleMinutes >= 1 && idleMinutes <= MAX_IDLE_MINUTES))
    throw unfit('idleMinutes', `is a number from 1 to ${MAX_IDLE_MINUTES}`)
  return openAudit({ ...options, producer_id, idleMinutes, alarm: backgroundAlarm })
}

function newProducer(): string {
  return `${hostname().slice(0, 64)}:${pid}:${toHex(createRandomSource()(6))}`
}

function checkId(path: string, text: string | undefined): void {
  const problem = text === undefined ? undefined : idProblem(text, MAX_LABEL_BYTES)
  if (problem !== undefined) throw unfit(path, problem)
}

function unfit(path: string, problem: string): LedgerError {
  const cure = 'mend it where createAudit is called'
  return new LedgerError('invalid-query', { problem: `${path} ${problem}`, cure, path })
}
