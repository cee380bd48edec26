// The parts that verifying a store consists of. Each is done by itself, on any connection to the store, so that they can be
// done side by side.

import type { ChunkTask } from '../chunk.ts'
import type { ContentReading } from '../content.ts'
import type { Finding } from '../finding.ts'
import type { ArchiveOf } from './archive.ts'
import type { LedgerNo, StoredLedgers, StructurePart } from './stored-log.ts'
import { type VerifiedStretch, verifyStretch } from './stretch.ts'

/** Plain data: it crosses threads. */
export type VerifyTask =
  | {
      readonly kind: 'chunk'
      readonly ledger: LedgerNo
      readonly chunk: ChunkTask
      /** Whether every byte of sealed payloads is read too. */
      readonly payloadBytes: ContentReading
    }
  | { readonly kind: 'structure'; readonly part: StructurePart; readonly chosen: LedgerNo | undefined }

/** Plain data: it crosses threads. */
export type VerifyAnswer =
  | ({ readonly kind: 'chunk' } & VerifiedStretch)
  | { readonly kind: 'structure'; readonly findings: readonly Finding[] }

/** Does every task, in any order, through archives where they are given, and tells of each answer. It rejects where the store cannot be read. */
export type RunTasks = (
  tasks: readonly VerifyTask[],
  onAnswer: (answer: VerifyAnswer) => void,
  archiveOf?: ArchiveOf,
) => Promise<void>

/** A store that was opened to be verified. */
export interface OpenedStore {
  /** For people: the path of its file. */
  readonly where: string
  readonly ledgers: StoredLedgers
  readonly runTasks: RunTasks
  /** What was found when it was opened: of its schema. */
  readonly findings: readonly Finding[]
}

export async function runTask(ledgers: StoredLedgers, task: VerifyTask): Promise<VerifyAnswer> {
  switch (task.kind) {
    case 'chunk':
      return { kind: 'chunk', ...(await verifyStretch(ledgers.log(task.ledger), task.chunk, task.payloadBytes)) }
    case 'structure':
      return { kind: 'structure', findings: await ledgers.structure(task.part, task.chosen) }
  }
}

/** Does every task in this thread, one at a time on each connection. Once it ends, nobody reads any more. */
export async function runOnConnections(
  connections: readonly StoredLedgers[],
  tasks: readonly VerifyTask[],
  onAnswer: (answer: VerifyAnswer) => void,
): Promise<void> {
  const waiting = [...tasks]
  const ended = await Promise.allSettled(
    connections.map(async (ledgers) => {
      try {
        for (let task = waiting.shift(); task !== undefined; task = waiting.shift())
          onAnswer(await runTask(ledgers, task))
      } finally {
        // The others need not begin what nobody will hear of.
        waiting.length = 0
      }
    }),
  )
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
