// The parts that verifying a database consists of; each runs by itself, in any thread, on a connection of its own.

import type { ChunkTask } from '../../verify/chunk.ts'
import type { ContentReading } from '../../verify/content.ts'
import type { Finding } from '../../verify/finding.ts'
import type { SqliteDatabase } from './database.ts'
import { checkIndexes, checkStrays } from './structure.ts'
import { type VerifiedRows, verifyRows } from './verify-rows.ts'

export type VerifyTask =
  | {
      readonly kind: 'chunk'
      readonly ledgerNo: number
      readonly chunk: ChunkTask
      /** Whether every byte of sealed payloads is read too. */
      readonly payloadBytes: ContentReading
    }
  | { readonly kind: 'strays'; readonly ledgerNo: number | undefined }
  | { readonly kind: 'indexes' }

export type VerifyAnswer =
  | ({ readonly kind: 'chunk' } & VerifiedRows)
  | { readonly kind: 'structure'; readonly findings: readonly Finding[] }

export function runTask(db: SqliteDatabase, task: VerifyTask): VerifyAnswer {
  switch (task.kind) {
    case 'chunk':
      return { kind: 'chunk', ...verifyRows(db, task.ledgerNo, task.chunk, task.payloadBytes) }
    case 'strays':
      return { kind: 'structure', findings: checkStrays(db, task.ledgerNo) }
    case 'indexes':
      return { kind: 'structure', findings: checkIndexes(db) }
  }
}
