// Deeds of those who operate the clinic: its archive, its clock, its policies, its backups.

import assert from 'node:assert/strict'

import { extendLocks } from '../../src/archive/extend-locks.ts'
import { removeArchived } from '../../src/archive/remove.ts'
import { restoreRecords } from '../../src/archive/restore.ts'
import { all } from '../archived-clinic.ts'
import { type Deed, refusal } from './command.ts'
import { isInOrder } from './destroying.ts'
import type { Paper } from './paper.ts'
import { DAY, type PaperSet } from './paper-policies.ts'
import { archiveAll, archivingOf, closeProcess, openProcess, reopen, setOf, type World } from './world.ts'

const BY = { actor_id: 'dr.lee' }

/** Archives what is published, extends locks, and takes out of the database what may leave. */
export function retentionRun(): Deed {
  return {
    name: 'retention run',
    may: 'take out',
    async run(paper, world) {
      const why = await refusal(runRetention(paper, world))
      if (world.disturbedAt === undefined) assert.equal(why, undefined)
    },
  }
}

async function runRetention(paper: Paper, world: World): Promise<void> {
  const { process } = world
  const set = setOf(paper.set)
  await archiveAll(world, paper)
  await extendLocks(await archivingOf(world, paper), set)
  const options = { set, by: BY, mode: 'run', publish: () => process.ledger.publish() } as const
  // By a clock that is behind, a lock may be wanted that ends before the store’s own time: no store keeps one.
  const isTimely = isInOrder(paper) && paper.clock === paper.truth
  for (const one of await all(removeArchived(await archivingOf(world, paper), options)))
    assert.ok(one.state === 'removed' || world.disturbedAt !== undefined || !isTimely, JSON.stringify(one))
}

export function restore(conversation?: string): Deed {
  return {
    name: `restore ${conversation ?? 'everything'}`,
    may: 'bring back',
    async run(_, world) {
      const filter = conversation === undefined ? {} : { conversation_id: conversation }
      const why = await refusal(all(restoreRecords(world.process.ledger.archival, filter, BY)))
      if (world.disturbedAt === undefined) assert.equal(why, undefined)
    },
  }
}

function operate(name: string, run: Deed['run']): Deed {
  return { name, may: 'record', run }
}

export function passTime(days: number): Deed {
  return operate(`${days} days go by`, async (paper, { clock, time }) => {
    for (const one of [clock, time]) one.pass(days * DAY)
    paper.truth += days * DAY
    paper.clock += days * DAY
  })
}

/** Somebody sets the clock so much ahead of the time, or behind it; where it jumped, it is confirmed, or not. */
export function setClock(ahead: number, then: 'confirmed' | 'not confirmed'): Deed {
  return operate(`the clock is ${ahead} ms ahead, ${then}`, async (paper, { clock, process: { ledger } }) => {
    paper.clock = paper.truth + ahead
    clock.set(paper.clock)
    const noted = { action: 'tool_invoked', actor_id: 'clinic-agent', actor_type: 'agent' } as const
    const why = await refusal(ledger.append(noted))
    assert.ok(why === undefined || why === 'clock-jump', why)
    paper.isJumped = why !== undefined
    if (!paper.isJumped || then === 'not confirmed') return
    await ledger.confirmClock({ actor_id: 'dr.lee', reason: 'it was wrong' })
    paper.isJumped = false
  })
}

export function setPolicies(set: PaperSet): Deed {
  return operate(`policies: ${set.revision}`, async (paper, world) => {
    paper.set = set
    await reopen(world, paper)
  })
}

export function openAgain(): Deed {
  return operate('open again', (paper, world) => reopen(world, paper))
}

/** Of the database alone. */
export function backUp(): Deed {
  return operate('back up', async (paper, world) => {
    const { backend, folder, backup } = world
    await closeProcess(world.process)
    if (backup !== undefined) await backend.remove(backup.folder)
    const copy = `${folder}-backup-${world.written.size}`
    await backend.copy(folder, copy)
    paper.isJumped = false
    world.process = await openProcess(world, paper)
    world.backup = { folder: copy, size: (await world.process.ledger.health()).size }
  })
}

/** Where more was published since, nobody opens it: what it lacks may be what was destroyed. Then what was lost is found. */
export function bringBack(): Deed {
  return operate('a backup is brought back', async (paper, world) => {
    const { backend, folder, backup } = world
    const { size } = await world.process.ledger.health()
    if (backup === undefined || size === backup.size) return
    await closeProcess(world.process)
    const found = `${folder}-found`
    await backend.copy(folder, found)
    await backend.bringBackRecords(folder, backup.folder)
    const opening = openProcess(world, paper)
    assert.equal(await refusal(opening), 'rolled-back')
    await backend.bringBackRecords(folder, found)
    await backend.remove(found)
    await reopen(world, paper)
  })
}
