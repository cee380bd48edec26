// Drafts of chats for tests: a registry, conversations in few words, and what becomes of them.

import { createHmac } from 'node:crypto'

import { PLAIN_JSON, parseJson } from '../src/bytes/json.ts'
import type { Draft } from '../src/formats/fields.ts'
import { parseChatLine } from '../src/imports/chat-line.ts'
import { conversationDrafts } from '../src/imports/openai-chat.ts'
import { createPromptHistory, type PromptHistory } from '../src/imports/prompt-version.ts'
import { conversationKey } from '../src/imports/record-id.ts'
import { parseRegistry } from '../src/registry/parse.ts'
import type { Registry } from '../src/registry/registry.ts'
import type { ChatLine, ChatMessage } from './chats.ts'

export const ORIGIN = 'clinic.example/0011223344556677'
const PATIENT = { from: 'arguments', at: '/patient' }
const DOCUMENT = { from: 'arguments', at: '/document' }
const DECISION = { from: 'result', at: '/decision' }
const CHART = { access: 'read', resource_type: 'patient_record', resource_id: PATIENT, subject_ids: [PATIENT] }
const APPROVER = [
  { from: 'result', at: '/approver' },
  { from: 'arguments', at: '/approver' },
]
const TOOLS = {
  get_chart: { touches: [{ ...CHART, compliance_domains: ['hipaa'] }] },
  update_chart: {
    touches: [{ access: 'write', resource_type: 'patient_record', data_classification: 'confidential' }],
  },
  send_document: { touches: [{ access: 'disclose', resource_type: 'clinic_document', resource_id: DOCUMENT }] },
  refer: {
    touches: [
      { ...CHART, data_classification: 'confidential', compliance_domains: ['hipaa'], purpose: 'treatment' },
      {
        access: 'write',
        resource_type: 'letter',
        resource_id: { from: 'result', at: '$.letters[*]' },
        subject_ids: [PATIENT, { from: 'result', at: '/doctor' }],
        data_classification: 'internal',
        compliance_domains: ['sox'],
        retention_class: 'letters',
      },
    ],
  },
  request_approval: {
    kind: 'approval_request',
    approver: APPROVER,
    decision: DECISION,
    touches: [{ access: 'disclose', resource_type: 'clinic_document', resource_id: DOCUMENT }],
  },
  ask_anybody: { kind: 'approval_request', approver: APPROVER, decision: DECISION },
  think: { kind: 'none' },
}
const AGENTS = { 'larkspur-assistant': { data_classification: 'internal', compliance_domains: ['gdpr'] } }
const REGISTRY: Registry = registryOf({ tools: TOOLS, agents: AGENTS })

export function registryOf(sections: object): Registry {
  return parseRegistry(JSON.stringify({ version: 1, revision: 'test', ...sections }), 'json', 'test.json')
}

/** Whose conversations these are. */
export const ADDRESS = { id: 'c-1', user: 'nurse-11', agent: 'larkspur-assistant' }

export function digest(text: string): string {
  return createHmac('sha256', 'a key of the ledger').update(text).digest('hex')
}

export function draftsOf(
  line: ChatLine,
  { registry = REGISTRY, prompts = createPromptHistory() }: { registry?: Registry; prompts?: PromptHistory } = {},
): Draft[] {
  const conversation = parseChatLine(parseJson(JSON.stringify(line), PLAIN_JSON))
  const key = conversationKey(conversation.id, 'chats.jsonl', 1)
  return [...conversationDrafts(conversation, { origin: ORIGIN, key, registry, prompts, digest })]
}

/** The records between start and end. */
export function middleOf(messages: readonly ChatMessage[]): Draft[] {
  return draftsOf({ ...ADDRESS, messages }).slice(1, -1)
}

/** Some fields and details of each record, those that are absent left out. */
export function pick(drafts: readonly Draft[], ...names: readonly string[]): unknown[] {
  return drafts.map((draft) => {
    const all: Record<string, unknown> = { ...draft.details, ...draft }
    return Object.fromEntries(
      ['action', ...names].filter((name) => all[name] !== undefined).map((name) => [name, all[name]]),
    )
  })
}

export const QUESTION: ChatMessage = { role: 'user', content: 'Please open the chart.' }

export function asking(...calls: readonly [name: string, given: unknown, id?: string][]): ChatMessage {
  const tool_calls = calls.map(([name, given, id = 'call_1']) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) },
  }))
  return { role: 'assistant', content: null, tool_calls }
}

export function answering(content: unknown, tool_call_id = 'call_1'): ChatMessage {
  return { role: 'tool', tool_call_id, content: typeof content === 'string' ? content : JSON.stringify(content) }
}
