import type { Command } from 'commander'
import { openToAsk } from '../open-to-ask.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  type ReaderOptions,
} from '../options.ts'
import { jsonDocument, printable } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly reason: string
  readonly json?: boolean
}

export function addResolve(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    program
      .command('resolve')
      .description('Whom a token stands for. Needs a role that may; it is recorded, with the reason.')
      .argument('<token>', 'tok_ and 32 hex digits, as records have it')
      .addOption(ledgerAnywhereOption())
      .addOption(keysOption()),
  )
    .requiredOption('--reason <text>', 'why; stands in the record of this reading')
    .addOption(jsonOption())
    .action(async (token: string, options: Options) => {
      await using asking = await openToAsk(options, env)
      const personal_id = await asking.reading.resolve(token, { reason: options.reason })
      terminal.out(options.json === true ? jsonDocument({ token, personal_id }) : `${printable(personal_id)}\n`)
    })
}
