// The questions that every auditor asks, each answered from the records by one command.

import { type LedgerReader, openReader } from '../../embedded/read.ts'
import type { AuditRecord } from '../../formats/fields.ts'
import type { EntryFilter } from '../../ledger/store.ts'
import { printable, type Terminal } from '../output.ts'

interface Question {
  readonly text: string
  readonly command: string
  readonly filter: EntryFilter
  /** What of a record answers the question; `undefined` where it does not. */
  answer(record: AuditRecord): string | undefined
}

const SHOWN = 3

export async function askQuestions(folder: string, terminal: Terminal): Promise<void> {
  terminal.out(`\n${terminal.style('bold', '2  An auditor asks')}\n\n`)
  await using reader = await openReader(folder)
  const conversation_id = await busiestConversation(reader)
  for (const question of questionsAbout(conversation_id)) {
    const answers: string[] = []
    for await (const record of reader.search(question.filter)) {
      const answer = question.answer(record)
      if (answer !== undefined) answers.push(`seq ${record.seq}: ${answer}`)
    }
    terminal.out(render(question, answers, terminal))
  }
}

function render({ text, command }: Question, answers: readonly string[], terminal: Terminal): string {
  const shown = answers.length === 0 ? ['nothing of the kind is on record'] : answers.slice(0, SHOWN)
  const more = answers.length > SHOWN ? [`… ${answers.length - SHOWN} more`] : []
  const lines = [...shown, ...more].map((line) => `    ${printable(line)}\n`).join('')
  return `  ${terminal.style('bold', text)}\n  ${terminal.style('dim', `$ affidavit ${command}`)}\n${lines}\n`
}

async function busiestConversation(reader: LedgerReader): Promise<string | undefined> {
  const accesses = new Map<string, number>()
  for await (const { conversation_id, outcome } of reader.search({ action: 'data_accessed' }, { limit: 2000 })) {
    if (conversation_id !== undefined && outcome === 'success')
      accesses.set(conversation_id, (accesses.get(conversation_id) ?? 0) + 1)
  }
  return [...accesses].sort(([, a], [, b]) => b - a)[0]?.[0]
}

function questionsAbout(conversation_id: string | undefined): Question[] {
  const one = conversation_id === undefined ? {} : { conversation_id }
  const scope = conversation_id === undefined ? '' : ` --conversation ${conversation_id}`
  return [
    {
      text: 'What did the agent tell the user, and under which prompt?',
      command: `search --ledger DIR${scope} --action agent_response_generated`,
      filter: { ...one, action: 'agent_response_generated' },
      answer: ({ details, prompt_version, timestamp }) =>
        `${String(details?.characters ?? '?')} characters at ${timestamp}, prompt ${prompt_version?.slice(0, 12) ?? 'unknown'}… (affidavit conversation --reveal opens it, word for word)`,
    },
    {
      text: 'Which data did it access to say so?',
      command: `search --ledger DIR${scope} --action data_accessed`,
      filter: { ...one, action: 'data_accessed' },
      answer: ({ actor_id, resource_type, resource_id, outcome }) =>
        `${actor_id} read ${resource_type} ${resource_id ?? ''} (${outcome ?? 'no outcome'})`,
    },
    {
      text: 'Who approved?',
      command: 'search --ledger DIR --action approval_decided',
      filter: { action: 'approval_decided' },
      answer: ({ actor_id, outcome, outcome_reason }) => `${actor_id}: ${outcome ?? ''} ${outcome_reason ?? ''}`.trim(),
    },
    {
      text: 'What was it denied?',
      command: 'search --ledger DIR --action access_denied',
      filter: { action: 'access_denied' },
      answer: ({ actor_id, resource_type, resource_id, outcome_reason }) =>
        `${actor_id}: ${resource_type ?? ''} ${resource_id ?? ''} ${outcome_reason ?? ''}`.trim(),
    },
    {
      text: 'When did the prompt change?',
      command: 'search --ledger DIR --action prompt_changed',
      filter: { action: 'prompt_changed' },
      answer: ({ timestamp, prompt_version }) =>
        `at ${timestamp}, to version ${prompt_version?.slice(0, 12) ?? 'unknown'}…`,
    },
  ]
}
