// What failed, as a record says it: its type; its message is content (spec/otlp.md §5).

import { capturedText, contentsOf, labelOf } from '../capture/captured.ts'
import { agentRecord, idOf, nameIn, type Once, type Setting } from './setting.ts'
import type { Failure, StepError } from './step.ts'

export function errorDetailsOf(error: StepError | undefined): { readonly error?: object } {
  if (error === undefined) return {}
  const { type, status } = error
  return { error: { name: nameIn(type) ?? 'unnamed', status } }
}

export function failureRecord(setting: Setting, { operation, model, error }: Failure): Once {
  const { content, uncaptured } = contentsOf(capturedText('error', error.message))
  return agentRecord(setting, {
    id: idOf(setting, 'failure'),
    action: 'agent_failed',
    at: 'end',
    outcome: 'error',
    model: model === undefined ? undefined : labelOf(model),
    content,
    details: {
      operation: nameIn(operation),
      ended: 'failed',
      ...errorDetailsOf(error),
      uncaptured,
    },
  })
}
