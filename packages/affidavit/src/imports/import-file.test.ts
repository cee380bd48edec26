import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { draftsOf } from '../../test/chat-drafts.ts'
import { type ChatLine, type ChatMessage, chatLine, naiveContents, naiveCounts, textsIn } from '../../test/chats.ts'
import { sharedFolder } from '../../test/shared-vectors.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import type { AuditRecord, Draft } from '../index.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { parseRegistry } from '../registry/parse.ts'
import type { Registry } from '../registry/registry.ts'
import { type ImportProgress, importOpenAiChat } from './import-file.ts'
import { createPromptHistory } from './prompt-version.ts'

const folder = mkdtempSync(join(tmpdir(), 'affidavit-import-'))
after(() => rmSync(folder, { recursive: true }))
let made = 0

const DEMO = join(import.meta.dirname, '../../demo')
const SAMPLE = join(DEMO, 'clinic-conversations.jsonl')
const clinicText = readFileSync(join(DEMO, 'clinic-registry.yaml'), 'utf8')
const clinic = parseRegistry(clinicText, 'yaml', 'clinic-registry.yaml')
const sampleLines = parseLines(readFileSync(SAMPLE, 'utf8'))

async function newLedger(t: TestContext): Promise<Ledger> {
  const place = join(folder, `ledger-${made++}`)
  await initLedger(place, { origin: 'clinic.example/agents' })
  const ledger = await openFolder(place)
  t.after(() => ledger.close())
  return ledger
}

function fileOf(lines: readonly (ChatLine | string)[], name = `${made++}.jsonl`): string {
  const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
  const file = join(folder, name)
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text)
  return file
}

function parseLines(text: string): ChatLine[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

async function recordsOf(ledger: Ledger, action?: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for await (const record of ledger.search(action === undefined ? { from_seq: 1 } : { action })) records.push(record)
  return records
}

function said(...contents: readonly string[]): ChatLine {
  const messages = contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))
  return { id: 'c-1', user: 'nurse-11', agent: 'a', messages }
}

const NOTHING_SEALED = { bodies: 0, bytes: 0 }

test('the sample of the demo is imported, and importing it again adds nothing', async (t) => {
  const ledger = await newLedger(t)
  const first = await importOpenAiChat({ ledger, file: SAMPLE, registry: clinic })
  const clean = { conversations: 8, refused_lines: 0, refused: [], unread_members: {}, unclassified_tools: {} }
  const content = naiveSizeOf(sampleLines)
  assert.deepEqual(first, { ...clean, records: { recorded: 99, duplicate: 0, conflicts: 0 }, content })
  const again = await importOpenAiChat({ ledger, file: SAMPLE, registry: clinic })
  const records = { recorded: 0, duplicate: 99, conflicts: 0 }
  assert.deepEqual(again, { ...clean, records, content: NOTHING_SEALED })
  const kept = await recordsOf(ledger)
  const references = kept.flatMap(({ content: sealed = [] }) => sealed)
  const bytes = references.reduce((sum, { plain_size }) => sum + plain_size, 0)
  assert.deepEqual([kept.length, references.length, bytes], [99, content.bodies, content.bytes])
})

/** What should be sealed of a whole file in which a prompt that comes back is announced once. */
function naiveSizeOf(lines: readonly ChatLine[]): { bodies: number; bytes: number } {
  const prompts = new Set<string>()
  let bodies = 0
  let bytes = 0
  for (const told of lines.flatMap(naiveContents)) {
    const body = 'text' in told ? told.text : (canonicalize(told.value) ?? '')
    if (told.name === 'instructions' && prompts.has(body)) continue
    if (told.name === 'instructions') prompts.add(body)
    bodies++
    bytes += Buffer.byteLength(body)
  }
  return { bodies, bytes }
}

function sampleDrafts(registry: Registry): Draft[] {
  const prompts = createPromptHistory()
  return sampleLines.flatMap((line) => draftsOf(line, { registry, prompts }))
}

