// affidavit lineage, grants, versions and gaps: what an auditor asks, in tables and as JSON (spec/authority.md §8).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { errorCode, json, type Run, run, runDone } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-questions-'))
const ledger = join(base, 'ledger')
after(() => rmSync(base, { recursive: true, force: true }))

const POLICY = `affidavit_access: 1
revision: test
people: { kim: { roles: [auditor] }, ira: { roles: [content_reader] } }
`
const id = (n: number): string => `0193f5a2-7c00-7abc-8def-${String(n).padStart(12, '0')}`
const AGENT = { actor_id: 'clinic-agent', actor_type: 'agent', agent_name: 'clinic-agent', conversation_id: 'visit-1' }
const LEE = { actor_id: 'dr-lee', actor_type: 'user', agent_name: 'clinic-agent' }
const CHART = { resource_type: 'patient_record', resource_id: 'P-1' }
const PROMPT = { resource_type: 'agent_prompt', resource_id: 'clinic-agent' }
const WHOLE = { valid_from: '2026-01-01T00:00:00.000Z', valid_until: '2099-01-01T00:00:00.000Z' }
const said = (name: string, instructions: string): object => {
  return { name, media_type: 'application/json', body: JSON.stringify({ instructions: [instructions], tools: [] }) }
}
const OLD = 'You help the front desk.\nQuote the chart.\nYou may answer questions about doses.'
const NEW = 'You help the front desk.\nQuote the chart.\nDo not advise on doses.'

const DRAFTS: readonly object[] = [
  {
    action: 'access_granted',
    ...LEE,
    resource_type: 'patient_record',
    grant_id: 'G-1',
    details: { access: ['read'], ...WHOLE },
  },
  {
    action: 'prompt_changed',
    ...LEE,
    ...PROMPT,
    prompt_version: 'v-1',
    details: { changed_by: 'known' },
    content: [said('prompt', OLD)],
  },
  { action: 'approval_decided', ...LEE, ...PROMPT, actor_id: 'dr-who', outcome: 'success', prompt_version: 'v-1' },
  { action: 'user_message_received', ...AGENT, actor_id: 'nurse-7', actor_type: 'user', id: id(1) },
  { action: 'tool_invoked', ...AGENT, id: id(2), parent_id: id(1), details: { tool: 'get_chart' } },
  {
    action: 'tool_completed',
    ...AGENT,
    outcome: 'success',
    id: id(3),
    parent_id: id(2),
    details: { tool: 'get_chart' },
  },
  { action: 'data_accessed', ...AGENT, ...CHART, outcome: 'success', parent_id: id(3) },
  { action: 'data_modified', ...AGENT, ...CHART, outcome: 'success', parent_id: id(3) },
  { action: 'agent_response_generated', ...AGENT, prompt_version: 'v-1', model: 'm-1', id: id(4), parent_id: id(1) },
  {
    action: 'prompt_changed',
    ...LEE,
    ...PROMPT,
    prompt_version: 'v-2',
    details: { changed_by: 'known', previous_version: 'v-1' },
    content: [said('prompt', NEW), said('previous', OLD)],
  },
  {
    action: 'agent_response_generated',
    ...AGENT,
    prompt_version: 'v-2',
    model: 'm-1',
    producer_id: 'p-1',
    producer_seq: 3,
  },
]
/** The records behind that of the start and that of the policy. */
const FIRST = 2

before(async () => {
  await runDone(['init', '--ledger', ledger, '--origin', 'cli.example/clinic'])
  writeFileSync(join(ledger, 'access.yaml'), POLICY)
  await runDone(['append', '--ledger', ledger], DRAFTS.map((draft) => `${JSON.stringify(draft)}\n`).join(''))
})

const ask = (...words: readonly string[]): Promise<Run> => run([...words, '--ledger', ledger, '--as', 'kim'])

test('lineage shows the question and each step with its grant, and takes an id or a seq', async () => {
  const bySeq = await ask('lineage', String(FIRST + 8))
  const byId = await ask('lineage', id(4))
  assert.deepEqual([bySeq.code, byId.out], [0, bySeq.out])
  assert.match(bySeq.out, /^Question {2}user tok_\w+ — user_message_received/)
  assert.match(bySeq.out, /\n8 .* data_accessed +success +under G-1 +patient_record tok_/)
  assert.match(bySeq.out, /\n9 .* data_modified +success +OUTSIDE THE SCOPE of G-1 \(access\) +patient_record/)
  assert.match(bySeq.out, /tool_invoked get_chart/)
  assert.match(bySeq.err, /^6 records, 2 accesses, 1 finding \(as of seq \d+\)\n$/)
  const found = json(await ask('lineage', id(4), '--json'))
  const steps: readonly unknown[] = Array.isArray(found.steps) ? found.steps : []
  assert.deepEqual([found.question_seq, steps.map((step) => Object(step).record.seq)], [5, [5, 6, 7, 8, 9, 10]])
  assert.deepEqual(Object(steps[3]).authority, { state: 'covered', grant: { name: 'G-1', seq: 2 }, notes: [] })
  const nothing = await ask('lineage', '999', '--json')
  assert.deepEqual([nothing.code, errorCode(nothing)], [3, 'not-found'])
})

