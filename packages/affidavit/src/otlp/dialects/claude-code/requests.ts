// What Claude Code tells of its requests to a model.

import type { JsonValue } from '../../../bytes/json.ts'
import type { CallContent, Failure, Message, ModelCall, Told, Usage } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { amountOf, countOf, textOf, truthOf } from '../attribute.ts'
import { textPart } from '../part.ts'
import { toldText } from '../told.ts'

const PARAMETERS = ['effort', 'speed', 'query_source', 'attempt'] as const

export function request(attributes: Attributes): ModelCall {
  return { ...callOf(attributes), usage: usageOf(attributes), costUsd: amountOf(attributes, 'cost_usd') }
}

/** One event for all attempts, when none is left. */
export function failedRequest(attributes: Attributes): ModelCall {
  const message = textOf(attributes, 'error')
  const status = countOf(attributes, 'status_code')
  return { ...callOf(attributes), error: { message, status } }
}

/** A refusal that the server itself had another model answer instead was nobody's answer. */
export function refusal(attributes: Attributes): readonly Failure[] {
  if (truthOf(attributes, 'server_fallback_hop') === true) return []
  const message = textOf(attributes, 'category')
  return [
    { kind: 'failure', operation: 'chat', model: textOf(attributes, 'model'), error: { type: 'refusal', message } },
  ]
}

/** The texts of an answer, told beside its request. */
export function answer(attributes: Attributes): CallContent {
  return {
    kind: 'call_content',
    requestId: textOf(attributes, 'request_id'),
    output: saidBy('assistant', toldText(attributes.get('response'))),
  }
}

function callOf(attributes: Attributes): ModelCall {
  return {
    kind: 'model_call',
    operation: 'chat',
    provider: 'anthropic',
    model: textOf(attributes, 'model'),
    requestId: textOf(attributes, 'request_id'),
    parameters: parametersOf(attributes),
    milliseconds: countOf(attributes, 'duration_ms'),
  }
}

function parametersOf(attributes: Attributes): ModelCall['parameters'] {
  const given = PARAMETERS.flatMap((name) => {
    const value = attributes.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

// Anthropic counts cached tokens beside those of the input; in records they are among them.
function usageOf(attributes: Attributes): Usage {
  const read = countOf(attributes, 'cache_read_tokens')
  const written = countOf(attributes, 'cache_creation_tokens')
  const input = countOf(attributes, 'input_tokens')
  return {
    input: input === undefined ? undefined : input + (read ?? 0) + (written ?? 0),
    output: countOf(attributes, 'output_tokens'),
    cachedInput: read,
    cacheWrite: written,
  }
}

function saidBy(role: string, told: Told<JsonValue> | undefined): Told<readonly Message[]> | undefined {
  return told?.state === 'told' ? { state: 'told', value: [{ role, parts: textPart(told.value) }] } : told
}
