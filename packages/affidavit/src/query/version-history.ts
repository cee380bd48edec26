// What became of each version of a prompt or a model: who changed to it, who decided about it, and how many answers were given
// under it (spec/authority.md §4).

import type { ActorType, AuditRecord } from '../formats/fields.ts'
import { isAuthorKnown } from './prompt-approvals.ts'

export interface Version {
  readonly version: string
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
  readonly answers: number
}

interface Act {
  readonly seq: number
  readonly id: string
  readonly timestamp: string
  readonly recorded_at: string
  readonly actor_id: string
  readonly actor_type: ActorType
  readonly reason?: string
}

export interface Change extends Act {
  readonly changed_by: 'known' | 'unknown'
  readonly previous?: string
}

export interface Decision extends Act {
  readonly decision: 'approved' | 'withdrawn'
}

export interface VersionHistory {
  /** A change to this version, or a decision about it. */
  see(version: string | undefined, record: AuditRecord): void
  /** An answer under this version. */
  count(version: string | undefined): void
  all(): readonly Version[]
}

interface GrowingVersion {
  readonly changes: Change[]
  readonly decisions: Decision[]
  answers: number
}

export function createVersionHistory(): VersionHistory {
  const known = new Map<string, GrowingVersion>()

  function versionOf(name: string): GrowingVersion {
    const version = known.get(name) ?? { changes: [], decisions: [], answers: 0 }
    known.set(name, version)
    return version
  }

  return {
    see(version, record) {
      if (version === undefined) return
      if (record.action === 'approval_decided') versionOf(version).decisions.push(decisionOf(record))
      else versionOf(version).changes.push(changeOf(record))
    },
    count(version) {
      if (version !== undefined) versionOf(version).answers++
    },
    all: () => [...known].map(([version, history]) => ({ version, ...history })),
  }
}

function actOf({ seq, id, timestamp, recorded_at, actor_id, actor_type, outcome_reason }: AuditRecord): Act {
  const reason = outcome_reason === undefined ? {} : { reason: outcome_reason }
  return { seq, id, timestamp, recorded_at, actor_id, actor_type, ...reason }
}

function decisionOf(record: AuditRecord): Decision {
  return { ...actOf(record), decision: record.outcome === 'success' ? 'approved' : 'withdrawn' }
}

function changeOf(record: AuditRecord): Change {
  const { details = {} } = record
  const previous = PREVIOUS.map((member) => details[member]).find((version) => typeof version === 'string')
  return {
    ...actOf(record),
    changed_by: isAuthorKnown(record) ? 'known' : 'unknown',
    ...(typeof previous === 'string' ? { previous } : {}),
  }
}

/** What capture and imports call the version before. */
const PREVIOUS = ['previous_version', 'previous_model', 'previous_prompt_version']
