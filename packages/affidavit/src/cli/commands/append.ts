import type { Command } from 'commander'

import { ENTRY_JSON, JsonFault, parseJson } from '../../bytes/json.ts'
import { openFolder } from '../../embedded/open.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { Draft } from '../../formats/fields.ts'
import { type LineRead, splitLines } from '../../imports/read-lines.ts'
import type { Appended, Ledger } from '../../ledger/ledger.ts'
import { EXIT } from '../exit-codes.ts'
import {
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  readActions,
  registryOption,
} from '../options.ts'
import { count, jsonLine } from '../output.ts'
import { readRegistry } from '../read-registry.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly actions?: string
  readonly registry?: string
  readonly json?: boolean
}

/** What becomes of one line. A refusal of the line is an answer; what keeps the ledger from recording is not. */
type Answer =
  | { readonly line: number; readonly appended: Appended }
  | { readonly line: number; readonly refused: LedgerError }

/** Lines under way at once: enough for group commit, few enough to hold in memory. */
const WINDOW = 1000

export function addAppend(program: Command, { terminal, stdin, exit }: Surroundings): void {
  program
    .command('append')
    .description(
      'Record drafts: JSON lines on standard input, one acknowledgement or refusal per line on standard output.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--actions <file>', 'your own actions: {"clinic.referral_sent": {"description": "…"}}')
    .addOption(registryOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const registry = options.registry === undefined ? {} : { registry: readRegistry('--registry', options.registry) }
      await using ledger = await openFolder(placeIn(options), { actions: readActions(options.actions), ...registry })
      let [recorded, duplicates, refused] = [0, 0, 0]
      for await (const answer of answers(ledger, splitLines(bytesOf(stdin)))) {
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

function shape(answer: Answer): object {
  if ('appended' in answer) {
    const { id, seq, integrity_hash, state } = answer.appended
    return { line: answer.line, id, seq, integrity_hash, state }
  }
  const { code, problem, cure, path } = answer.refused
  return { line: answer.line, refused: { code, problem, path, cure } }
}

// Lines are appended side by side and answered in their order, the oldest first when the window is full.
async function* answers(ledger: Ledger, lines: AsyncIterable<LineRead>): AsyncGenerator<Answer> {
  const underWay: Promise<Answer>[] = []
  for await (const line of lines) {
    const settling = settle(ledger, line)
    // A failure is thrown where it is awaited, in its turn; until then it must not count as unhandled.
    settling.catch(() => undefined)
    underWay.push(settling)
    if (underWay.length >= WINDOW) yield* take(underWay)
  }
  while (underWay.length > 0) yield* take(underWay)
}

async function* take(underWay: Promise<Answer>[]): AsyncGenerator<Answer> {
  const oldest = underWay.shift()
  if (oldest !== undefined) yield await oldest
}

async function settle(ledger: Ledger, read: LineRead): Promise<Answer> {
  const { line } = read
  try {
    if ('problem' in read) throw badLine('', read.problem)
    return { line, appended: await ledger.append(parseDraftLine(read.text)) }
  } catch (error) {
    if (error instanceof LedgerError && error.blame === 'caller' && error.code !== 'ledger-closed')
      return { line, refused: error }
    throw error
  }
}

function parseDraftLine(text: string): Draft {
  try {
    // append checks the value against the format; the type only says what a good line holds.
    return parseJson(text, ENTRY_JSON) as unknown as Draft
  } catch (error) {
    if (error instanceof JsonFault) throw badLine(error.path, error.message)
    throw error
  }
}

function badLine(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-draft', { problem, path })
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
