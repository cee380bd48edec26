// The workload: what a clinic's assistant records. Entries of 700 to 900 bytes; 64 conversations at a time, of 20 records
// each; a third of the records concern a patient.

import { uuidV7 } from '../packages/affidavit/src/bytes/uuid.ts'
import type { Draft } from '../packages/affidavit/src/formats/fields.ts'

const LIVE = 64
const TURNS = 20
const BEGAN = Date.UTC(2026, 0, 1)

const ACTIONS = [
  'user_message_received',
  'model_invoked',
  'tool_invoked',
  'data_accessed',
  'agent_response_generated',
] as const

/** A ledger's worth of drafts. People and resources come back throughout it, each as often whatever its size. */
export interface Workload {
  draft(n: number): Draft
  /** Conversations, people and resources whose records all lie within the ledger; `pick` counts from 0 and wraps. */
  conversation(pick: number): string
  person(pick: number): string
  resource(pick: number): string
}

/** `series` tells workloads apart that go into one ledger. */
export function createWorkload(records: number, series = 0): Workload {
  // Rounded down to whole blocks of live conversations, and to whole rounds of people.
  const people = Math.max(1, Math.floor(records / (LIVE * TURNS)) * (LIVE / 4))
  return {
    draft: (n) => draftOf(n, people, series),
    conversation: (pick) => conversationId(spread(pick, people * 4), series),
    person: (pick) => personId(spread(pick, people)),
    resource: (pick) => resourceId(spread(pick, people)),
  }
}

function draftOf(n: number, people: number, series: number): Draft {
  const conversation = Math.floor(n / (LIVE * TURNS)) * LIVE + (n % LIVE)
  const turn = Math.floor((n % (LIVE * TURNS)) / LIVE)
  const person = conversation % people
  return {
    action: ACTIONS[turn % ACTIONS.length] ?? 'tool_completed',
    outcome: 'success',
    ...(turn % 2 === 0
      ? { actor_id: personId(person), actor_type: 'user' }
      : { actor_id: `assistant-${conversation % 8}`, actor_type: 'agent', on_behalf_of: personId(person) }),
    agent_name: 'appointment-assistant',
    agent_version: '2.4.1',
    conversation_id: conversationId(conversation, series),
    resource_type: 'appointment',
    resource_id: resourceId(person),
    ...(turn % 3 === 0 ? { subject_ids: [`patient-${scrambled(person)}`] } : {}),
    data_classification: 'confidential',
    retention_class: 'health_record',
    details: detailsOf(n, turn),
  }
}

function detailsOf(n: number, turn: number): { [key: string]: unknown } {
  return {
    attempt: 1,
    cached: n % 2 === 0,
    finish_reason: 'stop',
    input_tokens: 900 + (n % 700),
    latency_ms: 120 + (n % 900),
    output_tokens: 80 + (n % 200),
    prompt_digest: scrambled(n).repeat(8),
    region: 'eu-central-1',
    temperature: 0.2,
    turn,
  }
}

// Conversation ids sort by time, as UUIDv7 and ULID do; ids of people and resources lie anywhere.
function conversationId(conversation: number, series: number): string {
  const random = new Uint8Array(10)
  new DataView(random.buffer).setBigUint64(2, (BigInt(series) << 32n) | BigInt(conversation))
  return uuidV7(BEGAN + conversation * 1000, random)
}

function personId(person: number): string {
  return `person-${scrambled(person)}`
}

function resourceId(resource: number): string {
  return `appointment-${scrambled(resource + 7)}`
}

/** Eight hex digits, different for each number below 2^32: multiplication by an odd number is a bijection. */
function scrambled(number: number): string {
  return (Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
}

/** The `pick`th of `count` things, far from the one picked before. */
function spread(pick: number, count: number): number {
  return Math.floor((pick * 0.618_033_988_75 * count) % count)
}
