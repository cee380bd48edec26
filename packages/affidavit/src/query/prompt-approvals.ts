// Whether the version of a prompt was approved when an answer was given (spec/authority.md §4). Pure: fed with the records of
// one agent's versions and answers in the order of seq.

import { DraftFault } from '../formats/draft-fault.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { isAboutPrompt, type PromptApproval, readPromptApproval } from '../formats/prompt-approval.ts'
import type { NameOf } from '../ledger/question.ts'
import { isAfterwards } from './afterwards.ts'

/** Why an answer is a finding. */
export type VersionFinding =
  | 'not-approved'
  | 'approval-withdrawn'
  | 'self-approved'
  | 'approved-afterwards'
  | 'no-version'

export interface PromptApprovals {
  /** A change or an approval of a prompt. Answers what is wrong with it; it then has no effect. */
  see(record: AuditRecord): string | undefined
  /** What is to be said of an answer that comes after all that was seen. */
  judge(answer: Pick<AuditRecord, 'prompt_version' | 'timestamp'>): VersionFinding | undefined
}

interface Version {
  /** Who is known to have changed the prompt to it. */
  readonly authors: Set<string>
  /** Approvals that stand: when each was recorded, by who approved. The first one of a person counts. */
  readonly standing: Map<string, string>
  withdrawn: boolean
}

export function createPromptApprovals(nameOf: NameOf): PromptApprovals {
  const versions = new Map<string, Version>()

  function versionOf(name: string): Version {
    const version = versions.get(name) ?? { authors: new Set(), standing: new Map(), withdrawn: false }
    versions.set(name, version)
    return version
  }

  function decide({ prompt_version, approver, decision }: PromptApproval, recorded_at: string): void {
    const version = versionOf(prompt_version)
    version.withdrawn = decision === 'withdrawn'
    if (decision === 'withdrawn') version.standing.clear()
    else if (!version.standing.has(nameOf(approver))) version.standing.set(nameOf(approver), recorded_at)
  }

  return {
    see(record) {
      const { action, prompt_version, actor_id, recorded_at } = record
      if (action === 'prompt_changed' && prompt_version !== undefined && isAuthorKnown(record)) {
        versionOf(prompt_version).authors.add(nameOf(actor_id))
      }
      if (!isAboutPrompt(record)) return undefined
      const read = readDecision(record)
      if ('fault' in read) return read.fault
      if (nameOf(read.approver) === nameOf(read.agent_name)) return 'actor_id: an agent cannot approve its own prompt'
      decide(read, recorded_at)
      return undefined
    },
    judge({ prompt_version, timestamp }) {
      if (prompt_version === undefined) return 'no-version'
      const { authors, standing, withdrawn } = versionOf(prompt_version)
      if (standing.size === 0) return withdrawn ? 'approval-withdrawn' : 'not-approved'
      const byOthers = [...standing].filter(([approver]) => !authors.has(approver))
      if (byOthers.length === 0) return 'self-approved'
      return byOthers.every(([, recorded_at]) => isAfterwards(recorded_at, timestamp))
        ? 'approved-afterwards'
        : undefined
    },
  }
}

/** Whether a record of a change names who made it. */
export function isAuthorKnown({ details = {} }: AuditRecord): boolean {
  return details.changed_by !== 'unknown' && details.author_unclaimed !== true
}

function readDecision(record: AuditRecord): PromptApproval | { readonly fault: string } {
  try {
    return readPromptApproval(record)
  } catch (error) {
    if (error instanceof DraftFault) return { fault: error.message }
    throw error
  }
}
