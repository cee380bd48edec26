// Committing groups of batches (spec/postgres.md §3): upon what is known, in one round trip and behind others that are not answered
// yet, or upon what is read behind the lock.

import type { Clock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { type ConversationTip, sequence } from '../../ledger/sequence.ts'
import type { Placed } from '../../ledger/store.ts'
import { type Statement, sqlState } from './database.ts'
import type { Entered, Group } from './group.ts'
import { inTime } from './in-time.ts'
import { appendStatements } from './insert.ts'
import { type Connecting, shareConnection } from './shared-connection.ts'
import {
  type KnownTip,
  metConversations,
  type ReadTip,
  readTip,
  remember,
  selectConversations,
  tipStatements,
} from './tip.ts'
import type { Attempt, Decided, Work } from './transaction.ts'

export interface CommitParts {
  numberOf(ledger: string): Promise<number>
  ask(statement: Statement): Promise<readonly unknown[]>
  write<T>(work: (attempt: Attempt) => Work<T> | Promise<Work<T>>, patienceMillis: number): Promise<T>
  readonly pool: Connecting
  readonly clock: Clock
}

/** A group that has its turn. Its patience counts from then on, whatever it waits for. */
interface Turn extends Group {
  waitedMillis(): number
}

/** What this writer knows of a ledger, and has under way there. */
interface Lane {
  /** Where the ledger ends once all that was sent is committed; nothing where somebody else may have written. */
  known: KnownTip | undefined
  /** `astray`: a guess was wrong, and so are those behind it. All are done anew before anything else is. */
  state: 'straight' | 'astray'
  readonly underWay: Set<Promise<unknown>>
  /** What is sent behind others goes through it. It is this ledger's alone: who waits for a lock there holds up no other. */
  readonly shared: Connecting
  /** Undisturbed commits after which the next one is taken to be so too. */
  caution: number
}

/** After others were seen to write: they may go on for a while, and a wrong guess costs as much as a right one saves. */
const CAUTIOUS = 8

interface Committed extends KnownTip {
  readonly placed: readonly Placed[]
  /** Where its conversations stand now. */
  readonly moved: ReadonlyMap<string, ConversationTip>
}

/** @returns hands a group over; groups of one ledger take their places in the order of the calls */
export function createCommit({ numberOf, ask, write, pool, clock }: CommitParts): (group: Group) => Promise<Entered> {
  const lanes = new Map<number, Lane>()

  return async (handedOver) => {
    const begun = clock.elapsed()
    const group = { ...handedOver, waitedMillis: () => clock.elapsed() - begun }
    const ledgerNo = await numberOf(group.ledger)
    const lane = laneOf(ledgerNo)
    if (lane.state === 'astray') await allSettled(lane)
    const known = await meet(ledgerNo, lane, group)
    // While it was asked, one that was sent before may have gone astray.
    if (known !== undefined && lane.known === known) return follow(lane, guess(ledgerNo, lane, known, group))
    await allSettled(lane)
    const placed = follow(lane, look(ledgerNo, lane, group))
    await allSettled(lane)
    return placed
  }

  function laneOf(ledgerNo: number): Lane {
    const lane = lanes.get(ledgerNo) ?? newLane(pool)
    lanes.set(ledgerNo, lane)
    return lane
  }

  /** What the group may be built upon, where that can be known, with the conversations that were not met yet. */
  async function meet(ledgerNo: number, { known, caution }: Lane, group: Turn): Promise<KnownTip | undefined> {
    const { drafts } = group
    // What a decision to destroy was judged by is read behind the lock.
    if (drafts.some(({ judged_below }) => judged_below !== undefined)) return undefined
    if (known === undefined || known.undisturbed < caution) return undefined
    const met = ({ conversation_id: id }: { conversation_id?: string }): boolean =>
      id === undefined || known.conversations.has(id)
    if (drafts.every(met)) return known
    try {
      const asked = ask(
        selectConversations(
          ledgerNo,
          drafts.filter((draft) => !met(draft)),
        ),
      )
      const rows = await inTime(asked, patienceLeft(group), 'no answer')
      remember(known.conversations, metConversations(rows))
      return known
    } catch {
      // Looking it up asks the same behind the lock, as patiently as the caller is, and tells what came of it.
      return undefined
    }
  }

  /** Sends what builds on what is known; where that is not so any more nothing is done, and it is looked up in its turn. */
  async function guess(ledgerNo: number, lane: Lane, known: KnownTip, group: Turn): Promise<readonly Placed[]> {
    const before = [...lane.underWay]
    const guessed = place(ledgerNo, group, { ...known, standing: new Map(), bound: 0 })
    keep(lane, guessed.value)
    let state: 'new' | 'sent' = 'new'
    const work = async (attempt: Attempt): Promise<Work<Committed>> => {
      if (state === 'new' && attempt === 'first') {
        state = 'sent'
        return { reads: [], through: lane.shared, decide: () => guessed }
      }
      await goAstray(lane, before)
      return looked(ledgerNo, lane.known, group)
    }
    try {
      const committed = await write(work, patienceLeft(group))
      if (committed === guessed.value) lane.caution = 1
      else keep(lane, committed)
      return committed.placed
    } catch (error) {
      // Those behind one that went astray for a reason of its own say nothing of others.
      if (lane.state === 'straight' && stateOf(error) === 'AF003') lane.caution = CAUTIOUS
      await goAstray(lane, before)
      // Somebody else wrote meanwhile, or an id or a conversation stands there: then it is looked up.
      if (!isSuperseded(error)) throw error
    }
    return look(ledgerNo, lane, group)
  }

  /** Reads under the lock what the group builds on. */
  async function look(ledgerNo: number, lane: Lane, group: Turn): Promise<readonly Placed[]> {
    const committed = await write(() => looked(ledgerNo, lane.known, group), patienceLeft(group))
    keep(lane, committed)
    return committed.placed
  }
}

function newLane(pool: Connecting): Lane {
  return { known: undefined, state: 'straight', underWay: new Set(), shared: shareConnection(pool), caution: 1 }
}

function follow(lane: Lane, placed: Promise<readonly Placed[]>): Entered {
  lane.underWay.add(placed)
  const over = (): void => void lane.underWay.delete(placed)
  placed.then(over, over)
  return { placed }
}

/** Nothing that was sent behind a wrong guess is built upon; what was sent before it has its place first. */
async function goAstray(lane: Lane, before: readonly Promise<unknown>[]): Promise<void> {
  if (lane.state === 'straight') lane.known = undefined
  lane.state = 'astray'
  await Promise.allSettled(before)
}

async function allSettled(lane: Lane): Promise<void> {
  await Promise.allSettled(lane.underWay)
  lane.state = 'straight'
}

function keep(lane: Lane, { tip, fence, undisturbed, conversations, moved }: Committed): void {
  remember(conversations, moved)
  lane.known = { tip, fence, undisturbed, conversations }
}

function looked(ledgerNo: number, known: KnownTip | undefined, group: Turn): Work<Committed> {
  return {
    reads: tipStatements(ledgerNo, group.drafts, known),
    decide: (answers) => place(ledgerNo, group, readTip(answers, known)),
  }
}

function place(
  ledgerNo: number,
  group: Turn,
  { tip, fence, undisturbed, conversations, ...read }: ReadTip,
): Decided<Committed> {
  const { drafts, at } = group
  const { standing, bound } = read
  const known = { fence, standing, bound, conversations: read.met ?? conversations }
  const next = sequence(tip, drafts, known, at + Math.round(group.waitedMillis()))
  return {
    value: { ...next, moved: next.conversations, undisturbed, conversations },
    ...appendStatements(ledgerNo, tip, next.entries, patienceLeft(group)),
  }
}

/** Who has none left tries once more, and waits for nobody. */
function patienceLeft({ patienceMillis, waitedMillis }: Turn): number {
  return Math.max(1, patienceMillis - waitedMillis())
}

function stateOf(error: unknown): string | undefined {
  return error instanceof LedgerError ? sqlState(error.cause) : undefined
}

function isSuperseded(error: unknown): boolean {
  const state = stateOf(error)
  // 25006: the role's transactions are read-only unless they say otherwise, as those that read first do.
  return state === 'AF003' || state === '23505' || state === '25006'
}
