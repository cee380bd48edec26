// Tells a history twice, in the world and on paper, and holds one against the other behind each step and in the end.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import fc from 'fast-check'

import type { Backend } from '../backend.ts'
import { type Command, command, type Deed } from './command.ts'
import { judgeEnd } from './judge-end.ts'
import { blankPaper, type Paper } from './paper.ts'
import { createWorld, type Made } from './world.ts'

/** Answers what stands on paper in the end. */
export type Tell = (first: Iterable<Deed | Command>, then?: Iterable<Command>) => Promise<Paper>

/** For the tests of a group, whose ledgers lie there. */
export function telling(backend: Backend): Tell {
  const root = mkdtempSync(join(tmpdir(), 'affidavit-retention-model-'))
  const template = join(root, 'template')
  let made: Omit<Made, 'folder'> | undefined
  /** A ledger is made by the clock of the system. */
  const beginning = Date.now() + 60_000
  let told = 0
  before(async () => {
    made = { backend, ...(await backend.init(template, 'clinic.example/agents')) }
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  return async (first, then = []) => {
    if (made === undefined) throw new Error('the tests have not begun')
    const folder = join(root, String(told++))
    await backend.copy(template, folder)
    const paper = blankPaper(beginning)
    const world = await createWorld({ ...made, folder }, paper)
    try {
      for (const one of first) await ('may' in one ? command(one) : one).run(paper, world)
      await fc.asyncModelRun(() => ({ model: paper, real: world }), then)
      await judgeEnd(paper, world)
      return paper
    } finally {
      await world.process.ledger.close().catch(() => undefined)
      for (const one of [folder, world.backup?.folder]) if (one !== undefined) await backend.remove(one)
    }
  }
}