test('grants shows each grant with approver, scope, period and accesses, and lets those without stand out', async () => {
  const all = await ask('grants', '--resource', 'P-1')
  assert.equal(all.code, 0)
  assert.match(
    all.out,
    /\n2 +G-1 +active +1 +tok_\w{8}… +clinic-agent +read patient_record +2099-01-01 00:00:00 +2026-01-01 00:00:00\n/,
  )
  assert.match(all.out, /Under a grant\n\n.*\n8 .* read +under G-1 +patient_record tok_\w+ +clinic-agent\n/)
  assert.match(
    all.out,
    /To be looked at\n\n.*\n9 .* write +OUTSIDE THE SCOPE of G-1 \(access\) +patient_record tok_\w+ +clinic-agent\n/,
  )
  assert.match(all.err, /^1 grant, 1 covered, 1 finding /)
  assert.match((await ask('grants', '--findings')).err, /^1 covered, 1 finding /)
  const findings = json(await ask('grants', '--findings', '--json'))
  assert.deepEqual([findings.grants, Object(findings.covered).listed, Object(findings.findings).count], [[], [], 1])
  const other = json(await ask('grants', '--agent', 'other-agent', '--resource-type', 'letter', '--json'))
  assert.deepEqual([other.grants, Object(other.findings).count], [[], 0])
})

test('versions shows who changed and approved each, and the answers given under each', async () => {
  const all = await ask('versions', '--agent', 'clinic-agent')
  assert.equal(all.code, 0)
  assert.match(all.out, /\nv-1 +1 .* tok_\w{8}… \(seq 3\) +approved by tok_\w{8}… \(seq 4\)\n/)
  assert.match(all.out, /\nv-2 +1 .* tok_\w{8}… \(seq 11\) +nobody\n/)
  assert.match(all.out, /\n10 +10 +1 +0 +v-1 +m-1 .*\n12 +12 +1 +1 +v-2 +m-1/)
  assert.match(all.out, /\n12 .* v-2 +visit-1 +NOT APPROVED\n/)
  assert.match(all.err, /^2 prompts, 1 model, 2 runs, 1 finding /)
  assert.equal((await ask('versions')).code, 3)
})

test('the text of a prompt is revealed for a reason, to whoever may, and on record', async () => {
  const words = ['versions', '--ledger', ledger, '--agent', 'clinic-agent', '--reveal']
  const size = async (): Promise<number> => Number(json(await ask('gaps', '--json')).as_of_seq) + 2
  const before = await size()
  const unreasoned = await run([...words, '--as', 'ira', '--json'])
  const refused = await run([...words, '--as', 'kim', '--reason', 'curious', '--json'])
  assert.deepEqual([errorCode(unreasoned), errorCode(refused)], ['invalid-query', 'not-allowed'])
  assert.equal(await size(), before + 1)
  const shown = await run([...words, '--as', 'ira', '--reason', 'complaint 17'])
  assert.equal(shown.code, 0, shown.err)
  assert.match(shown.out, /-You may answer questions about doses\."\n +\+Do not advise on doses\."\n/)
  const lines = shown.out.split('\n').map((line) => line.trim())
  assert.ok(lines.includes('Quote the chart.') && !lines.includes('-Quote the chart.'))
  const { changes } = json(await run([...words, '--as', 'ira', '--reason', 'complaint 17', '--json']))
  assert.deepEqual(
    (Array.isArray(changes) ? changes : []).map(({ seq, previous, diff }) => [seq, previous, typeof diff]),
    [
      [3, undefined, 'undefined'],
      [11, 'v-1', 'string'],
    ],
  )
  const { records } = json(await ask('search', '--action', 'content_revealed', '--json'))
  const told = (Array.isArray(records) ? records : []).map(({ outcome_reason, details }) => [
    outcome_reason,
    details.operation,
    details.contents,
    details.results,
  ])
  assert.deepEqual(told, Array(2).fill(['complaint 17', 'versions', 3, 5]))
})

test('gaps shows what is missing, and chooses by when', async () => {
  const all = await ask('gaps')
  assert.equal(all.code, 0)
  assert.match(all.out, /Numbers of producers\n\np-1 +0\.\.2 +MISSING +shown by seq 12\n/)
  assert.match(all.err, /^1 in all /)
  const none = await ask('gaps', '--until', '2026-01-01')
  assert.deepEqual([none.out, none.err.startsWith('no gaps are seen')], ['', true])
  assert.equal((await ask('gaps', '--from', 'yesterday')).code, 3)
})
