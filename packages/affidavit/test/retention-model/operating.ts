// Commands of those who operate the clinic: its archive, its clock, its policies, and what ends its processes.

import assert from 'node:assert/strict'

import { extendLocks } from '../../src/archive/extend-locks.ts'
import { removeArchived } from '../../src/archive/remove.ts'
import { restoreRecords } from '../../src/archive/restore.ts'
import { all } from '../archived-clinic.ts'
import { type Command, command, crashing, refusal } from './command.ts'
import type { Paper } from './paper.ts'
import { DAY, type PaperSet } from './paper-policies.ts'
import { archiveAll, archivingOf, reopen, setOf, type World } from './world.ts'

const BY = { actor_id: 'dr.lee' }

/** Archives what is published, extends locks, and takes out of the database what may leave. */
async function runRetention(paper: Paper, world: World): Promise<void> {
  await archiveAll(world, paper)
  const set = setOf(paper.set)
  await extendLocks(await archivingOf(world, paper), set)
  const options = { set, by: BY, mode: 'run', publish: () => world.ledger.publish() } as const
  for (const one of await all(removeArchived(await archivingOf(world, paper), options)))
    assert.equal(one.state, 'removed', JSON.stringify(one))
}

async function bringBack(_: Paper, { ledger }: World, conversation?: string): Promise<void> {
  const filter = conversation === undefined ? {} : { conversation_id: conversation }
  await all(restoreRecords(ledger.archival, filter, BY))
}

export function retentionRun(): Command {
  return command('retention run', 'take out', runRetention)
}

export function restore(conversation?: string): Command {
  return command(`restore ${conversation ?? 'everything'}`, 'bring back', (paper, world) =>
    bringBack(paper, world, conversation),
  )
}

export function crashedRun(writes: number, when: 'before' | 'after'): Command {
  return crashing('retention run', 'take out', writes, when, runRetention)
}

export function crashedRestore(writes: number, when: 'before' | 'after'): Command {
  return crashing('restore', 'bring back', writes, when, bringBack)
}

export function passTime(days: number): Command {
  return command(`${days} days go by`, 'record', async (paper, { clock }) => {
    clock.pass(days * DAY)
    paper.truth += days * DAY
    paper.clock += days * DAY
  })
}

/** Somebody sets the clock so much ahead of the time, or behind it; where it jumped, it is confirmed, or not. */
export function setClock(ahead: number, then: 'confirmed' | 'not confirmed'): Command {
  return command(`the clock is ${ahead} ms ahead, ${then}`, 'record', async (paper, world) => {
    paper.clock = paper.truth + ahead
    world.clock.set(paper.clock)
    const noted = { action: 'tool_invoked', actor_id: 'clinic-agent', actor_type: 'agent' } as const
    const why = await refusal(world.ledger.append(noted))
    assert.ok(why === undefined || why === 'clock-jump', why)
    paper.isJumped = why !== undefined
    if (!paper.isJumped || then === 'not confirmed') return
    await world.ledger.confirmClock({ actor_id: 'dr.lee', reason: 'it was wrong' })
    paper.isJumped = false
  })
}

export function setPolicies(set: PaperSet): Command {
  return command(`policies: ${set.revision}`, 'record', async (paper, world) => {
    paper.set = set
    await reopen(world, paper)
  })
}

export function openAgain(): Command {
  return command('open again', 'record', (paper, world) => reopen(world, paper))
}
