// Tells a history twice, in the world and on paper, and holds one against the other behind each step and in the end.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import fc from 'fast-check'

import { files } from '../backend.ts'
import type { Command } from './command.ts'
import { judgeEnd } from './judge-end.ts'
import { blankPaper, type Paper } from './paper.ts'
import { createWorld } from './world.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-retention-model-'))
after(() => rmSync(root, { recursive: true, force: true }))

const template = join(root, 'template')
const made = await files.init(template, 'clinic.example/agents')
/** A ledger is made by the clock of the system. */
const BEGINNING = Date.now() + 60_000
let told = 0

/** Answers what stands on paper in the end. */
export async function tell(first: Iterable<Command>, then: Iterable<Command> = []): Promise<Paper> {
  const folder = join(root, String(told++))
  await files.copy(template, folder)
  const paper = blankPaper(BEGINNING)
  const world = await createWorld({ folder, verifierKey: made.verifierKey }, paper)
  try {
    for (const { run } of first) await run(paper, world)
    await fc.asyncModelRun(() => ({ model: paper, real: world }), then)
    await judgeEnd(paper, world)
    return paper
  } finally {
    await world.ledger.close().catch(() => undefined)
    await files.remove(folder)
  }
}
