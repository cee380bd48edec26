import { type Command, Option } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import { importOpenAiChat } from '../../imports/import-file.ts'
import { readToolsFile } from '../../imports/tools-mapping.ts'
import { EXIT } from '../exit-codes.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { count, counted, jsonDocument, printable } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly tools?: string
  readonly json?: boolean
}

export function addImport(program: Command, { terminal, exit }: Surroundings): void {
  program
    .command('import')
    .description('Record conversations from a file. Importing it again adds nothing.')
    .argument('<file>', 'JSON lines, one conversation a line; also .gz')
    .addOption(ledgerOption())
    .addOption(new Option('--format <name>', 'what the file holds').choices(['openai-chat']).makeOptionMandatory())
    .option('--tools <file>', 'which tools touch which data')
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const tools = options.tools === undefined ? undefined : await readToolsFile(options.tools)
      await using ledger = await openFolder(options.ledger)
      const report = await importOpenAiChat({
        ledger,
        file,
        tools,
        onProgress: ({ conversations, bytes_read, bytes_total }) =>
          terminal.progress(
            `  ${counted(conversations, 'conversation')}, ${Math.floor((100 * bytes_read) / Math.max(1, bytes_total))} %`,
          ),
      })
      terminal.endProgress()
      if (options.json === true) terminal.out(jsonDocument(report))
      else {
        const { recorded, duplicate, conflicts } = report.records
        terminal.out(
          `${counted(report.conversations, 'conversation')}: ${counted(recorded, 'record')} added, ${count(duplicate)} there already, ${counted(conflicts, 'conflict')}\n`,
        )
        for (const { line, path, problem } of report.refused) {
          terminal.err(`line ${line} refused: ${printable(path === '' ? problem : `${path}: ${problem}`)}\n`)
        }
      }
      if (report.refused.length > 0 || report.records.conflicts > 0) exit(EXIT.refusedInput)
    })
}
