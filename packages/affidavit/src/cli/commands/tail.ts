import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'

import type { AuditRecord } from '../../formats/fields.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Reading } from '../../ledger/reading.ts'
import { EVERY_MILLIS, isTailed, newPages, PAGE, recordPage } from '../../query/tail.ts'
import { recordCells } from '../describe.ts'
import { openOnServer, readerOn } from '../on-server/open.ts'
import { tailOnServer } from '../on-server/tail.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  placeIn,
  type ReaderOptions,
  readerOf,
  wholeNumber,
} from '../options.ts'
import { jsonLine, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly lines: number
  readonly follow?: boolean
  readonly json?: boolean
}

export function addTail(program: Command, { terminal, env }: Surroundings): void {
  const tail = program
    .command('tail')
    .description('Show the newest records, and with --follow each new one. Leaves out what is on record about viewing.')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .option('-n, --lines <n>', 'records to begin with', wholeNumber(0), 10)
    .option('-f, --follow', 'go on until interrupted')
  addReaderOptions(tail)
    .addHelpText('after', '\nEach page that is shown is recorded; search --action records_viewed shows these records.')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const print = (record: AuditRecord): void =>
        terminal.out(options.json === true ? jsonLine(record) : table([recordCells(record)], terminal.width))
      const remote = await openOnServer(options, env)
      if (remote !== undefined) {
        await using server = remote
        await tailOnServer(server, readerOn(server, options, env), options, print)
        return
      }
      await using ledger = await openToRead(placeIn(options))
      const reading = ledger.as(readerOf(options, env))
      const interrupted = new AbortController()
      const onInterrupt = (): void => interrupted.abort()
      process.once('SIGINT', onInterrupt)
      let seen = await sizeOf(ledger)
      for (const page of pagesOf(await newestOf(ledger, seen, options.lines))) await show(page, seen, reading, print)
      while (options.follow === true && !interrupted.signal.aborted) {
        await pauseUnless(interrupted.signal)
        const size = await sizeOf(ledger)
        if (size === seen) continue
        for await (const page of newPages(ledger, { from_seq: seen, until_seq: size }))
          await show(page, size, reading, print)
        seen = size
      }
      process.off('SIGINT', onInterrupt)
    })
}

async function sizeOf(ledger: Ledger): Promise<number> {
  return (await ledger.health()).size
}

async function newestOf(ledger: Ledger, until_seq: number, lines: number): Promise<readonly AuditRecord[]> {
  const newest: AuditRecord[] = []
  if (lines === 0) return newest
  for await (const record of ledger.search({ until_seq }, { order: 'descending' })) {
    if (isTailed(record)) newest.push(record)
    if (newest.length === lines) break
  }
  return newest.reverse()
}

// A first page that is empty is on record too: somebody looked.
function pagesOf(records: readonly AuditRecord[]): readonly (readonly AuditRecord[])[] {
  const pages = Math.max(1, Math.ceil(records.length / PAGE))
  return Array.from({ length: pages }, (_, i) => records.slice(i * PAGE, (i + 1) * PAGE))
}

async function show(
  page: readonly AuditRecord[],
  size: number,
  reading: Reading,
  print: (record: AuditRecord) => void,
): Promise<void> {
  await recordPage(reading, page, size)
  page.forEach(print)
}

async function pauseUnless(signal: AbortSignal): Promise<void> {
  try {
    await delay(EVERY_MILLIS, undefined, { signal })
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  }
}
