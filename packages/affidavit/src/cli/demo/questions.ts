// The questions that every auditor asks, each answered from the records by one command.

import { parseAccessPolicy } from '../../access/parse.ts'
import { decodeUtf8 } from '../../bytes/text.ts'
import { openFolder } from '../../embedded/open.ts'
import type { AuditRecord } from '../../formats/fields.ts'
import { wholeBody } from '../../ledger/open-content.ts'
import type { Reading } from '../../ledger/reading.ts'
import type { EntryFilter } from '../../ledger/store.ts'
import { printable, type Terminal } from '../output.ts'

interface Asked {
  readonly text: string
  readonly command: string
}

interface Question extends Asked {
  readonly filter: EntryFilter
  /** What of a record answers the question; `undefined` where it does not. */
  answer(record: AuditRecord): string | undefined
}

const SHOWN = 3
const POLICY = parseAccessPolicy(
  'affidavit_access: 1\nrevision: demo\npeople: { auditor: { roles: [auditor, content_reader] } }\n',
  'yaml',
  'access.yaml',
)
const WHY = { reason: 'demonstration' }

export async function askQuestions(folder: string, terminal: Terminal): Promise<void> {
  terminal.out(`\n${terminal.style('bold', '2  An auditor asks')}\n\n`)
  await using ledger = await openFolder(folder, { access: POLICY })
  const reading = ledger.as({ actor_id: 'auditor' })
  const conversation_id = await busiestConversation(reading)
  if (conversation_id !== undefined) terminal.out(render(WORDS, await wordsOf(reading, conversation_id), terminal))
  for (const question of questionsAbout(conversation_id)) {
    const answers: string[] = []
    for await (const record of reading.search(question.filter)) {
      const answer = question.answer(record)
      if (answer !== undefined) answers.push(`seq ${record.seq}: ${answer}`)
    }
    terminal.out(render(question, answers, terminal))
  }
  if (conversation_id === undefined) return
  const readers = await reading.readers({ conversation_id })
  const answers = readers.map(({ seq, reader, operation, reason }) =>
    `seq ${seq}: ${reader}, ${operation} ${reason ?? ''}`.trim(),
  )
  terminal.out(render(READERS, answers, terminal))
}

const WORDS: Asked = {
  text: 'What exactly did the agent tell the user?',
  command: 'conversation --ledger DIR ID --reveal --reason TEXT',
}
const READERS: Asked = {
  text: 'Who has read these records?',
  command: 'readers --ledger DIR --conversation ID',
}

/** The answers of a conversation, word for word. */
async function wordsOf(reading: Reading, conversation_id: string): Promise<readonly string[]> {
  const said: string[] = []
  for (const { record, contents } of await reading.reveal({ conversation_id }, WHY)) {
    if (record.action !== 'agent_response_generated') continue
    for (const content of contents) {
      const text = content.state === 'opened' ? decodeUtf8(await wholeBody(content.body)) : content.state
      said.push(`seq ${record.seq}: ${text ?? 'no text'}`)
    }
  }
  return said
}

function render({ text, command }: Asked, answers: readonly string[], terminal: Terminal): string {
  const shown = answers.length === 0 ? ['nothing of the kind is on record'] : answers.slice(0, SHOWN)
  const more = answers.length > SHOWN ? [`… ${answers.length - SHOWN} more`] : []
  const lines = [...shown, ...more].map((line) => `    ${printable(line)}\n`).join('')
  return `  ${terminal.style('bold', text)}\n  ${terminal.style('dim', `$ affidavit ${command}`)}\n${lines}\n`
}

async function busiestConversation(reader: Reading): Promise<string | undefined> {
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
      text: 'Under which prompt did it say so?',
      command: `search --ledger DIR${scope} --action agent_response_generated`,
      filter: { ...one, action: 'agent_response_generated' },
      answer: ({ details, prompt_version, timestamp }) =>
        `${String(details?.characters ?? '?')} characters at ${timestamp}, prompt ${prompt_version?.slice(0, 12) ?? 'unknown'}…`,
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
