// Which prompt and model an agent had, who changed and who approved them, and which answers were given under each
// (spec/authority.md §4).

import type { AuditRecord } from '../formats/fields.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import type { IgnoredRecord } from './authority.ts'
import { agentOf } from './data-access.ts'
import { createList, type Listed, listOf } from './listed.ts'
import { createPromptApprovals, type VersionFinding } from './prompt-approvals.ts'
import { type AnswerPlace, createRuns, placeOf, type Run, type Under, underOf } from './runs.ts'
import { createVersionHistory, type Version } from './version-history.ts'

export interface VersionsOf {
  readonly agent_name: string
  /** Runs and findings in their lists at most. */
  readonly limit: number
}

export interface Versions {
  readonly as_of_seq: number
  readonly agent_name: string
  /** In the order in which they were first announced, approved or answered under. */
  readonly prompts: readonly Version[]
  readonly models: readonly Version[]
  /** Answers in the order of seq, as long as prompt and model stayed the same. */
  readonly runs: Listed<Run>
  readonly findings: Listed<AnswerFound>
  /** Approvals that are none. */
  readonly ignored: readonly IgnoredRecord[]
}

export interface AnswerFound extends AnswerPlace, Under {
  readonly conversation_id?: string
  readonly why: VersionFinding
}

export function versions({ agent_name, limit }: VersionsOf): Question<Versions> {
  return { operation: 'versions', query: { agent_name }, answer: (asked) => answer(agent_name, limit, asked) }
}

async function answer(agent_name: string, limit: number, asked: Asked): Promise<Answered<Versions>> {
  const history = await historyOf(agent_name, asked)
  const approvals = createPromptApprovals(await asked.namesOf(history.map(({ actor_id }) => actor_id)))
  const [prompts, models] = [createVersionHistory(), createVersionHistory()]
  const runs = createRuns(limit)
  const findings = createList<AnswerFound>(limit)
  const ignored: IgnoredRecord[] = []
  let next = 0
  // What is recorded before an answer is seen before it.
  const seeUntil = (seq: number): void => {
    for (let record = history[next]; record !== undefined && record.seq < seq; record = history[++next]) {
      const problem = approvals.see(record)
      if (problem !== undefined) ignored.push(ignoredRecord(record, problem))
      else if (record.action === 'model_changed') models.see(record.model, record)
      else prompts.see(record.prompt_version, record)
    }
  }
  for await (const record of asked.find({ action: 'agent_response_generated' })) {
    if (agentOf(record) !== agent_name) continue
    seeUntil(record.seq)
    const why = approvals.judge(record)
    prompts.count(record.prompt_version)
    models.count(record.model)
    runs.add(record, why === undefined ? 'in order' : 'finding')
    if (why !== undefined) findings.add({ ...placeOf(record), ...underOf(record), ...conversationOf(record), why })
  }
  seeUntil(asked.until_seq)
  const found: Versions = {
    as_of_seq: asked.until_seq - 1,
    agent_name,
    prompts: prompts.all(),
    models: models.all(),
    runs: runs.all(),
    findings: listOf(findings),
    ignored,
  }
  const contents = found.prompts.flatMap(({ changes }) => changes.map(({ seq }) => seq))
  return { answer: found, results: resultsOf(found), contents }
}

/** Changes and approvals of an agent: few, beside its answers. */
async function historyOf(agent_name: string, asked: Asked): Promise<readonly AuditRecord[]> {
  const history: AuditRecord[] = []
  const approvals = { action: 'approval_decided', resource_type: 'agent_prompt' }
  for await (const record of asked.find({ action: 'prompt_changed' }, { action: 'model_changed' }, approvals)) {
    if ((record.agent_name ?? record.resource_id) === agent_name) history.push(record)
  }
  return history
}

function ignoredRecord({ seq, id, action, agent_name }: AuditRecord, problem: string): IgnoredRecord {
  return { seq, id, action, ...(agent_name === undefined ? {} : { agent_name }), problem }
}

function conversationOf({ conversation_id }: AuditRecord): { readonly conversation_id?: string } {
  return conversation_id === undefined ? {} : { conversation_id }
}

function resultsOf({ prompts, models, runs, findings, ignored }: Versions): readonly number[] {
  const history = [...prompts, ...models].flatMap(({ changes, decisions }) => [...changes, ...decisions])
  const ends = runs.listed.flatMap(({ first, last }) => [first, last])
  const shown = [...history, ...ends, ...findings.listed, ...ignored].map(({ seq }) => seq)
  return [...new Set(shown)].sort((one, other) => one - other)
}
