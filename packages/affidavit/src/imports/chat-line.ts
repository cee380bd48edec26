// One line of a file of OpenAI chats: `{"messages": […], "id"?: …}`. A conversation is accepted whole or refused whole.

import type { JsonValue } from '../bytes/json.ts'
import { type Message, parseMessage, unreadMembers } from './chat-message.ts'
import { ImportFault } from './fault.ts'
import { idAt, isObject, type JsonObject, kindOf, listAt, member, objectAt } from './json-members.ts'

/** Tools of one line at most: their names have to fit into one record. */
const MAX_TOOLS = 256

export interface Conversation {
  readonly id: string | undefined
  readonly user: string | undefined
  readonly agent: string | undefined
  readonly model: string | undefined
  /** The tool set as given, of `tools` and of the older `functions`. */
  readonly tools: readonly JsonObject[]
  readonly messages: readonly Message[]
  /** Members that mean something and that no record takes up, one for each place where they stand. */
  readonly unread: readonly string[]
}

const MEMBERS = ['messages', 'id', 'user', 'agent', 'model', 'tools', 'functions']

/** @throws ImportFault with the path of the first thing that is wrong */
export function parseChatLine(value: JsonValue): Conversation {
  const line = objectAt(value, '')
  const given = member(line, 'messages')
  if (!Array.isArray(given)) throw new ImportFault('messages', `must be a list, not ${kindOf(given)}`)
  if (given.length === 0) throw new ImportFault('messages', 'is empty; a conversation has at least one message')
  const messages = given.map((message, i) => parseMessage(message, `messages[${i}]`))
  return {
    id: idAt(line, 'id', 'id'),
    user: idAt(line, 'user', 'user'),
    agent: idAt(line, 'agent', 'agent'),
    model: idAt(line, 'model', 'model'),
    tools: [...toolsAt(line, 'tools'), ...toolsAt(line, 'functions')],
    messages,
    unread: [...unreadMembers(line, MEMBERS, ''), ...messages.flatMap(({ unread }) => unread)],
  }
}

function toolsAt(line: JsonObject, key: 'tools' | 'functions'): readonly JsonObject[] {
  const tools = listAt(line, key, key)
  if (tools.length > MAX_TOOLS) throw new ImportFault(key, `has ${tools.length} tools; at most ${MAX_TOOLS} are read`)
  return tools.map((tool, i) => objectAt(tool, `${key}[${i}]`))
}

/** The names in a tool set, where the tools have one: `{function: {name}}`, `{custom: {name}}` or `{name}`. */
export function toolNames(tools: readonly JsonObject[]): readonly string[] {
  return tools.flatMap((tool) => {
    const described = [tool.function, tool.custom, tool].find(isObject)
    return typeof described?.name === 'string' ? [described.name] : []
  })
}