test('the sample shows what the demo tells: a refusal, approvals, a new prompt, a failure, a letter made from a chart', () => {
  const drafts = sampleDrafts(clinic)
  const briefly = (action: string, ...fields: readonly (keyof Draft)[]): unknown[] =>
    drafts.filter((draft) => draft.action === action).map((draft) => fields.map((field) => draft[field]))
  assert.deepEqual(briefly('access_denied', 'conversation_id', 'resource_type', 'subject_ids', 'on_behalf_of'), [
    ['larkspur-1002', 'psychiatric_notes', ['PT-20533'], 'nurse-11'],
  ])
  assert.deepEqual(briefly('approval_decided', 'conversation_id', 'outcome', 'actor_id', 'resource_id'), [
    ['larkspur-1006', 'success', 'nurse-11', 'LTR-0318'],
    ['larkspur-1008', 'denied', 'nurse-07', 'VN-20598-02'],
  ])
  assert.deepEqual(briefly('prompt_changed', 'conversation_id', 'timestamp', 'actor_id'), [
    ['larkspur-1001', '2026-03-09T08:52:10.000Z', 'it-lead-01'],
    ['larkspur-1005', '2026-03-10T07:34:05.000Z', 'clinical-safety-lead-01'],
  ])
  assert.deepEqual(briefly('agent_failed', 'conversation_id', 'outcome'), [['larkspur-1007', 'error']])
  assert.deepEqual(briefly('data_disclosed', 'conversation_id', 'resource_type', 'resource_id'), [
    ['larkspur-1006', 'clinic_document', 'LTR-0318'],
    ['larkspur-1007', 'page', undefined],
  ])
  const letter = drafts.filter(({ details }) => details?.tool === 'draft_referral_letter').slice(2)
  assert.deepEqual(
    letter.map(({ action, resource_type }) => [action, resource_type]),
    [
      ['data_accessed', 'patient_record'],
      ['data_modified', 'clinic_document'],
    ],
  )
})

test('tools that nobody registered are restricted, and named in the report with their calls', async (t) => {
  const ledger = await newLedger(t)
  const odd = { role: 'assistant', content: null, tool_calls: [callOf('look up the chart'), callOf('get_chart')] }
  const file = fileOf([...sampleLines, { id: 'odd', messages: [odd] }])
  const names = sampleLines.flatMap(({ messages }) =>
    messages.flatMap(({ tool_calls = [] }) => tool_calls.map((call) => call.function.name)),
  )
  const counts: Record<string, number> = { '?': 1, get_chart: 1 }
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  assert.deepEqual((await importOpenAiChat({ ledger, file })).unclassified_tools, counts)

  const forgetful = clinicWith('page_on_call:', 'page_nobody:')
  const another = await newLedger(t)
  const report = await importOpenAiChat({ ledger: another, file: SAMPLE, registry: forgetful })
  assert.deepEqual(report.unclassified_tools, { page_on_call: 1 })
  const unclassified = (await recordsOf(another)).filter(({ resource_type }) => resource_type === 'unclassified')
  assert.deepEqual(
    unclassified.map(({ details, data_classification }) => [details?.tool, data_classification]),
    [['page_on_call', 'restricted']],
  )
})

test('a hundred tools that nobody registered are named', async (t) => {
  const ledger = await newLedger(t)
  const tool_calls = Array.from({ length: 101 }, (_, i) => callOf(`tool_${i}`))
  const line = { messages: [{ role: 'assistant', content: null, tool_calls: [...tool_calls, callOf('tool_0')] }] }
  const { unclassified_tools } = await importOpenAiChat({ ledger, file: fileOf([line]) })
  assert.equal(Object.keys(unclassified_tools).length, 100)
  assert.equal(unclassified_tools.tool_0, 2)
})

function callOf(name: string): NonNullable<ChatMessage['tool_calls']>[number] {
  return { id: 'a', type: 'function', function: { name, arguments: '{}' } }
}

function clinicWith(old: string, replacement: string): Registry {
  return parseRegistry(clinicText.replace(old, replacement), 'yaml', 'another.yaml')
}

