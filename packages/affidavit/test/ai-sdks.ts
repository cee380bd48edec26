// The AI SDKs that the adapter is held against, each in the way it is audited: one way to ask a model, whatever the version.

import { createOpenAI } from '@ai-sdk/openai'
import { generateText, isStepCount, jsonSchema, streamText, type ToolSet, tool, wrapLanguageModel } from 'ai'
import {
  generateText as generateText6,
  jsonSchema as jsonSchema6,
  stepCountIs as stepCountIs6,
  streamText as streamText6,
  tool as tool6,
  wrapLanguageModel as wrapLanguageModel6,
} from 'ai-6'
import { createOpenAI as createOpenAI3 } from 'ai-sdk-openai-3'

import { aiSdkTelemetry, auditMiddleware, auditTools } from '../src/adapters/ai-sdk.ts'
import type { Capture } from '../src/capture/steps.ts'

export interface Asked {
  readonly prompt: string
  readonly abortSignal?: AbortSignal
  /** What `get_weather` does. */
  readonly weather?: (city: string) => Promise<unknown>
  /** Called when the SDK is about to execute it. */
  readonly beforeTool?: () => Promise<void>
  /** Called with each piece of the answer, which is streamed then. Reading goes on when it answers true. */
  readonly onText?: (text: string) => Promise<boolean>
}

export interface AiSdk {
  readonly name: string
  ask(audit: Capture, asked: Asked): Promise<string>
}

const WEATHER = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const

/** A model that stands behind `url`, asked once and without anything else. */
export function aiSdks(url: string): readonly AiSdk[] {
  const settings = { apiKey: 'secret', baseURL: `${url}/v1` }
  const model = createOpenAI(settings).chat('gpt')
  const model6 = createOpenAI3(settings).chat('gpt')
  const audited = (audit: Capture) => wrapLanguageModel({ model, middleware: auditMiddleware(audit) })
  const audited6 = (audit: Capture) =>
    wrapLanguageModel6({ model: model6, middleware: auditMiddleware(audit, { specificationVersion: 'v3' }) })
  const telemetry = (audit: Capture) => ({ telemetry: { integrations: aiSdkTelemetry(audit) } })

  return [
    {
      name: 'AI SDK 7, telemetry',
      ask: (audit, asked) => ask7({ model, ...telemetry(audit) }, asked, (tools) => tools),
    },
    {
      name: 'AI SDK 7, middleware',
      ask: (audit, asked) => ask7({ model: audited(audit) }, asked, (tools) => auditTools(audit, tools)),
    },
    { name: 'AI SDK 6, middleware', ask: (audit, asked) => ask6(audit, audited6(audit), asked) },
  ]
}

type Settings7 = Pick<Parameters<typeof generateText>[0], 'model' | 'telemetry'>

async function ask7(settings: Settings7, asked: Asked, audited: (tools: ToolSet) => ToolSet): Promise<string> {
  const { weather, beforeTool, onText, ...given } = asked
  const execute = ({ city }: { city: string }): Promise<unknown> => weather?.(city) ?? Promise.resolve()
  const get_weather = tool({ description: 'Weather', inputSchema: jsonSchema<{ city: string }>(WEATHER), execute })
  const options = {
    ...settings,
    ...given,
    ...(weather === undefined ? {} : { tools: audited({ get_weather }) }),
    ...(beforeTool === undefined ? {} : { onToolExecutionStart: beforeTool }),
    stopWhen: isStepCount(4),
  }
  if (onText === undefined) return (await generateText(options)).text
  return read((onError) => streamText({ ...options, onError }), onText)
}

type Model6 = Parameters<typeof generateText6>[0]['model']

async function ask6(audit: Capture, model: Model6, asked: Asked): Promise<string> {
  const { weather, beforeTool, onText, ...given } = asked
  const execute = ({ city }: { city: string }): Promise<unknown> => weather?.(city) ?? Promise.resolve()
  const get_weather = tool6({ description: 'Weather', inputSchema: jsonSchema6<{ city: string }>(WEATHER), execute })
  const audited = auditTools(audit, { get_weather }).get_weather
  const tools = {
    get_weather: beforeTool === undefined ? audited : { ...audited, execute: after(beforeTool, audited) },
  }
  const options = {
    model,
    ...given,
    ...(weather === undefined ? {} : { tools }),
    stopWhen: stepCountIs6(4),
  }
  if (onText === undefined) return (await generateText6(options)).text
  return read((onError) => streamText6({ ...options, onError }), onText)
}

type Execute<I, O> = (input: I, options: O) => unknown

function after<I, O>(first: () => Promise<void>, { execute }: { execute?: Execute<I, O> }): Execute<I, O> {
  return async (input, options) => {
    await first()
    return execute?.(input, options)
  }
}

interface Streamed {
  readonly textStream: AsyncIterable<string>
  /** Who asks for it has all of the stream read. */
  readonly text: PromiseLike<string>
}

/** As an application that shows what comes, and then asks what became of it. */
async function read(
  stream: (onError: (failure: { error: unknown }) => void) => Streamed,
  onText: (text: string) => Promise<boolean>,
): Promise<string> {
  let failure: { readonly error: unknown } | undefined
  const streamed = stream((told) => {
    failure ??= told
  })
  for await (const piece of streamed.textStream) if (!(await onText(piece))) return ''
  if (failure !== undefined) throw failure.error
  return streamed.text
}
