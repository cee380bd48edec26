// Whether an access had a grant (spec/authority.md §2). Pure: scope and time decide, never the grant that an access claims.

import { unreachable } from '../errors/ledger-error.ts'
import { NARROWING } from '../formats/grant.ts'
import { isAfterwards } from './afterwards.ts'
import { type Authority, type GrantOnRecord, scopeKey } from './authority.ts'
import type { DataAccess } from './data-access.ts'

/** Why no grant covers an access. */
export type Uncovered = 'no-grant' | 'outside-scope' | Untimely
type Untimely = 'after-revocation' | 'before-period' | 'after-expiry' | 'late'

/** What is to be said of an access that a grant covers. */
export type Note = 'claims-other-grant' | 'granted-afterwards'

/** Where the scope of a grant is another than that of an access. */
export type Difference = (typeof NARROWING)[number] | 'access'

/** A grant as a verdict names it. */
export interface NamedGrant {
  readonly name: string
  readonly seq: number
}

export type Verdict =
  | { readonly state: 'covered'; readonly grant: NamedGrant; readonly notes: readonly Note[] }
  | {
      readonly state: 'uncovered'
      readonly why: Uncovered
      /** The one that came nearest. */
      readonly grant?: NamedGrant
      readonly differs?: readonly Difference[]
    }

export function isFinding(verdict: Verdict): boolean {
  return verdict.state === 'uncovered' || verdict.notes.length > 0
}

export function judgeAuthority({ byScope }: Authority, access: DataAccess): Verdict {
  const { agent_name, resource_type, conversation_id, seq } = access
  const known = agent_name !== undefined && resource_type !== undefined
  const scope = known ? byScope.get(scopeKey(agent_name, resource_type)) : undefined
  if (scope === undefined) return { state: 'uncovered', why: 'no-grant' }
  const isBefore = (grant: GrantOnRecord): boolean => grant.seq < seq
  const conversations = conversation_id === undefined ? [undefined] : [undefined, conversation_id]
  const fitting = conversations
    .flatMap((conversation) => scope.byConversation.get(conversation) ?? [])
    .filter((grant) => isBefore(grant) && differences(grant, access).length === 0)
    .sort((one, other) => one.seq - other.seq)
  return fitting.length === 0 ? outsideScope(scope.all.filter(isBefore), access) : verdictBy(fitting, access)
}

/** By grants whose scope holds the access. */
function verdictBy(fitting: readonly GrantOnRecord[], access: DataAccess): Verdict {
  const covering = fitting.filter((grant) => untimely(grant, access) === undefined)
  const [best] = covering
    .map((grant) => ({ grant, notes: notesOn(grant, covering, access), other: grant.name === access.claimed ? 0 : 1 }))
    .reverse()
    .sort((one, other) => one.notes.length - other.notes.length || one.other - other.other)
  if (best !== undefined) return { state: 'covered', grant: named(best.grant), notes: best.notes }
  const newest = fitting.at(-1)
  const why = newest === undefined ? undefined : untimely(newest, access)
  if (newest === undefined || why === undefined) return unreachable('a grant that is in time covers nothing')
  return { state: 'uncovered', why, grant: named(newest) }
}

function differences(grant: GrantOnRecord, access: DataAccess): readonly Difference[] {
  const narrowed = NARROWING.filter((field) => {
    if (grant[field] === undefined) return false
    if (field === 'subject_ids') return !areAmong(access.subject_ids ?? [], grant.subject_ids ?? [])
    return grant[field] !== access[field]
  })
  return grant.access.includes(access.access) ? narrowed : [...narrowed, 'access']
}

// Whom an access is about that names nobody, nobody knows.
function areAmong(subjects: readonly string[], granted: readonly string[]): boolean {
  return subjects.length > 0 && subjects.every((subject) => granted.includes(subject))
}

function outsideScope(before: readonly GrantOnRecord[], access: DataAccess): Verdict {
  let nearest: { readonly grant: GrantOnRecord; readonly differs: readonly Difference[] } | undefined
  for (const grant of before) {
    const differs = differences(grant, access)
    if (nearest === undefined || differs.length <= nearest.differs.length) nearest = { grant, differs }
  }
  if (nearest === undefined) return { state: 'uncovered', why: 'no-grant' }
  return { state: 'uncovered', why: 'outside-scope', grant: named(nearest.grant), differs: nearest.differs }
}

function untimely({ revoked, valid_from, valid_until }: GrantOnRecord, access: DataAccess): Untimely | undefined {
  const { seq, timestamp, recorded_at } = access
  if (revoked !== undefined && revoked.seq < seq) return 'after-revocation'
  if (timestamp < valid_from || recorded_at < valid_from) return 'before-period'
  if (timestamp >= valid_until) return 'after-expiry'
  return recorded_at >= valid_until ? 'late' : undefined
}

function notesOn(grant: GrantOnRecord, covering: readonly GrantOnRecord[], access: DataAccess): readonly Note[] {
  const { claimed, timestamp } = access
  const notes: Note[] = []
  if (claimed !== undefined && !covering.some(({ name }) => name === claimed)) notes.push('claims-other-grant')
  if (isAfterwards(grant.recorded_at, timestamp)) notes.push('granted-afterwards')
  return notes
}

function named({ name, seq }: GrantOnRecord): NamedGrant {
  return { name, seq }
}
