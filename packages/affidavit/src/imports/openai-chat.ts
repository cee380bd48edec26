// OpenAI chats become drafts (spec/import.md §2). Pure but for the prompt history. Texts of messages, arguments and
// results stand in the content of a draft, which the ledger seals, and in no other field of it.

import type { UnixMillis } from '../clock/clock.ts'
import type { Draft, DraftContent } from '../formats/fields.ts'
import type { Details } from '../registry/call-data.ts'
import { isName } from '../registry/tool-names.ts'
import { type Content, measureContent, measureTexts, refusalsOf, textsOf } from './chat-content.ts'
import { type Conversation, toolNames } from './chat-line.ts'
import type { AssistantMessage, InstructionMessage, UserMessage } from './chat-message.ts'
import { type JsonObject, member } from './json-members.ts'
import { type Instruction, nextPromptVersion, promptVersion } from './prompt-version.ts'
import { asJson, said, textOrJson } from './sealed-content.ts'
import { agentOf, type ImportContext, openThread, recordAt, type Thread } from './thread.ts'
import { callRecords, resultRecords } from './tool-records.ts'

const UNKNOWN_USER = 'unknown-user'
const UNKNOWN_AUTHOR = 'unknown-author'

/**
 * The records of one conversation, in order. A record depends on the messages up to its own only: a longer export of
 * the same conversation gives the same records first.
 */
export function* conversationDrafts(conversation: Conversation, context: ImportContext): Generator<Draft> {
  const thread = openThread(conversation, context)
  const leading = leadingInstructions(conversation)
  yield* beginning(thread, leading)
  for (const [i, message] of conversation.messages.entries()) {
    if (i < leading.length) continue
    switch (message.role) {
      case 'system':
      case 'developer':
        yield newInstruction(thread, i, message)
        break
      case 'user':
        yield question(thread, i, message)
        break
      case 'assistant':
        yield* answer(thread, i, message)
        break
      case 'tool':
      case 'function':
        yield* resultRecords(thread, i, message)
        break
    }
  }
  yield ending(thread)
}

function leadingInstructions({ messages }: Conversation): readonly InstructionMessage[] {
  const leading: InstructionMessage[] = []
  for (const message of messages) {
    if (message.role !== 'system' && message.role !== 'developer') break
    leading.push(message)
  }
  return leading
}

function* beginning(thread: Thread, leading: readonly InstructionMessage[]): Generator<Draft> {
  const { conversation, context } = thread
  thread.prompt_version = promptVersion(leading.map(instructionOf), conversation.tools, context.digest)
  const agent = agentOf(thread)
  const at = conversation.messages[0]?.at
  yield recordAt(
    thread,
    'start',
    at,
    { ...agent, action: 'conversation_started', prompt_version: thread.prompt_version },
    { format: 'openai-chat', agent_unclaimed: unclaimed(conversation.agent ?? conversation.model) },
  )
  if (thread.prompt_version === undefined) return
  if (context.prompts.meet(agent.actor_id, thread.prompt_version) === 'known') return
  const tools = conversation.tools.length === 0 ? [] : [asJson('tools', [...conversation.tools])]
  const details = toolDetails(conversation.tools)
  yield changedPrompt(thread, '0.prompt', leading.at(-1)?.at ?? at, leading, details, tools)
}

/** Instructions in mid-conversation always are a change: the order inside a conversation is certain. */
function newInstruction(thread: Thread, index: number, message: InstructionMessage): Draft {
  const previous = thread.prompt_version
  const { digest, prompts } = thread.context
  const version = nextPromptVersion(previous, instructionOf(message), digest)
  thread.prompt_version = version
  prompts.meet(agentOf(thread).actor_id, version)
  const details = { message_index: index, previous_prompt_version: previous }
  return changedPrompt(thread, `${index}.prompt`, message.at, [message], details, [])
}

function instructionOf({ role, raw }: InstructionMessage): Instruction {
  return { role, content: raw }
}

function changedPrompt(
  thread: Thread,
  position: string,
  at: UnixMillis | undefined,
  messages: readonly InstructionMessage[],
  details: Details,
  tools: readonly DraftContent[],
): Draft {
  const { agent, model } = thread.conversation
  const author = messages.findLast((message) => message.author !== undefined)?.author
  return recordAt(
    thread,
    position,
    at,
    {
      action: 'prompt_changed',
      outcome: 'success',
      actor_id: author ?? UNKNOWN_AUTHOR,
      actor_type: 'admin',
      agent_name: agent,
      model,
      parent_id: thread.start,
      prompt_version: thread.prompt_version,
      content: [...instructionContent(messages), ...tools],
    },
    {
      roles: messages.map(({ role }) => role).slice(0, 16),
      messages: messages.length,
      ...measureTexts(messages.flatMap(({ content }) => textsOf(content))),
      ...details,
      author_unclaimed: unclaimed(author),
    },
  )
}

