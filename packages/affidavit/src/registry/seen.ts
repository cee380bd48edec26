// The names that records have of what a registry speaks of (spec/registry.md §7). Records say which agents were at work,
// which tools they called, which tools were declared to them, who was given data, and what was wrong with that.

import { type AuditRecord, MASKED_MEMBER, RECIPIENT_FINDING_MEMBER, UNDETECTED_MEMBER } from '../formats/fields.ts'
import { RECIPIENT_PATH, recipientOf } from '../formats/recipient.ts'
import type { Kind } from './check.ts'
import { judgeRecipient } from './recipient.ts'
import type { Registry } from './registry.ts'

export interface SeenNames {
  readonly tools: ReadonlySet<string>
  readonly agents: ReadonlySet<string>
  /** As they stand in records; none that was masked. */
  readonly recipients: ReadonlySet<string>
  /** Records that tell of a tool without a name: by its keyed digest alone, or by something that is no text. */
  readonly unnamed: number
  /** What the registry finds about recipients of what was recorded, most often first. */
  readonly findings: readonly SeenFinding[]
  /** What stands in records as found when they were taken, and this registry allows. */
  readonly allowed_since: readonly SeenFinding[]
  /** Drafts that were refused for their recipient: nothing was given to anybody. */
  readonly refused: readonly SeenFinding[]
}

/** One finding about one recipient, however often it stands in records. */
export interface SeenFinding {
  readonly code: string
  readonly recipient: string
  readonly records: number
  /** The place of the first. */
  readonly first_seq: number
}

/** Findings that are told apart; the recipients of further ones are all called `…`. */
const MAX_FINDINGS = 1000
const OTHERS = '…'

/** The kinds of names that some records have. Where nobody was said to be given anything, that nobody was says nothing. */
export function recordedKinds({ recipients }: SeenNames): readonly Kind[] {
  return recipients.size === 0 ? ['tools', 'agents'] : ['tools', 'agents', 'recipients']
}

/** What is told of a record. */
type Told = Pick<
  AuditRecord,
  'action' | 'seq' | 'timestamp' | 'agent_name' | 'outcome' | 'compliance_domains' | 'details'
>

/** Takes in records, one at a time; as many as there are. Who was given data is judged by `registry`, at the time of the record. */
export function createSeenNames(registry: Registry): {
  add(record: Told): void
  names(): SeenNames
} {
  const tools = new Set<string>()
  const agents = new Set<string>()
  const recipients = new Set<string>()
  const [findings, allowedSince, refused] = [createTally(), createTally(), createTally()]
  let unnamed = 0

  function judge(record: Told, recipient: string): void {
    const { seq, details = {} } = record
    const then = codeOf(details)
    if (isMasked(details)) {
      // Who it was nobody can say any more: what was found then counts.
      if (then !== undefined) findings.add(then, recipient, seq)
      return
    }
    recipients.add(recipient)
    const now = codeNow(registry, record, recipient)
    if (now !== undefined) findings.add(now, recipient, seq)
    else if (then !== undefined) allowedSince.add(then, recipient, seq)
  }

  return {
    add(record) {
      const { action, seq, agent_name, details = {} } = record
      if (agent_name !== undefined) agents.add(agent_name)
      const declared: readonly unknown[] = Array.isArray(details.tools) ? details.tools : []
      const told = [details.tool, ...declared].filter((tool) => tool !== undefined)
      const named = told.filter((tool) => typeof tool === 'string' && tool !== '')
      for (const tool of named) tools.add(String(tool))
      if (named.length < told.length || details.tool_digest !== undefined) unnamed++
      const recipient = recipientOf({ action, details })
      const code = codeOf(details)
      if (recipient !== undefined) judge(record, recipient)
      else if (action === 'draft_rejected' && code !== undefined) refused.add(code, String(details.recipient), seq)
    },
    names: () => ({
      tools,
      agents,
      recipients,
      unnamed,
      findings: findings.told(),
      allowed_since: allowedSince.told(),
      refused: refused.told(),
    }),
  }
}

/** Findings by code and recipient, each with its number and the first. */
function createTally(): {
  add(code: string, recipient: string, seq: number): void
  told(): readonly SeenFinding[]
} {
  const findings = new Map<string, SeenFinding>()
  return {
    add(code, recipient, seq) {
      const own = JSON.stringify([code, recipient])
      const told = findings.has(own) || findings.size < MAX_FINDINGS ? recipient : OTHERS
      const key = JSON.stringify([code, told])
      const { records, first_seq } = findings.get(key) ?? { records: 0, first_seq: seq }
      findings.set(key, { code, recipient: told, records: records + 1, first_seq })
    },
    told: () => [...findings.values()].sort((a, b) => b.records - a.records || a.first_seq - b.first_seq),
  }
}

// What was denied went to nobody.
function codeNow(
  registry: Registry,
  { timestamp, outcome, compliance_domains = [], details = {} }: Told,
  recipient: string,
): string | undefined {
  if (outcome === 'denied') return undefined
  const looked_at = Object.hasOwn(details, UNDETECTED_MEMBER) ? 'in part' : 'wholly'
  const judged = judgeRecipient(registry, recipient, { compliance_domains, looked_at }, Date.parse(timestamp))
  return judged === 'allowed' ? undefined : judged.code
}

function isMasked({ [MASKED_MEMBER]: masked }: Details): boolean {
  return Array.isArray(masked) && masked.some((mask) => Object(mask).path === RECIPIENT_PATH)
}

function codeOf({ [RECIPIENT_FINDING_MEMBER]: finding }: Details): string | undefined {
  const { code } = Object(finding)
  return typeof code === 'string' ? code : undefined
}

type Details = NonNullable<AuditRecord['details']>
