// Commands that append.

import { LedgerError } from '../../src/errors/ledger-error.ts'
import type { Draft } from '../../src/formats/fields.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { type Command, command, current, type Model, onOpen, opened, pick, slackOf, writtenSince } from './command.ts'
import { type Handed, judgeAppends, type Outcome } from './paper-appends.ts'
import { iso } from './paper-clock.ts'
import { learnKeys } from './paper-keys.ts'
import type { Fields } from './paper-ledger.ts'

/** What a caller hands in next. */
export type Choice =
  | { readonly kind: 'new'; readonly draft: Draft; readonly happened?: number | undefined }
  /** A draft that was handed in before: as it was; with another word in it; under the id that it was given. */
  | { readonly kind: 'again' | 'changed' | 'by its id'; readonly which: number }
  | { readonly kind: 'bad'; readonly draft: unknown; readonly refusal: string }

/** Drafts in order, through one of the open handles. */
export interface Caller {
  readonly through: number
  readonly choices: readonly Choice[]
}

type Way = 'one by one' | 'many'

const SIMPLE: Fields = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' }

/** Callers at once: each awaits every append, or hands all in by one call. */
export function append(callers: readonly Caller[], way: Way): Command {
  return onOpen(`append ${way} ${JSON.stringify(callers)}`, async (model, world) => {
    const before = performance.now()
    const paper = current(model)
    const calls = await Promise.all(
      callers.map(async ({ through, choices }) => {
        const { ledger, looked } = opened(model, world, through)
        const handed = choices.map((choice) => resolve(choice, model))
        return { through: looked, handed, outcomes: await handIn(ledger, handed, way) }
      }),
    )
    const drafts = calls.flatMap(({ handed }) => handed.flatMap((one) => ('refusal' in one ? [] : [one.draft])))
    const now = iso(model.clock.now)
    await learnKeys(
      paper.scopeKeys,
      await world.keyring.get(),
      drafts.map((draft) => ({ timestamp: now, ...draft })),
    )
    judgeAppends(paper, model.clock, calls, await writtenSince(world, paper), slackOf(world, before))
  })
}

/** So many that they take several batches to commit and several pages to read. */
export function appendLots(through: number, count: number): Command {
  const choices = Array.from({ length: count }, (_, i): Choice => {
    const draft: Draft = { action: 'tool_invoked', actor_id: `agent-${i % 3}`, actor_type: 'agent' }
    return { kind: 'new', draft: { ...draft, conversation_id: `c${i % 2}` } }
  })
  const { run } = append([{ through, choices }], 'many')
  return command(
    `append ${count} drafts`,
    run,
    (model) => model.open.length > 0 && current(model).records.length < count,
  )
}

function resolve(choice: Choice, { papers, clock, named }: Model): Handed {
  if (choice.kind === 'bad') return { draft: choice.draft, refusal: choice.refusal }
  if (choice.kind === 'new') {
    const { draft, happened } = choice
    const handed = plain(happened === undefined ? draft : { ...draft, timestamp: iso(clock.now + happened) })
    if (handed.id !== undefined) named.push(handed)
    return { draft: handed }
  }
  if (choice.kind === 'by its id') {
    const [record] = pick(papers.at(-1)?.records ?? [], choice.which)
    return { draft: record?.draft === undefined ? SIMPLE : { ...record.draft, id: record.fields.id } }
  }
  const [draft = SIMPLE] = pick(named, choice.which)
  return { draft: choice.kind === 'again' ? draft : { ...draft, outcome_reason: 'tried again, in other words' } }
}

/** As JSON has it: the one way to say it. */
function plain(draft: object): Fields {
  return JSON.parse(JSON.stringify(draft))
}

async function handIn(ledger: Ledger, handed: readonly Handed[], way: Way): Promise<readonly Outcome[]> {
  // What is no draft is handed in too, as callers without types do.
  const drafts = handed.map(({ draft }) => draft as Draft)
  if (way === 'many') return ledger.appendMany(drafts)
  const outcomes: Outcome[] = []
  for (const draft of drafts) outcomes.push(await ledger.append(draft).catch(refusedOr))
  return outcomes
}

function refusedOr(error: unknown): Outcome {
  if (error instanceof LedgerError) return { state: 'refused', error }
  throw error
}
