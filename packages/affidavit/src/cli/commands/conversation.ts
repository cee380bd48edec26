import type { Command } from 'commander'

import type { AuditRecord, ContentReference } from '../../formats/fields.ts'
import { formatRuns, runsOf } from '../../formats/seq-runs.ts'
import { type OpenedContent, showContents } from '../../ledger/show-content.ts'
import { sentenceOf } from '../describe.ts'
import { type Asking, openToAsk } from '../open-to-ask.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  type ReaderOptions,
} from '../options.ts'
import { count, counted, jsonDocument, printable, type Terminal } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly reveal?: boolean
  readonly reason?: string
  readonly json?: boolean
}

/** Longer bodies are told by their size: a screen is no place for them. */
const MAX_SHOWN_BYTES = 1_000_000

export function addConversation(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    program
      .command('conversation')
      .description('What was said in a conversation, record by record; with --reveal word for word.')
      .argument('<id>', 'the id of the conversation')
      .addOption(ledgerAnywhereOption())
      .addOption(keysOption()),
  )
    .option('--reveal', 'open its content; needs a role that may, and --reason')
    .option('--reason <text>', 'why it is revealed; stands in the record of this reading')
    .addOption(jsonOption())
    .action(async (conversation_id: string, options: Options) => {
      await using asking = await openToAsk(options, env)
      const { reading } = asking
      const shown =
        options.reveal === true
          ? await revealed(reading, conversation_id, options.reason ?? '')
          : await listed(reading, conversation_id)
      const destroyed = await reading.destroyedIn(conversation_id)
      const gone = destroyed.length === 0 ? {} : { destroyed_seqs: destroyed }
      if (options.json === true) terminal.out(jsonDocument({ conversation_id, records: shown.map(shape), ...gone }))
      else print(shown, destroyed, terminal)
    })
}

/** A record as it is shown: its contents opened, or named only. */
interface Shown {
  readonly record: AuditRecord
  readonly contents: readonly ShownContent[]
}

type ShownContent =
  | (Pick<ContentReference, 'name' | 'media_type'> & { readonly state: 'sealed'; readonly plain_size: number })
  | OpenedContent

async function listed(reading: Asking['reading'], conversation_id: string): Promise<readonly Shown[]> {
  const shown: Shown[] = []
  for await (const record of reading.search({ conversation_id })) {
    const contents = (record.content ?? []).map(({ name, media_type, plain_size }): ShownContent => {
      return { name, media_type, state: 'sealed', plain_size }
    })
    shown.push({ record, contents })
  }
  return shown
}

async function revealed(
  reading: Asking['reading'],
  conversation_id: string,
  reason: string,
): Promise<readonly Shown[]> {
  const records = await reading.reveal({ conversation_id }, { reason })
  return Promise.all(records.map(showContents))
}

function shape({ record, contents }: Shown): object {
  return { ...record, revealed: contents.filter(({ state }) => state !== 'sealed') }
}

function print(shown: readonly Shown[], destroyed: readonly number[], terminal: Terminal): void {
  for (const { record, contents } of shown) {
    terminal.out(`${terminal.style('bold', `${record.seq}`)}  ${sentenceOf(record)}\n`)
    for (const content of contents) terminal.out(`${indented(content)}\n`)
  }
  const sealed = shown.flatMap(({ contents }) => contents).filter(({ state }) => state === 'sealed').length
  const hint = sealed === 0 ? '' : `, ${counted(sealed, 'sealed content')}: --reveal --reason TEXT opens it`
  terminal.err(`${counted(shown.length, 'record')}${hint}\n`)
  if (destroyed.length > 0)
    terminal.err(
      `${counted(destroyed.length, 'record')} of it destroyed, seq ${formatRuns(runsOf(destroyed))}: affidavit show ${destroyed[0]} says by whose leave\n`,
    )
}

function indented(content: ShownContent): string {
  const head = `      ${printable(content.name)} (${printable(content.media_type)}): `
  switch (content.state) {
    case 'sealed':
      return `${head}sealed, ${count(content.plain_size)} bytes`
    case 'unavailable':
      return `${head}unavailable: its key is destroyed, or not in this keyring`
    case 'bytes':
      return `${head}${count(content.plain_size)} bytes that are no text; --json has them`
    case 'text':
      return content.text.length > MAX_SHOWN_BYTES
        ? `${head}${count(content.text.length)} characters; --json has them`
        : `${head}\n${lines(content.text)}`
    default:
      return content satisfies never
  }
}

function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => `        ${printable(line)}`)
    .join('\n')
}
