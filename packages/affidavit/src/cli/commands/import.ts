import { type Command, Option } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import { importOpenAiChat } from '../../imports/import-file.ts'
import type { ImportReport } from '../../imports/tally.ts'
import { EXIT } from '../exit-codes.ts'
import { openOnServer } from '../on-server/open.ts'
import {
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  placeIn,
  registryOption,
} from '../options.ts'
import { count, counted, jsonDocument, printable, type Terminal } from '../output.ts'
import { readRegistry } from '../read-registry.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly registry?: string
  readonly json?: boolean
}

export function addImport(program: Command, { terminal, env, exit }: Surroundings): void {
  program
    .command('import')
    .description('Record conversations from a file. Importing it again adds nothing.')
    .argument('<file>', 'JSON lines, one conversation a line; also .gz')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .addOption(new Option('--format <name>', 'what the file holds').choices(['openai-chat']).makeOptionMandatory())
    .addOption(registryOption())
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const registry = options.registry === undefined ? undefined : readRegistry('--registry', options.registry)
      await using ledger =
        (await openOnServer(options, env)) ??
        (await openFolder(placeIn(options), registry === undefined ? {} : { registry }))
      const report = await importOpenAiChat({
        ledger,
        file,
        registry,
        onProgress: ({ conversations, bytes_read, bytes_total }) =>
          terminal.progress(
            `  ${counted(conversations, 'conversation')}, ${Math.floor((100 * bytes_read) / Math.max(1, bytes_total))} %`,
          ),
      })
      terminal.endProgress()
      if (options.json === true) terminal.out(jsonDocument(report))
      else print(report, terminal)
      if (report.refused.length > 0 || report.records.conflicts > 0) exit(EXIT.refusedInput)
    })
}

function print(
  { conversations, records, content, unclassified_tools, refused }: ImportReport,
  terminal: Terminal,
): void {
  const { recorded, duplicate, conflicts } = records
  terminal.out(
    `${counted(conversations, 'conversation')}: ${counted(recorded, 'record')} added, ${count(duplicate)} there already, ${counted(conflicts, 'conflict')}\n`,
  )
  terminal.out(
    `sealed content: ${content.bodies === 1 ? '1 body' : `${count(content.bodies)} bodies`}, ${counted(content.bytes, 'byte')}\n`,
  )
  for (const [name, calls] of Object.entries(unclassified_tools))
    terminal.out(
      `not registered, and so restricted: tool ${printable(JSON.stringify(name))}, ${counted(calls, 'call')}\n`,
    )
  for (const { line, path, problem } of refused)
    terminal.err(`line ${line} refused: ${printable(path === '' ? problem : `${path}: ${problem}`)}\n`)
}
