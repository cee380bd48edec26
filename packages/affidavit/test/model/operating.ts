// Commands of those who operate a ledger: open and close it, publish, rotate keys, set clocks, restore backups.

import assert from 'node:assert/strict'

import { continueAfterRestore } from '../../src/embedded/init.ts'
import { type Command, command, current, type Model, only, onOpen, opened, slackOf, writtenSince } from './command.ts'
import { writeOwn } from './paper-appends.ts'
import { look, stepSaid, timeFor } from './paper-clock.ts'
import { type Paper, publish } from './paper-ledger.ts'
import { type Handle, openHandle, paperOf, type World } from './world.ts'

/** Opens another handle, of two at most. */
export function open(queueCapacity: number): Command {
  const run: Command['run'] = async (model, world) => {
    const handle = await openHandle(world, queueCapacity)
    world.handles.push(handle)
    model.open.push({ seen: { ...model.clock } })
    const { records, checkpoints } = current(model)
    const { size, published, room } = await handle.ledger.health()
    assert.deepEqual([size, published, room], [records.length, checkpoints.at(-1), queueCapacity])
  }
  return command(`open with room for ${queueCapacity}`, run, (model) => model.open.length < 2)
}

export function close(which: number): Command {
  return onOpen(`close ${which}`, async (model, world) => {
    const { ledger } = takeHandle(model, world, which)
    await ledger.close()
    publish(current(model))
    const late = ledger.append({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' })
    await assert.rejects(late, { code: 'ledger-closed' })
  })
}

/** The process dies: nothing more is published, and nothing that was recorded is lost. */
export function crash(which: number): Command {
  return onOpen(`crash ${which}`, (model, world) => takeHandle(model, world, which).crash())
}

function takeHandle({ open }: Model, { handles }: World, which: number): Handle {
  const at = which % open.length
  open.splice(at, 1)
  return only(handles.splice(at, 1))
}

/** Every open handle publishes at once. */
export function publishAll(): Command {
  return onOpen('publish', async (model, { handles }) => {
    const published = await Promise.all(handles.map(({ ledger }) => ledger.publish()))
    const paper = current(model)
    publish(paper)
    for (const { size } of published) assert.equal(size, paper.checkpoints.at(-1))
  })
}

export function rotateKey(through: number): Command {
  return onOpen('rotate the key', async (model, world) => {
    const before = performance.now()
    const { ledger, looked } = opened(model, world, through)
    const paper = current(model)
    const { verifierKey, checkpoint } = await ledger.rotateKey()
    const details = { old_key: paper.keys.at(-1), new_key: verifierKey, attempt: 0 }
    const said = { action: 'key_rotated', outcome: 'success', details }
    const timing = { at: timeFor(looked, model.clock), slackMillis: slackOf(world, before) }
    writeOwn(paper, said, model.clock, only(await writtenSince(world, paper)), timing)
    publish(paper)
    paper.keys.push(verifierKey)
    assert.equal(checkpoint.size, paper.checkpoints.at(-1))
    for (const handle of world.handles) assert.equal(await handle.ledger.verifierKey(), verifierKey)
  })
}

export function passTime(millis: number): Command {
  return command(`${millis} ms go by`, async ({ clock }, world) => {
    world.clock.pass(millis)
    clock.now += millis
    clock.elapsed += millis
  })
}

export function setClock(by: number): Command {
  return command(`the clock is set by ${by} ms`, async ({ clock }, world) => {
    clock.now += by
    world.clock.set(clock.now)
  })
}

export function confirmClock(through: number): Command {
  return onOpen('confirm the clock', async (model, world) => {
    const before = performance.now()
    const { ledger, looked } = opened(model, world, through)
    const paper = current(model)
    await ledger.confirmClock({ actor_id: 'admin-1', reason: 'it was wrong' })
    const written = await writtenSince(world, paper)
    const at = timeFor(looked, model.clock)
    const reading = look(looked, model.clock)
    looked.seen = { ...model.clock }
    if (reading.kind === 'steady') {
      assert.deepEqual(written, [])
      return
    }
    const said = { ...stepSaid(reading), actor_id: 'admin-1', actor_type: 'admin', outcome_reason: 'it was wrong' }
    writeOwn(paper, said, model.clock, only(written), { at, slackMillis: slackOf(world, before) })
  })
}

export function backUp(): Command {
  return command('back up', async (model, world) => {
    await closeAll(model, world)
    const { backend, folder, backup, keyring } = world
    await keyring.close()
    if (model.backup !== undefined) await backend.remove(backup)
    await backend.copy(folder, backup)
    model.backup = structuredClone(model.papers)
  })
}

/** The backup comes back. Where it has lost what was published, that is noticed, and a new incarnation goes on from it. */
export function restore(): Command {
  const run: Command['run'] = async (model, world) => {
    await closeAll(model, world)
    const lost = current(model)
    await world.backend.bringBackRecords(world.folder, world.backup)
    model.papers = structuredClone(model.backup ?? [])
    const restored = current(model)
    const refusal = refusalOf(lost, restored)
    if (refusal === undefined) return await openAgain(lost, restored, model, world)
    await assert.rejects(openHandle(world, 1), { code: refusal })
    model.papers = [...model.papers, await continueFrom(restored, world)]
  }
  return command('restore', run, ({ backup }) => backup !== undefined)
}

function refusalOf(lost: Paper, restored: Paper): string | undefined {
  if (lost.origin !== restored.origin) return 'wrong-key'
  return (lost.checkpoints.at(-1) ?? 0) > restored.records.length ? 'rolled-back' : undefined
}

/** Of a copy that has every entry, opening finds the checkpoints again that were published since. */
async function openAgain(lost: Paper, restored: Paper, model: Model, world: World): Promise<void> {
  restored.checkpoints.splice(0, Number.POSITIVE_INFINITY, ...lost.checkpoints)
  await open(1).run(model, world)
  await closeAll(model, world)
}

async function continueFrom(restored: Paper, world: World): Promise<Paper> {
  const paper = await paperOf(world, await continueAfterRestore(world.folder))
  const { start, previous_ledger, previous_checkpoint } = Object(only(paper.records).fields.details)
  assert.deepEqual([start, previous_ledger], ['after-restore', restored.origin])
  assert.ok(String(previous_checkpoint).startsWith(`${restored.origin}\n${restored.checkpoints.at(-1)}\n`))
  return paper
}

async function closeAll(model: Model, world: World): Promise<void> {
  while (model.open.length > 0) await close(0).run(model, world)
}
