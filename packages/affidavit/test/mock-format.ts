// What every format of a provider has to offer to the mock.

import type { Answer } from './mock-answer.ts'

export interface Asked {
  readonly body: Readonly<Record<string, unknown>>
  /** Counts the calls of a provider, from 1: ids are made of it. */
  readonly nth: number
}

export interface Format {
  /** What is wrong with the request, where the provider would refuse it. */
  refuses(body: Readonly<Record<string, unknown>>): string | undefined
  json(answer: Answer, asked: Asked): unknown
  /** The events of a stream, each with its empty line; the last one ends it. */
  events(answer: Answer, asked: Asked): string[]
  error(status: number): unknown
}

export const EMPTY_LINE = '\n\n'

/** The model that answers is a dated one, as with the real providers. */
export function modelOf({ body }: Asked): string {
  return `${typeof body.model === 'string' ? body.model : 'deployment'}-2026-10-01`
}

export function requires(body: Readonly<Record<string, unknown>>, ...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => body[name] === undefined)
  return missing.length === 0 ? undefined : `missing: ${missing.join(', ')}`
}

/** A stream's answer comes as data lines; named ones where the format names its events. */
export function event(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}${EMPTY_LINE}`
}

export function openaiError(status: number): unknown {
  return { error: { message: `refused with ${status}`, type: 'mock_error', param: null, code: `mock_${status}` } }
}
