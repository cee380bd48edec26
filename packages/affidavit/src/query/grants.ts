// Who approved which access, and what was accessed without approval (spec/authority.md §1, §2).

import type { Access, Action, AuditRecord } from '../formats/fields.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { type Authority, type GrantOnRecord, type IgnoredRecord, readAuthority } from './authority.ts'
import { agentOf, announcedBy, dataAccess, touchedBy } from './data-access.ts'
import { type DisclosureMember, lackingIn } from './disclosure.ts'
import { isFinding, judgeAuthority, type Verdict } from './judge-authority.ts'
import { createList, type Listed, listOf } from './listed.ts'
import { createOpenIntents, OUTCOMES_OF_CALLS } from './open-intents.ts'

export interface GrantsAbout {
  readonly resource_type?: string
  readonly resource_id?: string
  readonly agent_name?: string
  /** `findings`: no grants, and of accesses under them the number. */
  readonly show: 'all' | 'findings'
  /** Accesses in each list at most. */
  readonly limit: number
}

export interface Grants {
  readonly as_of_seq: number
  /** Those whose scope holds what was asked about, in the order of seq. */
  readonly grants: readonly GrantFound[]
  /** Records of grants and revocations that are none. */
  readonly ignored: readonly IgnoredRecord[]
  /** Accesses under a grant. */
  readonly covered: Listed<AccessFound>
  /** Accesses without one, those under one with notes, and disclosures that lack something. */
  readonly findings: Listed<AccessFound>
}

export type GrantState = 'not-begun' | 'active' | 'expired' | 'revoked'

export interface GrantFound extends GrantOnRecord {
  /** When it was asked, by the ledger's clock. */
  readonly state: GrantState
  readonly accesses: number
}

export interface AccessFound extends Readonly<Pick<AuditRecord, (typeof SHOWN)[number]>> {
  readonly access: Access
  readonly authority: Verdict
  readonly may_have_happened?: true
  readonly lacks?: readonly DisclosureMember[]
}

const SHOWN = [
  'seq',
  'id',
  'timestamp',
  'recorded_at',
  'action',
  'outcome',
  'agent_name',
  'on_behalf_of',
  'resource_type',
  'resource_id',
  'subject_ids',
  'purpose',
  'conversation_id',
  'grant_id',
] as const

export function grants({ show, limit, ...about }: GrantsAbout): Question<Grants> {
  return { operation: 'grants', query: about, answer: (asked) => answer(about, show, limit, asked) }
}

type About = Omit<GrantsAbout, 'show' | 'limit'>

async function answer(about: About, show: GrantsAbout['show'], limit: number, asked: Asked): Promise<Answered<Grants>> {
  const authority = await readAuthority(asked)
  const covered = createList<AccessFound>(show === 'all' ? limit : 0)
  const findings = createList<AccessFound>(limit)
  const accesses = new Map<number, number>()
  for await (const found of judgedAccesses(about, authority, asked)) {
    const { authority: verdict, lacks } = found
    const list = isFinding(verdict) || lacks !== undefined ? findings : covered
    list.add(found)
    if (verdict.state === 'covered') accesses.set(verdict.grant.seq, (accesses.get(verdict.grant.seq) ?? 0) + 1)
  }
  const isAbout = await matcher(about, asked)
  const found: Grants = {
    as_of_seq: asked.until_seq - 1,
    grants: (show === 'all' ? authority.grants : []).filter(isAbout).map((grant) => {
      return { ...grant, state: stateOf(grant, asked.at), accesses: accesses.get(grant.seq) ?? 0 }
    }),
    ignored: authority.ignored.filter(isAbout),
    covered: listOf(covered),
    findings: listOf(findings),
  }
  return { answer: found, results: resultsOf(found) }
}

/** Calls that have no outcome come last: only then is it known that they have none. */
async function* judgedAccesses(about: About, authority: Authority, asked: Asked): AsyncGenerator<AccessFound> {
  const { agent_name, ...filter } = about
  const calls = createOpenIntents((record) => (announcedBy(record) === undefined ? undefined : OUTCOMES_OF_CALLS))
  const isMeant = (record: AuditRecord): boolean => agent_name === undefined || agentOf(record) === agent_name
  for await (const record of asked.find(...CALLS.map((action): EntryFilter => ({ ...filter, action })))) {
    calls.see(record)
    const access = touchedBy(record)
    if (access !== undefined && isMeant(record)) yield accessFound(record, access, authority)
  }
  for (const record of await calls.left(asked)) {
    const access = announcedBy(record)
    if (access === undefined || !isMeant(record)) continue
    yield { ...accessFound(record, access, authority), may_have_happened: true }
  }
}

const CALLS: readonly Action[] = ['tool_invoked', ...OUTCOMES_OF_CALLS]

function accessFound(record: AuditRecord, access: Access, authority: Authority): AccessFound {
  const verdict = judgeAuthority(authority, dataAccess(record, access, authority.nameOf))
  const lacks = lackingIn(record)
  return { ...shownOf(record), access, authority: verdict, ...(lacks.length === 0 ? {} : { lacks }) }
}

type Shown = Pick<AuditRecord, (typeof SHOWN)[number]>

function shownOf(record: AuditRecord): Shown {
  const { seq, id, timestamp, recorded_at, action } = record
  const others = SHOWN.filter((field) => record[field] !== undefined).map((field) => [field, record[field]] as const)
  return { ...Object.fromEntries(others), seq, id, timestamp, recorded_at, action }
}

type Scoped = Pick<AuditRecord, 'agent_name' | 'resource_type' | 'resource_id'>

/** Whether a scope holds what was asked about. */
async function matcher(
  { agent_name, resource_type, resource_id }: About,
  asked: Asked,
): Promise<(scope: Readonly<Scoped>) => boolean> {
  const nameOf = await asked.namesOf(resource_id === undefined ? [] : [resource_id])
  const resource = resource_id === undefined ? undefined : nameOf(resource_id)
  const holds = (one: string | undefined, wanted: string | undefined): boolean =>
    one === undefined || wanted === undefined || one === wanted
  return (scope) =>
    holds(scope.agent_name, agent_name) &&
    holds(scope.resource_type, resource_type) &&
    holds(scope.resource_id, resource)
}

function stateOf({ valid_from, valid_until, revoked }: GrantOnRecord, at: string): GrantState {
  if (revoked !== undefined) return 'revoked'
  if (at >= valid_until) return 'expired'
  return at < valid_from ? 'not-begun' : 'active'
}

function resultsOf({ grants: found, ignored, covered, findings }: Grants): readonly number[] {
  const revocations = found.map(({ revoked }) => revoked?.seq).filter((seq) => seq !== undefined)
  const shown = [...found, ...ignored, ...covered.listed, ...findings.listed].map(({ seq }) => seq)
  return [...new Set([...shown, ...revocations])].sort((one, other) => one - other)
}
