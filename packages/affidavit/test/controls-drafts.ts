// What an agent, and the people around it, did in the story behind docs/controls/: as drafts, in the order in which they happened.

import type { Draft } from '../src/formats/fields.ts'

type Fields = Partial<Draft> & Pick<Draft, 'action'>

const AGENT = { actor_id: 'clinic-agent', actor_type: 'agent', agent_name: 'clinic-agent' } as const
const SHAH = { actor_id: 'dr.shah', actor_type: 'user', agent_name: 'clinic-agent' } as const
const DANA = { actor_id: 'dana', actor_type: 'user', agent_name: 'clinic-agent' } as const

/** The answer that everything in the first visit leads to. */
export const ANSWER: string = idOf(1)
export const ADVICE: string = idOf(2)
export const CHANGE: string = idOf(6)
const [QUESTION, CALL, REQUEST] = [idOf(3), idOf(4), idOf(5)]

function idOf(n: number): string {
  return `0193f5a2-7b00-7000-8000-${String(n).padStart(12, '0')}`
}

function said(name: string, body: string): Pick<Draft, 'content'> {
  return { content: [{ name, media_type: 'text/plain', body }] }
}

const prompt = (prompt_version: string, text: string, more: Fields['details'] = {}): Draft => ({
  ...DANA,
  action: 'prompt_changed',
  resource_type: 'agent_prompt',
  resource_id: 'clinic-agent',
  prompt_version,
  details: { changed_by: 'known', ...more },
  ...said('prompt', text),
})
const approved = (prompt_version: string): Draft => ({
  ...SHAH,
  action: 'approval_decided',
  outcome: 'success',
  resource_type: 'agent_prompt',
  resource_id: 'clinic-agent',
  prompt_version,
})

const HOST = { host: 'ward-3.clinic.example', service: 'clinic-agent' }
const CHART = { resource_type: 'patient_record', resource_id: 'P-104' }

const visit = (conversation_id: string, fields: Fields): Draft => ({
  ...AGENT,
  conversation_id,
  on_behalf_of: 'nurse-7',
  subject_ids: ['MRN-104'],
  purpose: 'treatment',
  compliance_domains: ['eu_ai_act', 'hipaa', 'soc_2'],
  source: HOST,
  ...fields,
})

const GOVERNED: readonly Draft[] = [
  prompt('v1', 'Answer from the chart alone.'),
  approved('v1'),
  { ...DANA, action: 'model_changed', resource_type: 'agent_model', resource_id: 'clinic-agent', model: 'm-2026-10' },
  {
    ...SHAH,
    action: 'access_granted',
    resource_type: 'patient_record',
    grant_id: 'G-1',
    details: { access: ['read'], valid_from: '2026-01-01T00:00:00.000Z', valid_until: '2099-01-01T00:00:00.000Z' },
  },
]

const FIRST_VISIT: readonly Draft[] = (
  [
    { action: 'conversation_started', actor_id: 'nurse-7', actor_type: 'user' },
    {
      action: 'user_message_received',
      id: QUESTION,
      actor_id: 'nurse-7',
      actor_type: 'user',
      ...said('message', 'May she take ibuprofen?'),
    },
    { action: 'tool_invoked', id: CALL, parent_id: QUESTION, ...CHART, details: { tool: 'get_chart', access: 'read' } },
    { action: 'data_accessed', parent_id: CALL, outcome: 'success', grant_id: 'G-1', ...CHART },
    {
      action: 'access_denied',
      parent_id: QUESTION,
      outcome: 'denied',
      outcome_reason: 'no grant for accounts',
      resource_type: 'financial_data',
      resource_id: 'A-7',
    },
    {
      action: 'agent_response_generated',
      id: ANSWER,
      parent_id: QUESTION,
      outcome: 'success',
      model: 'm-2026-10',
      prompt_version: 'v1',
      ...said('answer', 'Not with chronic kidney disease.'),
    },
    { action: 'approval_requested', id: REQUEST, parent_id: ANSWER, details: { tool: 'send_answer' } },
    {
      action: 'approval_decided',
      parent_id: REQUEST,
      actor_id: 'dr.shah',
      actor_type: 'user',
      outcome: 'success',
      details: { tool: 'send_answer', decided_by: 'person' },
    },
    { action: 'agent_response_delivered', parent_id: ANSWER, outcome: 'success' },
    {
      action: 'data_disclosed',
      parent_id: QUESTION,
      outcome: 'success',
      ...CHART,
      purpose: 'reporting required by law',
      details: { recipient: 'state health department', legal_basis: '45 CFR 164.512(b)' },
      ...said('description', 'One laboratory result of May 2026.'),
    },
    { action: 'conversation_ended' },
  ] satisfies readonly Fields[]
).map((fields) => visit('visit-1', fields))