/** Records by action of a whole file without a registry, counted from its messages. */
function naiveCountsOf(lines: readonly ChatLine[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const line of lines) {
    for (const [action, count] of Object.entries(naiveCounts(line))) total[action] = (total[action] ?? 0) + count
  }
  // Here every conversation begins with one system message, and a prompt that comes back is announced once.
  return { ...total, prompt_changed: new Set(lines.map(({ messages }) => messages[0]?.content)).size }
}

async function countsOf(ledger: Ledger): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { action } of await recordsOf(ledger)) counts[action] = (counts[action] ?? 0) + 1
  return counts
}

test('the sample gives as many records of each action as counting its messages gives', async (t) => {
  const ledger = await newLedger(t)
  await importOpenAiChat({ ledger, file: SAMPLE })
  assert.deepEqual(await countsOf(ledger), naiveCountsOf(sampleLines))
})

// Every run of 12 characters in the contents of messages is looked for in every key and text of every record. Hashes,
// ids and times are left out by their form; names of tools and errors, and what the registry points at, are meant.
const FORMS = /^(?:[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]{12}Z)$/

function leaks(records: readonly AuditRecord[], lines: readonly ChatLine[]): string[] {
  const meant = new Set<string>(
    lines.flatMap(({ messages }) =>
      messages.flatMap(({ tool_calls = [] }) => tool_calls.map((call) => call.function.name)),
    ),
  )
  for (const { resource_type, resource_id, subject_ids = [], details } of records) {
    for (const word of [resource_type, resource_id, ...subject_ids, details?.error_type]) meant.add(String(word))
  }
  const written = new Set(records.flatMap((record) => [...textsIn(record), ...keysIn(record)]))
  const windows = new Map<string, string>()
  for (const text of written) {
    if (!FORMS.test(text) && !meant.has(text)) for (const window of windowsOf(text)) windows.set(window, text)
  }
  const contents = new Set(
    lines.flatMap(({ messages }) =>
      messages.flatMap(({ content, tool_calls, error }) =>
        textsIn([content, error, tool_calls?.map((call) => call.function.arguments)]),
      ),
    ),
  )
  const found = new Set<string>()
  for (const content of contents) {
    for (const window of windowsOf(content)) {
      const text = windows.get(window)
      if (text !== undefined) found.add(text)
    }
  }
  return [...found]
}

function* windowsOf(text: string): Generator<string> {
  for (let i = 0; i + 12 <= text.length; i++) yield text.slice(i, i + 12)
}

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, member]) => [key, ...keysIn(member)])
}

test('twelve characters of a message of the sample stand in no record', async (t) => {
  const ledger = await newLedger(t)
  await importOpenAiChat({ ledger, file: SAMPLE, registry: clinic })
  const records = await recordsOf(ledger)
  assert.deepEqual(leaks(records, sampleLines), [])
  const [record] = records
  assert.ok(record !== undefined)
  const leaking = { ...record, details: { note: sampleLines[1]?.messages[1]?.content } }
  assert.equal(leaks([leaking], sampleLines).length, 1, 'and it would be found')
})

test('120 real trajectories are imported without refusal, as many records as messages, none with their text', async (t) => {
  const shared = sharedFolder()
  if (shared === undefined) return t.skip('no shared data beside the checkout')
  const file = join(shared, 'data/agent-trajectories/airline-gpt-4o.jsonl.gz')
  const lines = parseLines(gunzipSync(readFileSync(file)).toString())
  const ledger = await newLedger(t)
  const report = await importOpenAiChat({ ledger, file })
  assert.deepEqual([report.conversations, report.refused, lines.length], [120, [], 120])
  assert.deepEqual(report.unread_members, { task_id: 120, trial: 120 })
  assert.deepEqual(report.content, naiveSizeOf(lines))
  assert.deepEqual(await countsOf(ledger), naiveCountsOf(lines))
  assert.deepEqual(leaks(await recordsOf(ledger), lines), [])
  const { records } = await importOpenAiChat({ ledger, file })
  assert.deepEqual(records, { recorded: 0, duplicate: report.records.recorded, conflicts: 0 })
})

