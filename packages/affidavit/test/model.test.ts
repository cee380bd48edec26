// A ledger and the same ledger on paper (model/paper-ledger.ts): whatever is done to both, they say the same, the verifier
// finds nothing and the oracle neither. A failure prints the seed and the shortest sequence of commands that shows it.
// AFFIDAVIT_SOAK=1 runs twenty times as many.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'

import { initLedger } from '../src/embedded/init.ts'
import { openReader } from '../src/embedded/read.ts'
import { anyCommand, disasters, lots } from './model/any-command.ts'
import { type Command, current, type Model } from './model/command.ts'
import { backUp, close, open } from './model/operating.ts'
import { judgeFolder } from './model/verdicts.ts'
import { createWorld, endWorld, type Place, paperOf, recordsOf, type World } from './model/world.ts'

const SOAK = process.env.AFFIDAVIT_SOAK === '1' ? 20 : 1
/** Finding the shortest sequence ends here too. */
const LIMIT_MILLIS = SOAK * 60_000

const root = mkdtempSync(join(tmpdir(), 'affidavit-model-'))
after(() => rmSync(root, { recursive: true, force: true }))

const template = join(root, 'template')
const made = await initLedger(template, { origin: 'model.example/agents' })

async function begin(place: Place): Promise<{ model: Model; real: World }> {
  const real = createWorld(template, Date.now(), place)
  const papers = [await paperOf(real, made)]
  const model = { papers, clock: { now: real.clock.now(), elapsed: 0 }, open: [], named: [], backup: undefined }
  return { model, real }
}

/** Closed, verified, opened once more: it is still what paper says. */
async function judgeTheEnd(model: Model, world: World): Promise<void> {
  while (model.open.length > 0) await close(0).run(model, world)
  await judgeFolder(world, model.papers)
  await open(1).run(model, world)
  const expected = current(model).records.map(({ fields }) => fields)
  for (const { ledger } of world.handles) assert.deepEqual(await recordsOf(world, ledger.search()), expected)
  await close(0).run(model, world)
  await judgeFolder(world, model.papers)
  if (world.place === 'this thread') return
  await using reader = await openReader(world.folder)
  assert.deepEqual(await recordsOf(world, reader.search({})), expected)
}

interface Extent {
  readonly first: readonly Command[]
  readonly longest: number
  readonly runs: number
}

function holdAgainstPaper(
  place: Place,
  commands: readonly fc.Arbitrary<Command>[],
  { first, longest, runs }: Extent,
): Promise<void> {
  const sequences = fc.noBias(fc.commands([...commands], { maxCommands: longest, size: 'max' }))
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const { model, real } = await begin(place)
    try {
      for (const { run } of first) await run(model, real)
      await fc.asyncModelRun(async () => ({ model, real }), sequence)
      await judgeTheEnd(model, real)
    } finally {
      await endWorld(real)
    }
  })
  return fc.assert(property, {
    numRuns: SOAK * runs,
    interruptAfterTimeLimit: LIMIT_MILLIS,
    markInterruptAsFailure: true,
  })
}

test('whatever is done, in whatever order, the ledger is what paper says', { timeout: 2 * LIMIT_MILLIS }, () =>
  holdAgainstPaper('this thread', anyCommand, { first: [open(10_000)], longest: 60, runs: 70 }),
)

test('so it is with threads and with many drafts', { timeout: 2 * LIMIT_MILLIS }, () =>
  holdAgainstPaper('own threads', [...anyCommand, lots], { first: [open(10_000)], longest: 30, runs: 5 }),
)

test('so it is when backups come back', { timeout: 2 * LIMIT_MILLIS }, () =>
  holdAgainstPaper('this thread', disasters, { first: [backUp(), open(10_000)], longest: 20, runs: 12 }),
)
