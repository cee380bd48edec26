import type { Command } from 'commander'

import { LedgerError } from '../../errors/ledger-error.ts'
import { type PromptChange, promptChanges } from '../../query/prompt-changes.ts'
import type { Run } from '../../query/runs.ts'
import type { Change, Decision, Version } from '../../query/version-history.ts'
import { type AnswerFound, type Versions, versions } from '../../query/versions.ts'
import { secondOf, shortened } from '../describe.ts'
import { type Asking, openToAsk } from '../open-to-ask.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  limitOption,
  type ReaderOptions,
} from '../options.ts'
import { count, counted, jsonDocument, printable, type Terminal, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly agent: string
  readonly reveal?: boolean
  readonly reason?: string
  readonly limit: number
  readonly json?: boolean
}

export function addVersions(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    program
      .command('versions')
      .description(
        'Which prompt and model an agent had: changed and approved by whom, with the answers given under each.',
      )
      .addOption(ledgerAnywhereOption())
      .addOption(keysOption())
      .requiredOption('--agent <name>', 'the agent'),
  )
    .option('--reveal', 'show what changed in the prompt; needs a role that may, and --reason')
    .option('--reason <text>', 'why it is revealed; stands in the record of this reading')
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using asking = await openToAsk(options, env)
      const { answer, changes } = await ask(asking, options)
      if (options.json === true) terminal.out(jsonDocument(changes === undefined ? answer : { ...answer, changes }))
      else print(answer, changes, terminal)
    })
}

interface Asked {
  readonly answer: Versions
  /** What changed, where it was to be revealed. */
  readonly changes?: readonly PromptChange[]
}

async function ask({ reading, here }: Asking, { agent, reveal, reason = '', limit }: Options): Promise<Asked> {
  const of = { agent_name: agent, limit }
  if (reveal !== true) return { answer: await reading.versions(of) }
  if (here === undefined) throw notOnServer()
  const { answer, revealed } = await here.askToReveal(versions(of), { reason })
  return { answer, changes: await promptChanges(answer.prompts, revealed) }
}

function print(answer: Versions, changes: readonly PromptChange[] | undefined, terminal: Terminal): void {
  const { prompts, models, runs, findings, ignored, as_of_seq } = answer
  printVersions('Prompts', prompts, terminal)
  printVersions('Models', models, terminal)
  printList('Answers', RUN_COLUMNS, runs.listed.map(runCells), runs.count, terminal)
  printList('To be looked at', ANSWER_COLUMNS, findings.listed.map(answerCells), findings.count, terminal)
  const refused = ignored.map(({ seq, problem }) => [String(seq), printable(problem)])
  printList('No approvals', ['SEQ', 'WHY'], refused, refused.length, terminal)
  for (const change of changes ?? []) printChange(change, terminal)
  const counts = [
    counted(prompts.length, 'prompt'),
    counted(models.length, 'model'),
    counted(runs.count, 'run'),
    counted(findings.count + ignored.length, 'finding'),
  ]
  terminal.err(`${counts.join(', ')} (as of seq ${as_of_seq})\n`)
}

const VERSION_COLUMNS = ['VERSION', 'ANSWERS', 'FIRST RECORDED', 'CHANGED BY', 'DECIDED BY']

function printVersions(title: string, all: readonly Version[], terminal: Terminal): void {
  printList(title, VERSION_COLUMNS, all.map(versionCells), all.length, terminal)
}

function versionCells({ version, changes, decisions, answers }: Version): string[] {
  const [first] = changes
  return [
    shortened(version),
    count(answers),
    first === undefined ? 'never announced' : secondOf(first.recorded_at),
    each(changes, changedBy),
    each(decisions, ({ decision, seq, actor_id }) => `${decision} by ${shortened(actor_id)} (seq ${seq})`),
  ]
}

function changedBy({ seq, actor_id, changed_by }: Change): string {
  return `${changed_by === 'known' ? shortened(actor_id) : 'nobody known'} (seq ${seq})`
}

function each<Act extends Change | Decision>(acts: readonly Act[], words: (act: Act) => string): string {
  return acts.length === 0 ? 'nobody' : printable(acts.map(words).join(', '))
}

const RUN_COLUMNS = ['FROM SEQ', 'TO SEQ', 'ANSWERS', 'FINDINGS', 'PROMPT', 'MODEL', 'FROM', 'UNTIL']

function runCells({ first, last, prompt_version, model, answers, findings }: Run): string[] {
  return [
    String(first.seq),
    String(last.seq),
    count(answers),
    count(findings),
    shortened(prompt_version),
    shortened(model),
    secondOf(first.timestamp),
    secondOf(last.timestamp),
  ]
}

const ANSWER_COLUMNS = ['SEQ', 'AT', 'PROMPT', 'CONVERSATION', 'WHY']

function answerCells({ seq, timestamp, prompt_version, conversation_id, why }: AnswerFound): string[] {
  const words = why.replaceAll('-', ' ').toUpperCase()
  return [String(seq), secondOf(timestamp), shortened(prompt_version), printable(conversation_id ?? '·'), words]
}

function printList(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  all: number,
  terminal: Terminal,
): void {
  if (rows.length === 0) return
  const more = all > rows.length ? `  ${count(rows.length)} of ${count(all)}; --limit shows more` : ''
  terminal.out(`${terminal.style('bold', title)}${more}\n\n${table([columns, ...rows], terminal.width)}\n`)
}

function printChange({ seq, version, previous, text, diff }: PromptChange, terminal: Terminal): void {
  const from = previous === undefined ? '' : `${shortened(previous)} → `
  terminal.out(`${terminal.style('bold', `seq ${seq}`)}  ${from}${shortened(version)}\n`)
  const shown = diff ?? text ?? 'unavailable: its key is destroyed, or not in this keyring'
  terminal.out(
    `${shown
      .split('\n')
      .map((line) => `    ${printable(line)}\n`)
      .join('')}\n`,
  )
}

function notOnServer(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: 'what changed in a prompt is shown where the ledger is, and this one is on a server',
    cure: 'POST versions/reveal answers it; or leave --reveal out',
    path: '--reveal',
  })
}
