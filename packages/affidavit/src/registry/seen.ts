// The names that records have of what a registry speaks of (spec/registry.md §7). Records say which agents were at work,
// which tools they called, which tools were declared to them, who was given data, and what was wrong with that.

import { type AuditRecord, MASKED_MEMBER, RECIPIENT_FINDING_MEMBER } from '../formats/fields.ts'
import { RECIPIENT_PATH, recipientOf } from '../formats/recipient.ts'
import type { Kind } from './check.ts'

export interface SeenNames {
  readonly tools: ReadonlySet<string>
  readonly agents: ReadonlySet<string>
  /** As they stand in records; none that was masked. */
  readonly recipients: ReadonlySet<string>
  /** Records that tell of a tool without a name: by its keyed digest alone, or by something that is no text. */
  readonly unnamed: number
  /** What was found about recipients when records were taken, most often first. */
  readonly findings: readonly SeenFinding[]
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

/** Takes in records, one at a time; as many as there are. */
export function createSeenNames(): {
  add(record: Pick<AuditRecord, 'action' | 'seq' | 'agent_name' | 'details'>): void
  names(): SeenNames
} {
  const tools = new Set<string>()
  const agents = new Set<string>()
  const recipients = new Set<string>()
  const findings = new Map<string, SeenFinding>()
  let unnamed = 0

  function find(code: string, recipient: string, seq: number): void {
    const own = JSON.stringify([code, recipient])
    const told = findings.has(own) || findings.size < MAX_FINDINGS ? recipient : OTHERS
    const key = JSON.stringify([code, told])
    const { records, first_seq } = findings.get(key) ?? { records: 0, first_seq: seq }
    findings.set(key, { code, recipient: told, records: records + 1, first_seq })
  }

  return {
    add({ action, seq, agent_name, details = {} }) {
      if (agent_name !== undefined) agents.add(agent_name)
      const declared: readonly unknown[] = Array.isArray(details.tools) ? details.tools : []
      const told = [details.tool, ...declared].filter((tool) => tool !== undefined)
      const named = told.filter((tool) => typeof tool === 'string' && tool !== '')
      for (const tool of named) tools.add(String(tool))
      if (named.length < told.length || details.tool_digest !== undefined) unnamed++
      const recipient = recipientOf({ action, details })
      if (recipient !== undefined && !isMasked(details)) recipients.add(recipient)
      const code = codeOf(details)
      if (code !== undefined) find(code, recipient ?? String(details.recipient), seq)
    },
    names: () => ({
      tools,
      agents,
      recipients,
      unnamed,
      findings: [...findings.values()].sort((a, b) => b.records - a.records || a.first_seq - b.first_seq),
    }),
  }
}

function isMasked({ [MASKED_MEMBER]: masked }: Details): boolean {
  return Array.isArray(masked) && masked.some((mask) => Object(mask).path === RECIPIENT_PATH)
}

function codeOf({ [RECIPIENT_FINDING_MEMBER]: finding }: Details): string | undefined {
  const { code } = Object(finding)
  return typeof code === 'string' ? code : undefined
}

type Details = NonNullable<AuditRecord['details']>
