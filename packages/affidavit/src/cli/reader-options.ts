// Who reads: said on the command line, by the environment, or by the operating system.

import { userInfo } from 'node:os'
import { type Command, Option } from 'commander'

import type { Reader } from '../ledger/reader.ts'

export interface ReaderOptions {
  readonly as?: string
  readonly purpose?: string
}

export function addReaderOptions(command: Command): Command {
  return command
    .addOption(new Option('--as <person>', 'who reads; the user of this machine where left out').env('AFFIDAVIT_ACTOR'))
    .option('--purpose <text>', 'what the reading is for; stands in its record')
}

export function readerOf({ as, purpose }: ReaderOptions): Reader {
  return { actor_id: as ?? userInfo().username, ...(purpose === undefined ? {} : { purpose }) }
}