const EXCEPTIONS: readonly Draft[] = [
  visit('visit-2', { action: 'data_modified', outcome: 'success', ...CHART }),
  visit('visit-2', { action: 'tool_invoked', ...CHART, details: { tool: 'get_chart', access: 'read' } }),
  prompt('v2', 'Answer from the chart, and say where it stands.', { previous_version: 'v1' }),
  approved('v2'),
  visit('visit-3', {
    action: 'agent_response_generated',
    outcome: 'success',
    model: 'm-2026-10',
    prompt_version: 'v2',
  }),
  prompt('v3', 'Answer.', { previous_version: 'v2' }),
  visit('visit-3', {
    action: 'agent_response_generated',
    outcome: 'success',
    model: 'm-2026-10',
    prompt_version: 'v3',
  }),
  { ...SHAH, action: 'access_revoked', grant_id: 'G-1', outcome_reason: 'the trial is over' },
  visit('visit-3', { action: 'data_accessed', outcome: 'success', grant_id: 'G-1', ...CHART }),
  { ...AGENT, action: 'tool_completed', outcome: 'success', producer_id: 'ward-3/1', producer_seq: 0 },
  { ...AGENT, action: 'tool_completed', outcome: 'success', producer_id: 'ward-3/1', producer_seq: 2 },
]

const REGULATED: readonly Draft[] = [
  {
    ...AGENT,
    action: 'user_message_received',
    actor_id: 'client-3',
    actor_type: 'user',
    conversation_id: 'payment-1',
    compliance_domains: ['pci_dss'],
    subject_ids: ['client-3'],
    ...said('message', 'My card is 4111 1111 1111 1111, CVV 737, expires 04/29.'),
  },
  {
    ...AGENT,
    action: 'data_accessed',
    outcome: 'success',
    conversation_id: 'payment-1',
    compliance_domains: ['pci_dss'],
    resource_type: 'cardholder_data',
    resource_id: 'card-9',
    source: HOST,
  },
  {
    ...AGENT,
    action: 'agent_response_generated',
    id: ADVICE,
    outcome: 'success',
    conversation_id: 'advice-1',
    compliance_domains: ['finra', 'sec_17a_4'],
    subject_ids: ['client-8'],
    ...said('answer', 'Your order of 100 shares was entered at 10:42.'),
  },
  {
    action: 'record_amended',
    conversation_id: 'advice-1',
    actor_id: 'broker-2',
    actor_type: 'user',
    parent_id: ADVICE,
    subject_ids: ['client-8'],
    compliance_domains: ['finra', 'sec_17a_4'],
    resource_type: 'order',
    details: { reason: 'the fill came at 10:43', amends: ['resource_type'] },
    ...said('answer', 'Your order of 100 shares was entered at 10:43.'),
  },
  {
    ...AGENT,
    action: 'data_modified',
    id: CHANGE,
    conversation_id: 'batch-1',
    on_behalf_of: 'operator-5',
    outcome: 'success',
    outcome_reason: 'yield corrected after recount',
    compliance_domains: ['fda_part_11'],
    resource_type: 'batch_record',
    resource_id: 'B-2231',
    content: [
      { name: 'before', media_type: 'text/plain', body: 'yield 97.1 %' },
      { name: 'after', media_type: 'text/plain', body: 'yield 96.8 %' },
    ],
  },
]

const REVIEWED: readonly Draft[] = [
  {
    action: 'review_completed',
    actor_id: 'kim',
    actor_type: 'user',
    outcome: 'success',
    compliance_domains: ['hipaa', 'pci_dss'],
    details: { reviewed_from_seq: 1, reviewed_until_seq: 20, exceptions: 2 },
  },
  { action: 'access_reviewed', actor_id: 'kim', actor_type: 'user', outcome: 'success', details: { people: 6 } },
  { action: 'incident_opened', actor_id: 'kim', actor_type: 'user', details: { incident: 'INC-12' } },
  {
    action: 'incident_closed',
    actor_id: 'kim',
    actor_type: 'user',
    outcome: 'success',
    details: { incident: 'INC-12' },
  },
]

const OVER: readonly Draft[] = [
  {
    ...AGENT,
    action: 'agent_response_generated',
    conversation_id: 'account-1',
    retention_class: 'accounts',
    ...said('answer', 'Settled.'),
  },
  { ...AGENT, action: 'agent_response_generated', conversation_id: 'account-1', retention_class: 'accounts' },
  {
    action: 'retention_anchor_recorded',
    actor_id: 'sam',
    actor_type: 'user',
    conversation_id: 'account-1',
    details: { anchor: 'account_closed', day: '2020-03-31', reason: 'closed by the client' },
  },
  { ...AGENT, action: 'agent_response_generated', subject_ids: ['guest-1'], ...said('answer', 'We open at eight.') },
]

export const DRAFTS: readonly Draft[] = [...GOVERNED, ...FIRST_VISIT, ...EXCEPTIONS, ...REGULATED, ...REVIEWED, ...OVER]
