// An agent from its question to its answer, as OpenInference tells it: an AGENT span, or the chain around everything.

import type { AgentRun } from '../../step.ts'
import type { Span } from '../../telemetry.ts'
import { errorOf } from '../failed.ts'
import { messagesOf } from './messages.ts'
import { asItStands } from './texts.ts'

export function agentRun(span: Span, operation: 'invoke_agent' | 'invoke_workflow'): AgentRun {
  const { attributes } = span
  return {
    kind: 'agent_run',
    operation,
    input: messagesOf(attributes, 'llm.input_messages') ?? asItStands(attributes.get('input.value')),
    output: messagesOf(attributes, 'llm.output_messages') ?? asItStands(attributes.get('output.value')),
    error: errorOf(span),
  }
}
