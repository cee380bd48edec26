// What became of the lines and drafts of an import.

import type { AppendOutcome } from '../ledger/ledger.ts'

/** Refusals that a report lists; beyond, they are counted. */
const MAX_REFUSALS = 10_000
/** Names of unread members that a report lists. */
const MAX_UNREAD = 100

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
  /** Lines with a refusal, those beyond the list included. */
  readonly refused_lines: number
}

export interface ImportReport extends ImportCounts {
  /** By line; the first 10,000. */
  readonly refused: readonly Refusal[]
  /** Members of the file that no record takes up, `messages[].name`, and how often they stand there. */
  readonly unread_members: { readonly [path: string]: number }
}

export interface Tally {
  refuse(refusal: Refusal): void
  accept(conversation: { readonly unread: readonly string[] }): void
  /** @throws LedgerError of a draft that the ledger could not record; a conflict is no such failure */
  settle(line: number, outcome: AppendOutcome): void
  counts(): ImportCounts
  report(): ImportReport
}

export function createTally(): Tally {
  const records = { recorded: 0, duplicate: 0, conflicts: 0 }
  const refused: Refusal[] = []
  const unread = new Map<string, number>()
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
    return { conversations, records: { ...records }, refused_lines }
  }

  return {
    refuse,
    counts,
    accept(conversation) {
      conversations++
      for (const path of conversation.unread) {
        if (unread.has(path) || unread.size < MAX_UNREAD) unread.set(path, (unread.get(path) ?? 0) + 1)
      }
    },
    settle(line, outcome) {
      if (outcome.state !== 'refused') records[outcome.state]++
      else if (outcome.error.code === 'id-conflict') conflict(line)
      else throw outcome.error
    },
    report() {
      tellConflicts()
      const byLine = refused.toSorted((a, b) => a.line - b.line)
      return { ...counts(), refused: byLine, unread_members: Object.fromEntries(unread) }
    },
  }
}

function conflictProblem(count: number): string {
  return (
    `${count} ${count === 1 ? 'record differs' : 'records differ'} from what was recorded before for this conversation ` +
    '(another conversation with this id, changed messages, or another tools file); the first record stands'
  )
}
