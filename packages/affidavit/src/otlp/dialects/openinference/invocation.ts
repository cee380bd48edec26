// How a model was asked, of `llm.invocation_parameters`: whatever an SDK was given, in one JSON text.

import type { JsonValue } from '../../../bytes/json.ts'
import type { ModelCall } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { textOf, truthOf } from '../attribute.ts'
import { membersIn } from '../told.ts'

export type Invocation = Pick<ModelCall, 'model' | 'parameters' | 'stream'>

/** The names that SDKs have for what the conventions of OpenTelemetry call otherwise. All others are in the telemetry as received. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['temperature', 'temperature'],
  ['top_p', 'top_p'],
  ['top_k', 'top_k'],
  ['max_tokens', 'max_tokens'],
  ['max_completion_tokens', 'max_tokens'],
  ['max_output_tokens', 'max_tokens'],
  ['frequency_penalty', 'frequency_penalty'],
  ['presence_penalty', 'presence_penalty'],
  ['seed', 'seed'],
  ['stop', 'stop_sequences'],
  ['stop_sequences', 'stop_sequences'],
  ['n', 'choice.count'],
  ['reasoning_effort', 'reasoning.level'],
])
/** What names the version of a prompt. */
const PROMPT = ['prompt.vendor', 'prompt.id', 'prompt.url', 'llm.prompt_template.version'] as const

export function invocationOf(attributes: Attributes): Invocation {
  const given = membersIn(attributes.get('llm.invocation_parameters'))
  const parameters: [string, JsonValue][] = []
  for (const [name, value] of given) {
    const parameter = PARAMETERS.get(name)
    if (parameter !== undefined && value !== null) parameters.push([parameter, value])
  }
  for (const name of PROMPT) {
    const value = textOf(attributes, name)
    if (value !== undefined) parameters.push([name.replace('llm.prompt_template', 'prompt'), value])
  }
  return {
    model: textOf(given, 'model', 'model_name', 'model_id'),
    parameters: parameters.length === 0 ? undefined : Object.fromEntries(parameters),
    stream: truthOf(given, 'stream'),
  }
}
