// Steps become records, whatever the dialect was (spec/otlp.md §5). Pure but for the digests and ids of the ledger.

import { countCharacters } from '../bytes/text.ts'
import { contentsOf } from '../capture/captured.ts'
import { namesOf } from '../registry/tool-names.ts'
import { missingOf, someOf, toldContent } from './contents.ts'
import { agentRunRecords } from './map-agent-run.ts'
import { dataTouchRecords } from './map-data-touch.ts'
import { failureRecord } from './map-failure.ts'
import { modelCallRecords } from './map-model-call.ts'
import { toolCallRecords } from './map-tool-call.ts'
import { idOf, type Once, recordOf, type Setting, userRecord } from './setting.ts'
import type { ToolDecision, UserMessage, WholeStep } from './step.ts'

export function recordsOf(setting: Setting, step: WholeStep, within: 'calls' | 'nothing'): readonly Once[] {
  switch (step.kind) {
    case 'model_call':
      return modelCallRecords(setting, step)
    case 'tool_call':
      return toolCallRecords(setting, step)
    case 'tool_decision':
      return [decision(setting, step)]
    case 'data_touch':
      return dataTouchRecords(setting, step)
    case 'agent_run':
      return agentRunRecords(setting, step, within)
    case 'user_message':
      return [userMessage(setting, step)]
    case 'failure':
      return [failureRecord(setting, step)]
  }
}

function userMessage(setting: Setting, { text, characters }: UserMessage): Once {
  const { content, uncaptured = [] } = contentsOf(toldContent('message', text))
  const told = text?.state === 'told' && typeof text.value === 'string' ? countCharacters(text.value) : characters
  return userRecord(setting, {
    id: idOf(setting, 'user_message'),
    action: 'user_message_received',
    at: 'start',
    outcome: 'success',
    content,
    details: { characters: told, uncaptured: someOf(uncaptured, missingOf('message', text)) },
  })
}

const DECIDED = { approved: 'success', denied: 'denied', unrecognised: 'error' } as const

function decision(setting: Setting, { name, callId, decision: decided, decidedBy }: ToolDecision): Once {
  const fields = {
    id: idOf(setting, 'tool_decision'),
    action: 'approval_decided',
    at: 'start',
    outcome: DECIDED[decided],
    details: { ...namesOf(name, callId, setting.ledger.digest), decision: decided, decided_by: decidedBy },
  } as const
  if (decidedBy === 'person') return userRecord(setting, fields)
  return recordOf(setting, {
    ...fields,
    actor_id: decidedBy === 'rule' ? 'rule' : 'unknown-approver',
    actor_type: 'system',
  })
}
