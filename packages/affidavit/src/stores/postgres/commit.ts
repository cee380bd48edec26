// Committing a group of batches (spec/postgres.md §3): upon what is known, in one round trip, or upon what is read behind the lock.

import { LedgerError } from '../../errors/ledger-error.ts'
import { sequence } from '../../ledger/sequence.ts'
import type { Placed } from '../../ledger/store.ts'
import { sqlState } from './database.ts'
import type { Group } from './group.ts'
import { appendStatements } from './insert.ts'
import { isEnough, type KnownTip, type ReadTip, readTip, tipStatements } from './tip.ts'
import type { Attempt, Decided, Work } from './transaction.ts'

export interface CommitParts {
  numberOf(ledger: string): Promise<number>
  write<T>(work: (attempt: Attempt) => Work<T>, patienceMillis: number): Promise<T>
}

/** @returns commits a group; groups of one ledger come one after another */
export function createCommit({ numberOf, write }: CommitParts): (group: Group) => Promise<readonly Placed[]> {
  const tips = new Map<number, KnownTip>()

  /** Reads under the lock what the batch builds on. */
  function looked(ledgerNo: number, group: Group): Work<Committed> {
    const known = tips.get(ledgerNo)
    return {
      reads: tipStatements(ledgerNo, group.drafts, known),
      decide: (answers, _, waitedMillis) => place(ledgerNo, group, readTip(answers, known), waitedMillis),
    }
  }

  /** Builds on what is known; nothing is done where that is not so any more. */
  function guessed(ledgerNo: number, group: Group, known: KnownTip): Work<Committed> {
    const read = { ...known, standing: new Map() }
    return { reads: [], decide: (_, __, waitedMillis) => place(ledgerNo, group, read, waitedMillis) }
  }

  async function commit(ledgerNo: number, group: Group): Promise<Committed> {
    const { drafts, patienceMillis } = group
    const known = tips.get(ledgerNo)
    if (isEnough(known, drafts)) {
      try {
        const work = (attempt: Attempt): Work<Committed> =>
          attempt === 'first' ? guessed(ledgerNo, group, known) : looked(ledgerNo, group)
        return await write(work, patienceMillis)
      } catch (error) {
        // Somebody else wrote meanwhile, or an id or a conversation stands there: then it is looked up.
        if (!isSuperseded(error)) throw error
      }
    }
    return write(() => looked(ledgerNo, group), patienceMillis)
  }

  return async (group) => {
    const ledgerNo = await numberOf(group.ledger)
    const { placed, ...tip } = await commit(ledgerNo, group)
    tips.set(ledgerNo, tip)
    return placed
  }
}

interface Committed extends KnownTip {
  readonly placed: readonly Placed[]
}

function place(
  ledgerNo: number,
  { drafts, at, patienceMillis }: Group,
  read: ReadTip,
  waitedMillis: number,
): Decided<Committed> {
  const next = sequence(read.tip, drafts, read, at + Math.round(waitedMillis))
  const fence = drafts.reduce((highest, { keyring_fence = 0 }) => Math.max(highest, keyring_fence), read.fence)
  const conversations = new Map([...read.conversations, ...next.conversations])
  return {
    value: { placed: next.placed, tip: next.tip, fence, conversations, lastBy: read.lastBy },
    ...appendStatements(ledgerNo, read.tip, next.entries, patienceMillis),
  }
}

function isSuperseded(error: unknown): boolean {
  const state = error instanceof LedgerError ? sqlState(error.cause) : undefined
  // 25006: the role's transactions are read-only unless they say otherwise, as those that read first do.
  return state === 'AF003' || state === '23505' || state === '25006'
}
