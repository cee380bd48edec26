// A ledger and the same ledger on paper (paper-ledger.ts): whatever is done to both, they say the same, the verifier finds nothing and
// the oracle neither. A failure prints the seed and the shortest sequence of commands that shows it. AFFIDAVIT_SOAK=1 runs twenty times
// as many.

import assert from 'node:assert/strict'
import fc from 'fast-check'

import { openReader } from '../../src/embedded/read.ts'
import type { Made } from '../../src/embedded/start.ts'
import type { Backend } from '../backend.ts'
import { type Command, current, type Model } from './command.ts'
import { close, open } from './operating.ts'
import { judgeFolder } from './verdicts.ts'
import { createWorld, endWorld, type Place, paperOf, recordsOf, type World } from './world.ts'

const SOAK: number = process.env.AFFIDAVIT_SOAK === '1' ? 20 : 1
/** Finding the shortest sequence ends here too. */
export const LIMIT_MILLIS: number = SOAK * 60_000

/** Ledgers that are held against paper, each a copy of one. */
export interface Begun {
  readonly backend: Backend
  readonly template: string
  readonly made: Made
}

async function begin({ backend, template, made }: Begun, place: Place): Promise<{ model: Model; real: World }> {
  const real = await createWorld(backend, template, Date.now(), place)
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

export function holdAgainstPaper(
  begun: Begun,
  place: Place,
  commands: readonly fc.Arbitrary<Command>[],
  { first, longest, runs }: Extent,
): Promise<void> {
  const sequences = fc.noBias(fc.commands([...commands], { maxCommands: longest, size: 'max' }))
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const { model, real } = await begin(begun, place)
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