test('of 120 real trajectories, the registry of the airline knows every tool, and whose data each call touched', (t) => {
  const shared = sharedFolder()
  if (shared === undefined) return t.skip('no shared data beside the checkout')
  const text = readFileSync(join(import.meta.dirname, '../../../../examples/registry/airline.yaml'), 'utf8')
  const registry = parseRegistry(text, 'yaml', 'airline.yaml')
  const packed = readFileSync(join(shared, 'data/agent-trajectories/airline-gpt-4o.jsonl.gz'))
  const drafts = parseLines(gunzipSync(packed).toString()).flatMap((line) => draftsOf(line, { registry }))
  const touched = drafts.filter(({ action, outcome }) => action.startsWith('data_') && outcome === 'success')
  assert.ok(touched.length > 500)
  for (const { resource_type, details } of touched) {
    assert.notEqual(resource_type, 'unclassified')
    assert.deepEqual(
      Object.keys(details ?? {}).filter((name) => /_(?:unclaimed|digest)$/.test(name)),
      ['timestamp_unclaimed'],
    )
  }
})

test('importing any file twice adds nothing, also where the first time was cut short', async (t) => {
  const ledger = await newLedger(t)
  const lines = fc.array(
    chatLine.map(({ id, ...line }) => line),
    { minLength: 1, maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(), async (all, cut) => {
      const name = `${made++}.jsonl`
      const part = await importOpenAiChat({ ledger, file: fileOf(all.slice(0, cut % (all.length + 1)), name) })
      const rest = await importOpenAiChat({ ledger, file: fileOf(all, name) })
      const again = await importOpenAiChat({ ledger, file: fileOf(all, `${name}.gz`) })
      const recorded = part.records.recorded + rest.records.recorded
      assert.equal(rest.records.duplicate, part.records.recorded)
      assert.deepEqual(again.records, { recorded: 0, duplicate: recorded, conflicts: 0 })
    }),
    { numRuns: 15 },
  )
})

test('a longer export of a conversation adds what is new, behind what is there', async (t) => {
  const ledger = await newLedger(t)
  await importOpenAiChat({ ledger, file: fileOf([said('Good morning.', 'Good morning.')]) })
  const { records } = await importOpenAiChat({
    ledger,
    file: fileOf([said('Good morning.', 'Good morning.', 'Any news?')]),
  })
  assert.deepEqual(records, { recorded: 2, duplicate: 3, conflicts: 0 })
  assert.deepEqual(
    (await recordsOf(ledger)).map(({ action, conversation_seq }) => [action, conversation_seq]),
    [
      ['conversation_started', 0],
      ['user_message_received', 1],
      ['agent_response_generated', 2],
      ['conversation_ended', 3],
      ['user_message_received', 4],
      ['conversation_ended', 5],
    ],
  )
})

test('a conversation that was changed since is a conflict: recorded once, told with its line, and the first record stands', async (t) => {
  const ledger = await newLedger(t)
  const first = await importOpenAiChat({ ledger, file: fileOf([said('Take one a day.', 'Noted.')]) })
  assert.deepEqual(first.records, { recorded: 4, duplicate: 0, conflicts: 0 })
  const before = await recordsOf(ledger, 'user_message_received')
  for (const time of ['first', 'second']) {
    const { records, refused, refused_lines } = await importOpenAiChat({
      ledger,
      file: fileOf([{ ...said('Good morning.'), id: `other ${time}` }, said('Take two a day.', 'NOTED.')]),
    })
    assert.deepEqual(records, { recorded: 3, duplicate: 2, conflicts: 2 })
    assert.deepEqual(
      refused.map(({ line, path }) => ({ line, path })),
      [{ line: 2, path: 'id' }],
    )
    assert.match(refused[0]?.problem ?? '', /^2 records differ from what was recorded before/)
    assert.equal(refused_lines, 1)
    assert.equal((await recordsOf(ledger, 'append_conflicted')).length, 2, `the ${time} time`)
  }
  const after = await recordsOf(ledger, 'user_message_received')
  assert.deepEqual(
    after.filter(({ conversation_id }) => conversation_id === 'c-1'),
    before,
  )
})

