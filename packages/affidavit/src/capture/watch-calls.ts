// Calls of providers that no adapter made, on record after the fact (spec/capture.md §8).

import { begin, type Steps } from './begin.ts'
import { agentDraft, labelOf } from './draft-of.ts'
import { watchProviders } from './watchdog.ts'

export interface CallWatch extends Disposable {
  stop(): void
}

export function watchCalls(steps: Steps, hosts: readonly string[]): CallWatch {
  const { stop } = watchProviders({
    hosts,
    isAudited: () => steps.where.getStore()?.model !== undefined,
    report({ host, method }) {
      const { run } = steps.whereabouts()
      const draft = agentDraft(
        { run, agent_name: steps.agent_name, timestamp: steps.now() },
        {
          id: steps.newId(),
          action: 'model_invoked',
          assurance: 'observed',
          parent_id: run.conversation.question,
          details: { unaudited: true, recipient: labelOf(host), method },
        },
      )
      // It went out already. Where it cannot be recorded, its number is missing, and the degraded period tells of it.
      begin(steps, [{ kind: 'model', draft }])
    },
  })
  return { stop, [Symbol.dispose]: stop }
}