function instructionContent(messages: readonly InstructionMessage[]): readonly DraftContent[] {
  const instructions = messages.map((message) => ({ ...instructionOf(message) }))
  return instructions.length === 0 ? [] : [asJson('instructions', instructions)]
}

function toolDetails(tools: readonly JsonObject[]): Details {
  return tools.length === 0 ? {} : { tool_count: tools.length, tools: toolNames(tools).filter(isName) }
}

function question(thread: Thread, index: number, message: UserMessage): Draft {
  const { conversation, start } = thread
  const user = message.user ?? conversation.user
  const record = recordAt(
    thread,
    `${index}.message`,
    message.at,
    {
      action: 'user_message_received',
      outcome: 'success',
      actor_id: user ?? UNKNOWN_USER,
      actor_type: 'user',
      agent_name: conversation.agent,
      parent_id: start,
      content: [...said('message', message.content)],
    },
    {
      role: message.role,
      message_index: index,
      ...measureContent(message.content),
      user_unclaimed: unclaimed(user),
    },
  )
  thread.principal = user
  thread.cause = record.id
  return record
}

function* answer(thread: Thread, index: number, message: AssistantMessage): Generator<Draft> {
  let parent = thread.cause
  const { calls, error } = message
  // An answer without words is still an answer, unless the message asks for tools or reports a failure instead.
  if (isSaid(message) || (calls.length === 0 && error === undefined)) {
    const response = generated(thread, index, message)
    yield response
    parent = response.id
  }
  yield* callRecords(thread, index, message, parent)
  if (error !== undefined) yield failure(thread, index, message, error)
}

function isSaid({ content, refusal }: AssistantMessage): boolean {
  return hasSubstance(content) || (refusal ?? '') !== ''
}

function hasSubstance(content: Content): boolean {
  return content.form === 'parts' ? content.parts.length > 0 : textsOf(content).some((text) => text !== '')
}

function generated(thread: Thread, index: number, message: AssistantMessage): Draft & { readonly id: string } {
  const { content, refusal = '', calls } = message
  const refusals = [...refusalsOf(content), ...(refusal === '' ? [] : [refusal])]
  const refused = refusals.length > 0
  return recordAt(
    thread,
    `${index}.message`,
    message.at,
    {
      ...agentOf(thread),
      action: 'agent_response_generated',
      outcome: refused ? 'denied' : 'success',
      outcome_reason: refused ? 'the model refused' : undefined,
      parent_id: thread.cause,
      prompt_version: thread.prompt_version,
      content: [...said('message', content), ...said('refusal', { form: 'text', text: refusal })],
    },
    {
      role: message.role,
      message_index: index,
      ...measureContent(content),
      tool_calls: calls.length,
      ...(refused ? { refusal: measureTexts(refusals) } : {}),
    },
  )
}

function failure(thread: Thread, index: number, { role, at }: AssistantMessage, error: string | JsonObject): Draft {
  const type = typeof error === 'string' ? undefined : (member(error, 'type') ?? member(error, 'code'))
  return recordAt(
    thread,
    `${index}.failure`,
    at,
    {
      ...agentOf(thread),
      action: 'agent_failed',
      outcome: 'error',
      parent_id: thread.cause,
      prompt_version: thread.prompt_version,
      content: [...textOrJson('error', error)],
    },
    { role, message_index: index, error_type: typeof type === 'string' && isName(type) ? type : undefined },
  )
}

/** The end of the line is taken for the end of the conversation; its id counts the messages, so that more may follow. */
function ending(thread: Thread): Draft {
  const { messages, unread } = thread.conversation
  return recordAt(
    thread,
    `end.${messages.length}`,
    messages.at(-1)?.at,
    { ...agentOf(thread), action: 'conversation_ended', parent_id: thread.start },
    { messages: messages.length, unanswered_calls: thread.calls.unanswered(), unread_members: unread.length },
  )
}

function unclaimed(value: string | undefined): true | undefined {
  return value === undefined ? true : undefined
}
