// What somebody does to the clinic, in the world and on paper; behind each, what stands in the rows is held against paper.

import assert from 'node:assert/strict'
import type { AsyncCommand } from 'fast-check'

import { LedgerError } from '../../src/errors/ledger-error.ts'
import { judgeStep } from './judge-step.ts'
import type { Paper } from './paper.ts'
import { cutPower } from './power.ts'
import { closeProcess, openProcess, reopen, type World } from './world.ts'

export type Command = AsyncCommand<Paper, World>

/** What a deed may do to rows. */
export type May = 'destroy' | 'take out' | 'bring back' | 'record'

export interface Deed {
  readonly name: string
  readonly may: May
  run(paper: Paper, world: World): Promise<void>
  /** Writes down what was decided before the power failed, and is finished by whoever comes along. */
  recall?(paper: Paper, world: World): Promise<void>
}

export function command({ name, may, run }: Deed): Command {
  return {
    check: () => true,
    async run(paper, world) {
      await run(paper, world)
      await judgeStep(paper, world, may)
    },
    toString: () => name,
  }
}

/** The power fails at some write; whoever comes along opens the ledger again. */
export function crashing(deed: Deed, writes: number, when: 'before' | 'after'): Command {
  const { may, run } = deed
  return command({
    name: `${deed.name}, and the power fails ${when} write ${writes}`,
    may,
    async run(paper, world) {
      const { power } = world.process
      cutPower(power, writes, when)
      await run(paper, world).catch((error: unknown) => {
        if (!power.isGone) throw error
      })
      await reopen(world, paper)
      await deed.recall?.(paper, world)
    },
  })
}

/** Between two writes of one process another one comes and is done first. */
export function meanwhile(deed: Deed, writes: number, other: Deed): Command {
  const { may, run } = deed
  return command({
    name: `${deed.name}, and before write ${writes} somebody else comes: ${other.name}`,
    may,
    async run(paper, world) {
      const { power } = world.process
      power.next = { writes, when: 'before', happen: () => comeBetween(paper, world, may, other) }
      await run(paper, world)
      world.disturbedAt = undefined
      await reopen(world, paper)
    },
  })
}

// What the first has done so far was right; then the other has the ledger open, too.
async function comeBetween(paper: Paper, world: World, may: May, other: Deed): Promise<void> {
  const first = { process: world.process, isJumped: paper.isJumped }
  paper.isJumped = false
  world.process = await openProcess(world, paper)
  await judgeStep(paper, world, may)
  world.disturbedAt = (await world.process.ledger.health()).size
  await other.run(paper, world)
  await judgeStep(paper, world, other.may)
  await closeProcess(world.process)
  world.process = first.process
  paper.isJumped = first.isJumped
}

export function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % Math.max(list.length, 1)]
}

/** The code by which something was refused; `undefined` where it was done. */
export async function refusal(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    assert.match(error.message, /\S/)
    return error.path ?? error.code
  }
}
