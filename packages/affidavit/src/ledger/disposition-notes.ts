// What the keyring knows of dispositions (spec/disposition.md §9): what was decided before any row went, and what became of it. Where the
// database comes back from a backup, its records know nothing of that.

import { utf8 } from '../bytes/text.ts'
import { type DecidedLeave, LEAVE } from '../disposition/phases.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import { formatPaper, isPaperFault, type PaperFormat, parsePaper } from '../papers/paper.ts'
import { count, hash, label, time } from '../papers/rules.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { DecidedDisposition } from './certify-disposition.ts'

const TOPIC = 'dispositions'

export interface NotedDecision {
  /** The incarnation that decided it. */
  readonly ledger: string
  readonly plan_sha256: string
  readonly manifest_sha256: string
  readonly decided_seq: number
  readonly decided_at: string
  /** How many the manifest lists, and the first of them. */
  readonly records: number
  readonly first_seq: number
  readonly leave: DecidedLeave
}

/** `destroying`: nobody lived to tell whether the rows went. */
export type DispositionFate = 'destroying' | 'destroyed' | 'withdrawn'

export interface NotedDisposition extends NotedDecision {
  readonly fate: DispositionFate
}

export type DispositionKeyring = Pick<Keyring, 'keepNote' | 'notes'>

export interface DispositionNotes {
  /** Before any row goes; durable when it resolves. */
  destroying(decided: NotedDecision): Promise<void>
  /** Behind the end of the rows, and before the outcome. */
  destroyed(plan_sha256: string): Promise<void>
  /** Behind the record of the withdrawal, where it was noted that rows would go. */
  withdrawn(plan_sha256: string): Promise<void>
  /** In the order of their decisions. @throws LedgerError `store-corrupt` */
  all(): Promise<readonly NotedDisposition[]>
}

export function dispositionNotes(keyring: DispositionKeyring): DispositionNotes {
  const keep = (plan_sha256: string, fate: DispositionFate, text = ''): Promise<void> =>
    keyring.keepNote({ topic: TOPIC, name: `${plan_sha256} ${fate}`, text })
  const all = async (): Promise<readonly NotedDisposition[]> => {
    const notes = await keyring.notes(TOPIC)
    const names = new Set(notes.map(({ name }) => name))
    return notes
      .filter(({ name }) => name.endsWith(' destroying'))
      .map(({ text }) => decidedIn(text))
      .map((decided) => ({ ...decided, fate: fateOf(decided, names) }))
      .sort((one, other) => (one.decided_at < other.decided_at ? -1 : 1))
  }
  return {
    destroying: (decided) =>
      keep(decided.plan_sha256, 'destroying', Buffer.from(formatPaper(decided, NOTE)).toString('utf8')),
    destroyed: (plan_sha256) => keep(plan_sha256, 'destroyed'),
    async withdrawn(plan_sha256) {
      const noted = (await all()).find((one) => one.plan_sha256 === plan_sha256)
      if (noted?.fate === 'destroying') await keep(plan_sha256, 'withdrawn')
    },
    all,
  }
}

/** A withdrawal that came behind the end of the rows is none. */
function fateOf({ plan_sha256 }: NotedDecision, names: ReadonlySet<string>): DispositionFate {
  return (['destroyed', 'withdrawn'] as const).find((fate) => names.has(`${plan_sha256} ${fate}`)) ?? 'destroying'
}

/** What is noted of a decision on record. */
export function notedOf(
  ledger: string,
  { announced, decided: { told, seq, timestamp } }: DecidedDisposition,
  first_seq: number,
): NotedDecision {
  const { plan_sha256, manifest_sha256, records } = told
  const words = { ledger, plan_sha256, manifest_sha256, decided_seq: seq, decided_at: timestamp, records, first_seq }
  if ('approval_sha256' in told) return { ...words, leave: { approval_sha256: told.approval_sha256 } }
  const since = announced ?? unreachable('a decision after a delay that nobody announced')
  const { delay_days } = since.told
  return { ...words, leave: { announced_seq: since.seq, announced_at: since.recorded_at, delay_days } }
}

const NOTE: PaperFormat<NotedDecision> = {
  kind: 'disposition-note',
  maxBytes: 2 ** 12,
  members: {
    ...{ ledger: label, plan_sha256: hash, manifest_sha256: hash },
    ...{ decided_seq: count, decided_at: time, records: count, first_seq: count, leave: LEAVE },
  },
  contradiction: ({ first_seq, decided_seq }) =>
    first_seq < decided_seq ? undefined : 'a decision before what it destroys',
}

function decidedIn(text: string): NotedDecision {
  const decided = parsePaper(utf8(text), NOTE)
  if (isPaperFault(decided)) throw unreadable()
  return decided
}

function unreadable(): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: 'what the keyring knows of a disposition cannot be read',
    cure: 'open the ledger with the newest version that has written to it; else bring the keyring back from its own backup',
  })
}