test('two conversations with one id in one file are a conflict, not one conversation', async (t) => {
  const ledger = await newLedger(t)
  const { records, refused } = await importOpenAiChat({ ledger, file: fileOf([said('One.'), said('Two.')]) })
  assert.deepEqual(records, { recorded: 3, duplicate: 2, conflicts: 1 })
  assert.deepEqual(
    refused.map(({ line, path }) => ({ line, path })),
    [{ line: 2, path: 'id' }],
  )
})

test('another registry than the first time is a conflict of the records that it says something else of', async (t) => {
  const ledger = await newLedger(t)
  await importOpenAiChat({ ledger, file: SAMPLE, registry: clinic })
  const stricter = clinicWith('data_classification: internal', 'data_classification: restricted')
  const { records, content } = await importOpenAiChat({ ledger, file: SAMPLE, registry: stricter })
  const before = new Map(sampleDrafts(clinic).map((draft) => [draft.id, JSON.stringify(draft)]))
  const differing = sampleDrafts(stricter).filter((draft) => before.get(draft.id) !== JSON.stringify(draft))
  assert.deepEqual(
    differing.map(({ action, details }) => [action, details?.tool]),
    ['tool_invoked', 'tool_completed', 'data_accessed'].map((action) => [action, 'find_slots']),
  )
  assert.deepEqual(records, { recorded: 0, duplicate: before.size - 3, conflicts: 3 })
  assert.deepEqual(content, NOTHING_SEALED)
})

test('a registry that knows of one touch more adds its records, and leaves the others', async (t) => {
  const ledger = await newLedger(t)
  const lines = [{ id: 'c-1', messages: [{ role: 'assistant', content: null, tool_calls: [callOf('look')] }, answer] }]
  const touch = (resource_type: string): object => ({ access: 'read', resource_type })
  const look = (...touches: readonly object[]): Registry =>
    parseRegistry(JSON.stringify({ version: 1, revision: 'x', tools: { look: { touches } } }), 'json', 'x.json')
  await importOpenAiChat({ ledger, file: fileOf(lines), registry: look(touch('a')) })
  const { records } = await importOpenAiChat({ ledger, file: fileOf(lines), registry: look(touch('a'), touch('b')) })
  assert.deepEqual(records, { recorded: 1, duplicate: 5, conflicts: 0 })
})

const answer: ChatMessage = { role: 'tool', tool_call_id: 'a', content: 'done' }

test('broken lines are told with number and path, and the good ones around them are recorded', async (t) => {
  const ledger = await newLedger(t)
  const file = fileOf([
    { ...said('One.'), id: 'a' },
    '{"messages": [{"role": "user", "content": "Two."',
    '',
    { id: 'b', messages: [...said('Three.').messages, { role: 'wizard', content: '' }] },
    '{"id": "c", "id": "d", "messages": []}',
    '{"messages": [{"role": "user", "content": "\\ud83d"}]}',
    { ...said('Four.'), id: 'e' },
  ])
  const report = await importOpenAiChat({ ledger, file })
  assert.deepEqual(report.refused, [
    {
      line: 2,
      path: 'messages[0]',
      problem: 'is not JSON: expected "," or "}" but found the end of the text at offset 48',
    },
    {
      line: 4,
      path: 'messages[1].role',
      problem: '"wizard" is unknown; a role is one of system, developer, user, assistant, tool, function',
    },
    { line: 5, path: 'id', problem: 'is not JSON: this key stands twice' },
    {
      line: 6,
      path: 'messages[0].content',
      problem: 'is not JSON: text holds a lone surrogate, which is no Unicode character',
    },
  ])
  assert.deepEqual([report.conversations, report.refused_lines, report.records.recorded], [2, 4, 6])
  assert.deepEqual(
    new Set((await recordsOf(ledger)).map(({ conversation_id }) => conversation_id)),
    new Set(['a', 'e']),
  )
})

