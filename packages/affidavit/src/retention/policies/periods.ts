// How the built-in policies write periods, and what several of them share.

import type { Anchor, Period, PeriodUnit, Scope } from '../policy.ts'

export const years: PeriodsIn = periodsIn('calendar_years')
export const months: PeriodsIn = periodsIn('calendar_months')
export const days: PeriodsIn = periodsIn('days')

type PeriodsIn = (value: number, ...anchors: readonly [Anchor, ...Anchor[]]) => Period

function periodsIn(unit: PeriodUnit): PeriodsIn {
  return (value, ...anchors) => ({ value, unit, anchors })
}

export const IN_FORCE = { state: 'in-force' } as const

export function ofDomain(domain: string, actions?: readonly string[]): readonly Scope[] {
  const scope = { compliance_domains: [domain] }
  return [actions === undefined ? scope : { ...scope, actions }]
}

/** What people and agents say to each other. */
export const COMMUNICATIONS: readonly string[] = [
  'agent_response_delivered',
  'agent_response_generated',
  'conversation_ended',
  'conversation_started',
  'user_message_received',
]

/** What an agent is made of: its versions, and when they changed. */
export const VERSIONS: readonly string[] = ['model_changed', 'prompt_changed']
