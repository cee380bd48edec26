// What messages say in words (spec/otlp.md §5).

import type { Message, Part } from './step.ts'

export function wordsOf(parts: readonly Part[]): string {
  return parts.map(textIn).join('')
}

/** What a model answered in words, all choices of it. */
export function answerOf(messages: readonly Message[]): string {
  return messages
    .map(({ parts }) => wordsOf(parts))
    .filter((text) => text !== '')
    .join('\n\n')
}

export interface AskedFor {
  readonly name: string
  readonly id: string | undefined
}

/** The calls of tools that an answer asks for. */
export function callsIn(messages: readonly Message[]): readonly AskedFor[] {
  const parts = messages.flatMap((message) => message.parts).filter(({ type }) => type === 'tool_call')
  return parts.flatMap((part) => {
    const ids = [part.call_id, part.id].filter((id) => typeof id === 'string' && id !== '')
    const all = ids.length === 0 ? [undefined] : ids
    return all.map((id) => ({
      name: typeof part.name === 'string' ? part.name : '',
      id: typeof id === 'string' ? id : undefined,
    }))
  })
}

function textIn({ type, content, text }: Part): string {
  if (type !== 'text') return ''
  return typeof content === 'string' ? content : typeof text === 'string' ? text : ''
}

/** A message of a person: some providers send results of tools under this role. */
export function isFromUser({ role, parts }: Message): boolean {
  return role === 'user' && parts.some(({ type }) => type !== 'tool_call_response')
}
