// The questions that every auditor asks, each answered by the command that anybody else would type.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { openFolder } from '../../embedded/open.ts'
import type { AuditRecord } from '../../formats/fields.ts'
import { printable, type Terminal } from '../output.ts'
import type { RunCommand } from '../surroundings.ts'

interface Question {
  readonly text: string
  /** The words of the command, without the ledger. */
  readonly words: readonly string[]
  /** Of its answer, the lines that are shown. */
  readonly lines: number
  /** What of it the demo shows; all where left out. */
  pick?(lines: readonly string[]): readonly string[]
}

const POLICY = `affidavit_access: 1
revision: demo
people:
  auditor: { roles: [auditor, content_reader] }
`
const WHY = 'demonstration'

/** Asks, and shows what each command says. Answers whether all of them answered. */
export async function askQuestions(folder: string, run: RunCommand, terminal: Terminal): Promise<boolean> {
  terminal.out(`\n${terminal.style('bold', '2  An auditor asks')}\n\n`)
  writeFileSync(join(folder, 'access.yaml'), POLICY)
  const answer = await answerToAskAbout(folder)
  if (answer === undefined) {
    terminal.out('  No answer of an agent is on record.\n')
    return true
  }
  let allAnswered = true
  for (const question of questionsAbout(answer)) {
    const said: string[] = []
    const talk: string[] = []
    const out = (text: string): void => void said.push(text)
    const err = (text: string): void => void talk.push(text)
    const inner = { ...terminal, width: terminal.width - 4, out, err }
    const code = await run([...question.words, '--ledger', folder, '--as', 'auditor'], inner)
    allAnswered &&= code === 0
    terminal.out(render(question, `${said.join('').trimEnd()}\n${talk.join('')}`, terminal))
  }
  return allAnswered
}

/** The answer that most was accessed for. */
async function answerToAskAbout(folder: string): Promise<AuditRecord | undefined> {
  await using ledger = await openFolder(folder)
  const accesses = new Map<string, number>()
  for await (const { conversation_id, outcome } of ledger.search({ action: 'data_accessed' }, { limit: 2000 })) {
    if (conversation_id !== undefined && outcome === 'success')
      accesses.set(conversation_id, (accesses.get(conversation_id) ?? 0) + 1)
  }
  const [busiest] = [...accesses].sort(([, a], [, b]) => b - a)
  const scope = busiest === undefined ? {} : { conversation_id: busiest[0] }
  for await (const record of ledger.search({ ...scope, action: 'agent_response_generated' })) {
    if (record.details?.characters !== 0) return record
  }
  return undefined
}

function questionsAbout({ conversation_id = '', seq, agent_name }: AuditRecord): readonly Question[] {
  return [
    {
      text: 'What exactly did the agent tell the patient?',
      words: ['conversation', conversation_id, '--reveal', '--reason', WHY],
      lines: 24,
      pick: whatWasSaid,
    },
    { text: 'Which data did it access to say so?', words: ['lineage', String(seq)], lines: 24 },
    { text: 'Who approved its access, and what had no approval?', words: ['grants'], lines: 24 },
    ...(agent_name === undefined
      ? []
      : [
          {
            text: 'When was its prompt changed, by whom, and what was said under each version?',
            words: ['versions', '--agent', agent_name, '--reveal', '--reason', WHY],
            lines: 30,
          },
        ]),
    { text: 'What was it denied?', words: ['search', '--action', 'access_denied'], lines: 6 },
    {
      text: 'How long is this answer kept, and by whose rule?',
      words: ['retention', 'explain', String(seq)],
      lines: 24,
    },
    { text: 'What is missing?', words: ['gaps'], lines: 16 },
    { text: 'Who has read these records?', words: ['readers', '--conversation', conversation_id], lines: 8 },
  ]
}

/** Of a conversation, the messages and the answers, with the records that hold them. */
function whatWasSaid(lines: readonly string[]): readonly string[] {
  const kept: string[] = []
  let head: string | undefined
  let isWords = false
  for (const line of lines) {
    const content = /^ {6}(\w+) \(/.exec(line)?.[1]
    if (/^\d/.test(line)) head = line
    else if (content !== undefined) {
      isWords = content === 'message' || content === 'answer'
      if (isWords && head !== undefined) kept.push(head)
    } else if (isWords) kept.push(line)
  }
  return [...kept, `… of ${lines.length} lines: requests, arguments, results and what the provider sent are there too`]
}

function render({ text, words, lines, pick = (every) => every }: Question, said: string, terminal: Terminal): string {
  const all = pick(said.trimEnd().split('\n'))
  const shown = all.length > lines ? [...all.slice(0, lines), `… ${all.length - lines} more lines`] : all
  const command = ['$ affidavit', ...words.map(quoted), '--ledger DIR'].join(' ')
  const body = shown.map((line) => (line === '' ? '\n' : `    ${line}\n`)).join('')
  return `  ${terminal.style('bold', text)}\n  ${terminal.style('dim', printable(command))}\n${body}\n`
}

function quoted(word: string): string {
  return /^[\w.:/@-]+$/.test(word) ? word : JSON.stringify(word)
}
