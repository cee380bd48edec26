// Calls of providers that no adapter made, on record after the fact (spec/capture.md §8).

import { LedgerError } from '../errors/ledger-error.ts'
import { begin, type Steps } from './begin.ts'
import { labelOf } from './captured.ts'
import { agentDraft } from './draft-of.ts'
import { causeOf } from './turns.ts'
import { watchProviders } from './watchdog.ts'

export interface CallWatch extends Disposable {
  stop(): void
}

/** @throws LedgerError `invalid-query` for a host that is none: it would be watched in vain */
export function watchCalls(steps: Steps, hosts: readonly string[]): CallWatch {
  hosts.forEach(checkHost)
  const { stop } = watchProviders({
    hosts,
    isAudited: () => steps.where.getStore()?.model?.isOver() === false,
    report({ host, method, path }) {
      const { run } = steps.whereabouts()
      const draft = agentDraft(steps.acting(run), {
        id: steps.newId(),
        action: 'model_invoked',
        assurance: 'observed',
        parent_id: causeOf(run),
        details: { unaudited: true, recipient: labelOf(host), method, path: labelOf(path) },
      })
      // It went out already. Where it cannot be recorded, its number is missing, and the degraded period tells of it.
      begin(steps, [{ kind: 'model', draft }])
    },
  })
  return { stop, [Symbol.dispose]: stop }
}

function checkHost(host: unknown, i: number): void {
  if (typeof host === 'string' && /^([\w.*-]+|\[[\da-f:]+\])(:\d+)?$/i.test(host)) return
  throw new LedgerError('invalid-query', {
    problem: `${JSON.stringify(host)} is no host`,
    cure: 'name it without scheme and path: llm.example.com, *.example.com, 127.0.0.1:8080',
    path: `hosts[${i}]`,
  })
}
