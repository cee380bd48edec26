// A command is done to the clinic in the world and to the one on paper; behind each, what stands in the rows is held against paper.

import assert from 'node:assert/strict'
import type { AsyncCommand } from 'fast-check'

import { LedgerError } from '../../src/errors/ledger-error.ts'
import { judgeStep } from './judge-step.ts'
import type { Paper } from './paper.ts'
import { reopen, type World } from './world.ts'

export type Command = AsyncCommand<Paper, World>

/** What a command may do to rows. */
export type May = 'destroy' | 'take out' | 'bring back' | 'record'

type Run = (paper: Paper, world: World) => Promise<void>

export function command(name: string, may: May, run: Run): Command {
  return {
    check: () => true,
    async run(paper, world) {
      await run(paper, world)
      await judgeStep(paper, world, may)
    },
    toString: () => name,
  }
}

/** The same, while the power fails at some write; whoever comes along opens the ledger again. */
export function crashing(name: string, may: May, writes: number, when: 'before' | 'after', run: Run): Command {
  return command(`${name}, and the power fails ${when} write ${writes}`, may, async (paper, world) => {
    Object.assign(world.power, { writes, when })
    await run(paper, world).catch((error: unknown) => {
      if (world.power.writes >= 0) throw error
    })
    await reopen(world, paper)
  })
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
