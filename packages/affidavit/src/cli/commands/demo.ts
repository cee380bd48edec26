import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'

import { runDemo } from '../demo/story.ts'
import { EXIT } from '../exit-codes.ts'
import type { Surroundings } from '../surroundings.ts'

const SAMPLE = new URL('../../../demo/clinic-conversations.jsonl', import.meta.url)
const SAMPLE_TOOLS = new URL('../../../demo/clinic-tools.json', import.meta.url)

interface Options {
  readonly file?: string
  readonly tools?: string
  readonly keep?: string
}

export function addDemo(program: Command, { terminal, exit }: Surroundings): void {
  program
    .command('demo')
    .description('Record a sample, answer an auditor’s questions, verify, export, and attack a copy.')
    .option('--file <path>', 'your own conversations in OpenAI chat format (JSONL, also .gz)')
    .option('--tools <file>', 'which tools touch which data')
    .option('--keep <dir>', 'leave ledger and export in this new folder')
    .action(async ({ file, tools, keep }: Options) => {
      const sample =
        file === undefined ? { file: fileURLToPath(SAMPLE), tools: fileURLToPath(SAMPLE_TOOLS) } : { file, tools }
      const asExpected = await runDemo({ ...sample, keep }, terminal)
      exit(asExpected ? EXIT.ok : EXIT.bug)
    })
}
