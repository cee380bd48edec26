// An agent from its question to its answer, as records: of its failure, and of what was said where no call within it told that
// (spec/otlp.md §5).

import { countCharacters } from '../bytes/text.ts'
import { capturedText, contentsOf, labelOf } from '../capture/captured.ts'
import { errorDetailsOf } from './map-failure.ts'
import { agentRecord, idOf, nameIn, type Once, type Setting } from './setting.ts'
import type { AgentRun } from './step.ts'
import { hear } from './user-messages.ts'
import { answerOf } from './words.ts'

/** `within`: whether calls of models were seen within it. What they said and took is theirs. */
export function agentRunRecords(setting: Setting, run: AgentRun, within: 'calls' | 'nothing'): readonly Once[] {
  const input = run.input?.state === 'told' ? run.input.value : []
  const output = run.output?.state === 'told' ? run.output.value : []
  const { records, cause } = hear(setting, input)
  const answer = answerOf(output)
  const failed = run.error === undefined ? [] : [failure(setting, run, cause)]
  if (within === 'calls') return failed
  const answered = answer === '' ? [] : [response(setting, run, answer, cause)]
  return [...records, ...answered, ...failed]
}

function response(setting: Setting, run: AgentRun, answer: string, parent_id: string | undefined): Once {
  const { content, uncaptured } = contentsOf(capturedText('answer', answer))
  return agentRecord(setting, {
    id: idOf(setting, 'run_answered'),
    action: 'agent_response_generated',
    at: 'end',
    outcome: 'success',
    model: run.model === undefined ? undefined : labelOf(run.model),
    parent_id,
    content,
    details: {
      layer: 'agent',
      operation: nameIn(run.operation),
      ended: 'complete',
      characters: countCharacters(answer),
      uncaptured,
    },
  })
}

function failure(setting: Setting, run: AgentRun, parent_id: string | undefined): Once {
  const { content, uncaptured } = contentsOf(capturedText('error', run.error?.message))
  return agentRecord(setting, {
    id: idOf(setting, 'run_failed'),
    action: 'agent_failed',
    at: 'end',
    outcome: 'error',
    parent_id,
    content,
    details: {
      layer: 'agent',
      operation: nameIn(run.operation),
      ended: 'failed',
      ...errorDetailsOf(run.error),
      uncaptured,
    },
  })
}
