// A call of a model, as records: what it was asked, and what it answered (spec/otlp.md §5).

import { present } from '../bytes/present.ts'
import { countCharacters } from '../bytes/text.ts'
import { type Captured, captured, capturedText, contentsOf, labelOf } from '../capture/captured.ts'
import { firstOf } from '../capture/fit-details.ts'
import { recipientOf } from '../capture/recipient-of.ts'
import { namesOf } from '../registry/tool-names.ts'
import { announcements } from './announce.ts'
import { missingOf, someOf, toldContent } from './contents.ts'
import { errorDetailsOf } from './map-failure.ts'
import { type PromptInForce, promptOf } from './prompt-in-force.ts'
import { ANSWERED, agentRecord, INVOKED, idOf, nameIn, type Once, type Setting } from './setting.ts'
import type { Message, ModelCall, Told } from './step.ts'
import { hear } from './user-messages.ts'
import { answerOf, callsIn } from './words.ts'

const MAX_TOOLS = 50
const UNNAMED = 'unnamed'
/** What is asked of these is no message of a user, and their model is not the agent's. */
const NOT_ASKED = ['embeddings', 'rerank']

export function modelCallRecords(setting: Setting, call: ModelCall): readonly Once[] {
  const model = call.model === undefined ? undefined : labelOf(call.model)
  const prompt = promptOf(call, setting.ledger)
  const isChat = !NOT_ASKED.includes(call.operation)
  const input = call.input?.state === 'told' && isChat ? call.input.value : []
  const { records: messages, cause } = hear(setting, input)
  const common = { model, prompt_version: prompt?.version }
  return [
    ...(isChat ? announcements(setting, model, prompt) : []),
    ...messages,
    invocation(setting, call, common, cause, prompt),
    outcome(setting, call, common),
  ]
}

type Common = { readonly model: string | undefined; readonly prompt_version: string | undefined }

function invocation(
  setting: Setting,
  call: ModelCall,
  common: Common,
  parent_id: string | undefined,
  prompt: PromptInForce | undefined,
): Once {
  const { content, uncaptured = [] } = contentsOf(requestOf(setting, call, prompt))
  const tools = call.toolDefinitions?.state === 'told' ? call.toolDefinitions.value : undefined
  return agentRecord(setting, {
    ...common,
    id: idOf(setting, INVOKED),
    action: 'model_invoked',
    at: 'start',
    parent_id,
    content,
    details: {
      layer: layerOf(setting),
      operation: nameIn(call.operation),
      provider: nameIn(call.provider),
      recipient: recipientOf(call.recipient ?? call.provider),
      stream: call.stream,
      messages: call.input?.state === 'told' ? call.input.value.length : undefined,
      tools: Array.isArray(tools) ? tools.length : undefined,
      uncaptured: someOf(uncaptured, missingOf('request', call.input), hidden(call)),
    },
  })
}

// A framework tells of its call, and the client that makes it tells of it below.
function layerOf({ encloses }: Setting): string {
  return encloses ? 'framework' : 'model'
}

function hidden({ instructions, toolDefinitions }: ModelCall): readonly string[] {
  return [
    ...(instructions === undefined ? [] : missingOf('instructions', instructions)),
    ...(toolDefinitions === undefined ? [] : missingOf('tools', toolDefinitions)),
  ]
}

// Where the agent is named, its prompt is sealed with the announcement of the version.
function requestOf({ about }: Setting, call: ModelCall, prompt: PromptInForce | undefined): Captured | undefined {
  const { input, instructions, toolDefinitions, parameters } = call
  const isAnnounced = about.agent !== undefined && prompt !== undefined
  const told = present({
    messages: wordForWord(input),
    parameters,
    instructions: isAnnounced ? undefined : wordForWord(instructions),
    tools: isAnnounced ? undefined : wordForWord(toolDefinitions),
  })
  return Object.keys(told).length === 0 ? undefined : captured('request', told)
}

function wordForWord(told: Told<unknown> | undefined): unknown {
  if (told === undefined || told.state === 'redacted') return undefined
  return told.state === 'told' ? told.value : told.text
}

function outcome(setting: Setting, call: ModelCall, common: Common): Once {
  const { output, error } = call
  const messages = output?.state === 'told' ? output.value : []
  const answer = answerOf(messages)
  const isAnswered = error === undefined || answer !== '' || callsIn(messages).length > 0
  const missing = missingOf('answer', output)
  const { content, uncaptured = [] } = contentsOf(
    capturedText('answer', answer),
    responseContent(output, messages, answer),
    circumstancesOf(call),
    capturedText('error', error?.message),
  )
  return agentRecord(setting, {
    ...common,
    id: idOf(setting, ANSWERED),
    action: isAnswered ? 'agent_response_generated' : 'agent_failed',
    at: 'end',
    outcome: error === undefined ? 'success' : 'error',
    parent_id: idOf(setting, INVOKED),
    content,
    details: {
      layer: layerOf(setting),
      ended: error === undefined ? 'complete' : 'failed',
      characters: answer !== '' || missing.length === 0 ? countCharacters(answer) : undefined,
      model_answered: call.modelAnswered === undefined ? undefined : labelOf(call.modelAnswered),
      tools_requested: toolsOf(setting, messages),
      ...(setting.encloses ? {} : { tokens: tokensOf(call), cost_usd: call.costUsd }),
      duration_ms: call.milliseconds,
      ...errorDetailsOf(error),
      uncaptured: someOf(uncaptured, isAnswered && call.operation !== 'embeddings' ? missing : []),
    },
  })
}

// An answer of words alone is all there is of it.
function responseContent(
  output: ModelCall['output'],
  messages: readonly Message[],
  answer: string,
): Captured | undefined {
  if (output?.state !== 'told') return toldContent('response', output)
  const [only, another] = messages
  const isPlain = another === undefined && only?.parts.length === 1 && answer !== ''
  return isPlain || messages.length === 0 ? undefined : captured('response', messages)
}

function circumstancesOf({ responseId, finishReasons, parameters }: ModelCall): Captured | undefined {
  const told = present({ parameters, response_id: responseId, finish_reasons: finishReasons })
  return Object.keys(told).length === 0 ? undefined : captured('circumstances', told)
}

function toolsOf({ ledger }: Setting, messages: readonly Message[]): readonly string[] | undefined {
  const parts = messages.flatMap(({ parts }) => parts).filter(({ type }) => type === 'tool_call')
  if (parts.length === 0) return undefined
  const names = parts.map(({ name }) =>
    String(namesOf(typeof name === 'string' ? name : undefined, undefined, ledger.digest).tool ?? UNNAMED),
  )
  return firstOf(names, MAX_TOOLS)
}

function tokensOf({ usage }: ModelCall): object | undefined {
  if (usage === undefined) return undefined
  const { input, output, cachedInput, cacheWrite, reasoning } = usage
  return present({ input, output, cached_input: cachedInput, cache_write: cacheWrite, reasoning })
}