test('a packed file that was cut gives the conversations before the cut, and says where it ends', async (t) => {
  const ledger = await newLedger(t)
  const packed = gzipSync(readFileSync(SAMPLE), { level: 0 })
  const file = join(folder, 'cut.jsonl.gz')
  writeFileSync(file, packed.subarray(0, packed.length / 2))
  const report = await importOpenAiChat({ ledger, file, registry: clinic })
  assert.ok(report.conversations >= 3 && report.conversations < 8)
  const problem = 'the gzip data ends too early: the rest of the file is missing'
  assert.deepEqual(report.refused, [{ line: report.conversations + 1, path: '', problem }])
  assert.equal((await recordsOf(ledger, 'conversation_ended')).length, report.conversations)
})

test('a conversation longer than what is under way at once keeps its order', async (t) => {
  const ledger = await newLedger(t)
  const contents = Array.from({ length: 1300 }, (_, i) => `message ${i}`)
  const { records } = await importOpenAiChat({ ledger, file: fileOf([said(...contents)]) })
  assert.equal(records.recorded, 1302)
  const found = await recordsOf(ledger)
  assert.deepEqual(
    found.map(({ conversation_seq }) => conversation_seq),
    found.map((_, i) => i),
  )
  assert.deepEqual(
    found.slice(1, -1).map(({ details }) => details?.message_index),
    contents.map((_, i) => i),
  )
})

test('no more content is under way at once than 8 MiB and one draft', async (t) => {
  const ledger = await newLedger(t)
  const text = 'x'.repeat(3 * 2 ** 20)
  const lines = Array.from({ length: 8 }, (_, i) => ({ ...said(text), id: `c-${i}` }))
  const sealed: number[] = []
  const onProgress = ({ content }: ImportProgress): number => sealed.push(content.bytes / text.length)
  const { content } = await importOpenAiChat({ ledger, file: fileOf(lines), onProgress })
  assert.deepEqual(sealed, [3, 6, 8, 8])
  assert.deepEqual(content, { bodies: 8, bytes: 8 * text.length })
})

test('progress only grows, and ends with what the report says', async (t) => {
  const ledger = await newLedger(t)
  const heard: ImportProgress[] = []
  const file = fileOf([
    ...Array.from({ length: 400 }, (_, i) => ({ ...said('Good morning.'), id: `c-${i}` })),
    'broken',
  ])
  const report = await importOpenAiChat({ ledger, file, onProgress: (progress) => heard.push(progress) })
  const size = readFileSync(file).length
  const { conversations, records, content, refused_lines } = report
  assert.deepEqual(heard.at(-1), {
    conversations,
    records,
    content,
    refused_lines,
    bytes_read: size,
    bytes_total: size,
  })
  assert.ok(heard.length >= 3)
  for (const [i, { records, bytes_read, conversations }] of heard.entries()) {
    const before = heard[i - 1]
    if (before === undefined) continue
    assert.ok(
      records.recorded >= before.records.recorded &&
        bytes_read >= before.bytes_read &&
        conversations >= before.conversations,
    )
  }
})

test('ten thousand refusals are listed, all are counted', async (t) => {
  const ledger = await newLedger(t)
  const report = await importOpenAiChat({ ledger, file: fileOf(Array(10_002).fill('x')) })
  assert.deepEqual([report.refused.length, report.refused_lines, report.refused.at(-1)?.line], [10_000, 10_002, 10_000])
})

test('a file that is not there is a fault, and nothing is recorded', async (t) => {
  const ledger = await newLedger(t)
  const missing = importOpenAiChat({ ledger, file: join(folder, 'none.jsonl') })
  await assert.rejects(missing, { name: 'ImportFault', problem: /cannot be read: ENOENT/ })
  assert.deepEqual(await recordsOf(ledger), [])
})

test('a ledger that cannot record ends the import with its own error', async (t) => {
  const ledger = await newLedger(t)
  await ledger.close()
  await assert.rejects(importOpenAiChat({ ledger, file: SAMPLE }), { name: 'LedgerError', code: 'ledger-closed' })
})
