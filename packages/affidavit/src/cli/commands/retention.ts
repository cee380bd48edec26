import type { Command } from 'commander'

import type { Surroundings } from '../surroundings.ts'
import { addRetentionDue } from './retention-due.ts'
import { addRetentionExplain } from './retention-explain.ts'
import { addRetentionPlan } from './retention-plan.ts'
import { addRetentionRun } from './retention-run.ts'

export function addRetention(program: Command, surroundings: Surroundings): void {
  const retention = program.command('retention').description('How long records are kept, and what becomes of them.')
  addRetentionPlan(retention, surroundings)
  addRetentionExplain(retention, surroundings)
  addRetentionDue(retention, surroundings)
  addRetentionRun(retention, surroundings)
}
