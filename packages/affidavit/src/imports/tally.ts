// What became of the lines and drafts of an import.

import type { AppendOutcome } from '../ledger/ledger.ts'
import type { ContentSize } from './sealed-content.ts'

/** Refusals that a report lists; beyond, they are counted. */
const MAX_REFUSALS = 10_000
/** Names of unread members, and of tools, that a report lists. */
const MAX_NAMES = 100

/** Why a line was not recorded, or not all of it. `path` is the place inside the line, empty for the whole. */
export interface Refusal {
  readonly line: number
  readonly path: string
  readonly problem: string
}

export interface ImportCounts {
  /** Lines whose conversation was handed to the ledger. */
  readonly conversations: number
  readonly records: { readonly recorded: number; readonly duplicate: number; readonly conflicts: number }
  /** What was sealed with the records that were added. */
  readonly content: ContentSize
  /** Lines with a refusal, those beyond the list included. */
  readonly refused_lines: number
}

export interface ImportReport extends ImportCounts {
  /** By line; the first 10,000. */
  readonly refused: readonly Refusal[]
  /** Members of the file that no record takes up, `messages[].name`, and how often they stand there. */
  readonly unread_members: { readonly [path: string]: number }
  /** Tools that the registry does not know, and how often they were called: their data is restricted. */
  readonly unclassified_tools: { readonly [name: string]: number }
}

export interface Tally {
  refuse(refusal: Refusal): void
  accept(conversation: { readonly unread: readonly string[] }, unclassifiedTools: readonly string[]): void
  /** @throws LedgerError of a draft that the ledger could not record; a conflict is no such failure */
  settle(line: number, content: ContentSize, outcome: AppendOutcome): void
  counts(): ImportCounts
  report(): ImportReport
}

export function createTally(): Tally {
  const records = { recorded: 0, duplicate: 0, conflicts: 0 }
  const refused: Refusal[] = []
  const content = { bodies: 0, bytes: 0 }
  const unread = new Map<string, number>()
  const unclassified = new Map<string, number>()
  let conversations = 0
  let refused_lines = 0
  let conflicting: { readonly line: number; count: number } | undefined

  function refuse(refusal: Refusal): void {
    refused_lines++
    if (refused.length < MAX_REFUSALS) refused.push(refusal)
  }

  // The conflicts of one line are one refusal, told when the next line begins to have some.
  function tellConflicts(): void {
    if (conflicting !== undefined)
      refuse({ line: conflicting.line, path: 'id', problem: conflictProblem(conflicting.count) })
    conflicting = undefined
  }

  function conflict(line: number): void {
    records.conflicts++
    if (conflicting?.line !== line) {
      tellConflicts()
      conflicting = { line, count: 0 }
    }
    conflicting.count++
  }

  function counts(): ImportCounts {
    return { conversations, records: { ...records }, content: { ...content }, refused_lines }
  }

  function add(sealed: ContentSize): void {
    content.bodies += sealed.bodies
    content.bytes += sealed.bytes
  }

  return {
    refuse,
    counts,
    accept(conversation, unclassifiedTools) {
      conversations++
      countNames(unread, conversation.unread)
      countNames(unclassified, unclassifiedTools)
    },
    settle(line, sealed, outcome) {
      if (outcome.state === 'recorded') add(sealed)
      if (outcome.state !== 'refused') records[outcome.state]++
      else if (outcome.error.code === 'id-conflict') conflict(line)
      else throw outcome.error
    },
    report() {
      tellConflicts()
      const byLine = refused.toSorted((a, b) => a.line - b.line)
      return {
        ...counts(),
        refused: byLine,
        unread_members: Object.fromEntries(unread),
        unclassified_tools: Object.fromEntries(unclassified),
      }
    },
  }
}

function countNames(counts: Map<string, number>, names: readonly string[]): void {
  for (const name of names) {
    if (counts.has(name) || counts.size < MAX_NAMES) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
}

function conflictProblem(count: number): string {
  return (
    `${count} ${count === 1 ? 'record differs' : 'records differ'} from what was recorded before for this conversation ` +
    '(another conversation with this id, changed messages, or another registry); the first record stands'
  )
}
