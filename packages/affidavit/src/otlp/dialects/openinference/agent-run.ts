// An agent from its question to its answer, as OpenInference tells it: an AGENT span, or the chain around everything.

import type { AgentRun, Message, Told } from '../../step.ts'
import type { Attributes, Span } from '../../telemetry.ts'
import { asItStands } from '../as-it-stands.ts'
import { errorOf } from '../gen-ai-call.ts'
import { textPart } from '../part.ts'
import { messagesOf } from './messages.ts'

export function agentRun(span: Span): AgentRun {
  const { attributes } = span
  return {
    kind: 'agent_run',
    operation: 'invoke_agent',
    input: messagesOf(attributes, 'llm.input_messages') ?? said(attributes, 'input', 'user'),
    output: messagesOf(attributes, 'llm.output_messages') ?? said(attributes, 'output', 'assistant'),
    error: errorOf(span),
  }
}

/** The state that a chain took and left is no message of anybody. */
export function chainRun(span: Span): AgentRun {
  const { attributes } = span
  return {
    kind: 'agent_run',
    operation: 'invoke_workflow',
    input: asItStands(attributes.get('input.value')),
    output: asItStands(attributes.get('output.value')),
    error: errorOf(span),
  }
}

// Plain text is what an agent was asked, and what it answered.
function said(attributes: Attributes, side: 'input' | 'output', role: string): Told<readonly Message[]> | undefined {
  const told = asItStands(attributes.get(`${side}.value`))
  if (told?.state !== 'unread' || attributes.get(`${side}.mime_type`) === 'application/json') return told
  return { state: 'told', value: [{ role, parts: textPart(told.text) }] }
}
