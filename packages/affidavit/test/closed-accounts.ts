// Accounts that were closed long ago: records of today that are due, or need not be at hand any more. For tests by the clock of the machine.

const NOTE = { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' } as const

export function noted(conversation_id: string, retention_class: string): object {
  return { ...NOTE, conversation_id, retention_class }
}

export function closed(conversation_id: string): object {
  const who = { action: 'retention_anchor_recorded', actor_id: 'dr.lee', actor_type: 'user' }
  const details = { anchor: 'account_closed', day: '2020-03-31', reason: 'the patient moved away' }
  return { ...who, conversation_id, details }
}

/** Charts have to be at hand for a year and are locked for thirty; notes are due. */
export function policies(time_source: string): string {
  return `version: 1
revision: 2026-11
time_source: ${time_source}
policies:
  - id: clinic.charts
    title: Charts
    applies_to: [{ retention_classes: [charts] }]
    minimum: { value: 30, unit: calendar_years, anchors: [account_closed] }
    availability: { value: 1, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
  - id: clinic.notes
    title: Notes
    applies_to: [{ retention_classes: [notes] }]
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`
}
