import type { Command } from 'commander'

import type { Surroundings } from '../surroundings.ts'
import { addRetentionDue } from './retention-due.ts'

export function addRetention(program: Command, surroundings: Surroundings): void {
  const retention = program.command('retention').description('How long records are kept, and what becomes of them.')
  addRetentionDue(retention, surroundings)
}
