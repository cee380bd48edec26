import type { Command } from 'commander'

import { appendLines, type LineOutcome } from '../../imports/append-lines.ts'
import { splitLines } from '../../imports/read-lines.ts'
import { EXIT } from '../exit-codes.ts'
import { openToAppend } from '../open-to-append.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerAnywhereOption, registryOption } from '../options.ts'
import { count, jsonLine } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly actions?: string
  readonly registry?: string
  readonly json?: boolean
}

export function addAppend(program: Command, { terminal, stdin, env, exit }: Surroundings): void {
  program
    .command('append')
    .description(
      'Record drafts: JSON lines on standard input, one acknowledgement or refusal per line on standard output.',
    )
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .option('--actions <file>', 'your own actions: {"clinic.referral_sent": {"description": "…"}}')
    .addOption(registryOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using ledger = await openToAppend(options, env)
      let [recorded, duplicates, refused] = [0, 0, 0]
      for await (const answer of appendLines(splitLines(bytesOf(stdin)), ledger.append)) {
        // What keeps the ledger from recording is no answer to a line: it ends the command.
        if ('failed' in answer) throw answer.failed
        if ('refused' in answer) refused++
        else if (answer.appended.state === 'duplicate') duplicates++
        else recorded++
        terminal.out(jsonLine(shape(answer)))
        terminal.progress(`  ${count(recorded)} recorded`)
      }
      terminal.endProgress()
      if (options.json !== true) {
        terminal.err(
          `${count(recorded)} recorded, ${count(duplicates)} were there already, ${count(refused)} refused\n`,
        )
      }
      if (refused > 0) exit(EXIT.refusedInput)
    })
}

function shape(outcome: Exclude<LineOutcome, { failed: unknown }>): object {
  if ('appended' in outcome) {
    const { id, seq, integrity_hash, state } = outcome.appended
    return { line: outcome.line, id, seq, integrity_hash, state }
  }
  const { code, problem, cure, path } = outcome.refused
  return { line: outcome.line, refused: { code, problem, path, cure } }
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
