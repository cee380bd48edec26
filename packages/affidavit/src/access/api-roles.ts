// The roles of API keys, as sets of the roles of access policies (spec/sign-in.md §1).

import type { Draft } from '../formats/fields.ts'
import type { Role } from './roles.ts'

export const API_ROLE_NAMES = ['writer', 'reader', 'auditor', 'privacy', 'records', 'admin'] as const
export type ApiRole = (typeof API_ROLE_NAMES)[number]

export const API_ROLES: Readonly<Record<ApiRole, readonly Role[]>> = {
  writer: ['writer'],
  reader: ['reader'],
  auditor: ['auditor', 'content_reader'],
  privacy: ['privacy_officer'],
  records: ['records_officer'],
  admin: ['administrator'],
}

/** What stands in records as the type of the actor. */
export const ACTOR_TYPES: Readonly<Record<ApiRole, Draft['actor_type']>> = {
  writer: 'agent',
  reader: 'user',
  auditor: 'user',
  privacy: 'user',
  records: 'user',
  admin: 'admin',
}

/** What a key of a role may be restricted to. */
export const SCOPES: Readonly<Record<ApiRole, 'agents and period' | 'agents' | 'nothing'>> = {
  writer: 'agents',
  reader: 'agents and period',
  auditor: 'agents and period',
  privacy: 'nothing',
  records: 'nothing',
  admin: 'nothing',
}
