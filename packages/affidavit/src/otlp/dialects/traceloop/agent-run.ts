// A workflow or an agent from its question to its answer, as OpenLLMetry tells it: what a function was given, and gave.

import type { AgentRun } from '../../step.ts'
import type { Span } from '../../telemetry.ts'
import { asItStands } from '../as-it-stands.ts'
import { errorOf, textsOfCall } from '../gen-ai-call.ts'

export function agentRun(span: Span, operation: 'invoke_agent' | 'invoke_workflow'): AgentRun {
  const { attributes } = span
  const told = textsOfCall(attributes)
  return {
    kind: 'agent_run',
    operation,
    ...told,
    input: told.input ?? asItStands(attributes.get('traceloop.entity.input')),
    output: told.output ?? asItStands(attributes.get('traceloop.entity.output')),
    error: errorOf(span),
  }
}
