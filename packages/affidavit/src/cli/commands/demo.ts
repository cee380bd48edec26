import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { LedgerError } from '../../errors/ledger-error.ts'
import { isOpenAIThere } from '../demo/agent.ts'
import { runDemo } from '../demo/story.ts'
import { EXIT } from '../exit-codes.ts'
import { jsonOption, registryOption } from '../options.ts'
import { jsonDocument, type Terminal } from '../output.ts'
import { readRegistry } from '../read-registry.ts'
import type { Surroundings } from '../surroundings.ts'

const SAMPLE = new URL('../../../demo/clinic-conversations.jsonl', import.meta.url)
const SAMPLE_REGISTRY = new URL('../../../demo/clinic-registry.yaml', import.meta.url)

interface Options {
  readonly file?: string
  readonly registry?: string
  readonly keep?: string
  readonly json?: boolean
}

export function addDemo(program: Command, { terminal, exit, run }: Surroundings): void {
  program
    .command('demo')
    .description('Let an agent work, answer an auditor’s questions, verify, export, and attack a copy.')
    .option('--file <path>', 'instead of the agent, your own conversations in OpenAI chat format (JSONL, also .gz)')
    .addOption(registryOption())
    .option('--keep <dir>', 'leave ledger and export in this new folder')
    .addOption(jsonOption())
    .action(async ({ file, registry, keep, json }: Options) => {
      if (file === undefined && registry !== undefined)
        throw new LedgerError('invalid-query', {
          problem: '--registry says nothing without --file',
          cure: 'name your conversations with --file, or leave it out',
          path: '--registry',
        })
      const sample =
        file === undefined
          ? { file: await fileInstead(terminal), registry: readRegistry('--registry', fileURLToPath(SAMPLE_REGISTRY)) }
          : { file, registry: registry === undefined ? undefined : readRegistry('--registry', registry) }
      // The story is for people: a script asks whether everything happened as it should.
      const told: Terminal = json === true ? { ...terminal, out: () => undefined } : terminal
      const asExpected = await runDemo({ ...sample, keep }, run, told)
      if (json === true) terminal.out(jsonDocument({ as_expected: asExpected, kept_in: keep ?? null }))
      exit(asExpected ? EXIT.ok : EXIT.bug)
    })
}

// The agent's client is the application's own; without it conversations from a file stand in for the agent.
async function fileInstead(terminal: Terminal): Promise<string | undefined> {
  if (await isOpenAIThere()) return undefined
  terminal.err('openai is not installed here (npm install openai): conversations of a file stand in for the agent\n')
  return fileURLToPath(SAMPLE)
}
