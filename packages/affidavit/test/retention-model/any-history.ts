// Histories as they may come. A failure prints the seed and the shortest one that shows it. AFFIDAVIT_SOAK=1 tells hundreds.

import { test } from 'node:test'
import fc from 'fast-check'

import type { Backend } from '../backend.ts'
import { anyCommand } from './any-command.ts'
import { CLASSES } from './paper-policies.ts'
import { record } from './recording.ts'
import { telling } from './tell.ts'

/** How many, and how long they may be. */
const SHORT = { quick: [4, 40], slow: [1, 25] } as const
const LONG = { quick: [400, 60], slow: [60, 60] } as const

/** Some of each kind, in conversations and about people. */
const FIRST = CLASSES.flatMap((of, i) => [
  record(of, { conversation: `c-${(i % 3) + 1}` }),
  record(of, i % 2 === 0 ? { person: 'Ada Okafor' } : { conversation: 'c-1' }),
])

export function testAnyHistory(promise: string, backend: Backend): void {
  const tell = telling(backend)
  const [numRuns, maxCommands] = (process.env.AFFIDAVIT_SOAK === '1' ? LONG : SHORT)[backend.pace]
  test(promise, async () => {
    const histories = fc.commands([...anyCommand], { maxCommands, size: 'max' })
    const property = fc.asyncProperty(fc.noBias(histories), async (history) => {
      await tell(FIRST, history)
    })
    await fc.assert(property, { numRuns, includeErrorInReport: true })
  })
}
