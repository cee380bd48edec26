// Answers as runs under one prompt and model (spec/authority.md §4): what was in force shows in the answers, announced or not.

import type { AuditRecord } from '../formats/fields.ts'
import { createList, type Listed, listOf } from './listed.ts'

export interface Run extends Under {
  readonly first: AnswerPlace
  readonly last: AnswerPlace
  readonly answers: number
  /** How many of them are findings. */
  readonly findings: number
}

/** What an answer was given under. */
export interface Under {
  readonly prompt_version?: string
  readonly model?: string
}

export type AnswerPlace = Readonly<Pick<AuditRecord, 'seq' | 'id' | 'timestamp' | 'recorded_at'>>

export interface Runs {
  /** The next answer, and whether it is a finding. */
  add(answer: AuditRecord, kind: 'finding' | 'in order'): void
  all(): Listed<Run>
}

export function createRuns(limit: number): Runs {
  const ended = createList<Run>(limit)
  let run: Run | undefined

  return {
    add(answer, kind) {
      const findings = kind === 'finding' ? 1 : 0
      const last = placeOf(answer)
      if (run !== undefined && isUnderSame(run, answer)) {
        run = { ...run, last, answers: run.answers + 1, findings: run.findings + findings }
        return
      }
      if (run !== undefined) ended.add(run)
      run = { ...underOf(answer), first: last, last, answers: 1, findings }
    },
    all() {
      if (run !== undefined) ended.add(run)
      run = undefined
      return listOf(ended)
    },
  }
}

function isUnderSame(one: Under, other: Under): boolean {
  return one.prompt_version === other.prompt_version && one.model === other.model
}

export function placeOf({ seq, id, timestamp, recorded_at }: AuditRecord): AnswerPlace {
  return { seq, id, timestamp, recorded_at }
}

export function underOf({ prompt_version, model }: AuditRecord): Under {
  return {
    ...(prompt_version === undefined ? {} : { prompt_version }),
    ...(model === undefined ? {} : { model }),
  }
}
