import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'

import { openReader } from '../../embedded/read.ts'
import { recordCells } from '../describe.ts'
import { jsonOption, ledgerOption, wholeNumber } from '../options.ts'
import { jsonLine, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly lines: number
  readonly follow?: boolean
  readonly json?: boolean
}

/** How often a followed ledger is looked at. */
const EVERY_MILLIS = 300

export function addTail(program: Command, { terminal }: Surroundings): void {
  program
    .command('tail')
    .description('Show the newest records, and with --follow each new one.')
    .addOption(ledgerOption())
    .option('-n, --lines <n>', 'records to begin with', wholeNumber(0), 10)
    .option('-f, --follow', 'go on until interrupted')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using reader = await openReader(options.ledger)
      const interrupted = new AbortController()
      const onInterrupt = (): void => interrupted.abort()
      process.once('SIGINT', onInterrupt)
      let next = Math.max(0, (await reader.size()) - options.lines)
      for (;;) {
        for await (const record of reader.search({ from_seq: next })) {
          terminal.out(options.json === true ? jsonLine(record) : table([recordCells(record)], terminal.width))
          next = record.seq + 1
        }
        if (options.follow !== true || interrupted.signal.aborted) break
        await pauseUnless(interrupted.signal)
      }
      process.off('SIGINT', onInterrupt)
    })
}

async function pauseUnless(signal: AbortSignal): Promise<void> {
  try {
    await delay(EVERY_MILLIS, undefined, { signal })
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  }
}
