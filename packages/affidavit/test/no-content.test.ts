// P7: no sealed content, no personal id and no identifier that a detector knows is in any byte that a ledger leaves behind,
// in the database, its WAL, the keyring, the checkpoint log or an export.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { detectStructured } from '../src/classify/structured.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { exportLedger } from '../src/evidence/export.ts'
import type { Draft } from '../src/formats/fields.ts'
import { importOpenAiChat } from '../src/imports/import-file.ts'
import { parseRegistry } from '../src/registry/parse.ts'
import type { Registry } from '../src/registry/registry.ts'
import { sharedFolder } from './shared-vectors.ts'

const home = join(import.meta.dirname, '..')
const root = mkdtempSync(join(tmpdir(), 'affidavit-no-content-'))
after(() => rmSync(root, { recursive: true, force: true }))
const registry = parseRegistry(readFileSync(join(home, 'demo/clinic-registry.yaml'), 'utf8'), 'yaml', 'clinic.yaml')
const SAMPLE = join(home, 'demo/clinic-conversations.jsonl')
const airline = parseRegistry(
  readFileSync(join(home, '../../examples/registry/airline.yaml'), 'utf8'),
  'yaml',
  'airline.yaml',
)

/** Everything that a folder holds, file by file. */
function bytesBelow(folder: string): { name: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => ({ name: file.name, bytes: readFileSync(join(file.parentPath, file.name)) }))
}

/** The texts of messages, arguments and results, in pieces long enough to be nothing else. */
function wordsIn(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    for (let at = 0; at + 24 <= value.length; at += 24) into.add(value.slice(at, at + 24))
  } else if (Array.isArray(value)) for (const one of value) wordsIn(one, into)
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) wordsIn(one, into)
}

function textsOf(conversation: { messages: readonly object[] }): Set<string> {
  const words = new Set<string>()
  for (const message of conversation.messages) {
    for (const name of ['content', 'refusal', 'error']) wordsIn(Reflect.get(message, name), words)
    for (const call of Reflect.get(message, 'tool_calls') ?? []) wordsIn(Object(call).function?.arguments, words)
  }
  return words
}

async function assertNothingLeaks(
  name: string,
  files: readonly string[],
  { registry, identifiers }: { readonly registry: Registry; readonly identifiers: readonly string[] },
): Promise<void> {
  const folder = join(root, name)
  await initLedger(folder, { origin: 'p7.example/clinic' })
  const words = new Set<string>()
  {
    await using ledger = await openFolder(folder, { registry })
    for (const file of files) {
      await importOpenAiChat({ ledger, file, registry })
      const text = file.endsWith('.gz') ? gunzipSync(readFileSync(file)).toString() : readFileSync(file, 'utf8')
      for (const line of text.split('\n'))
        if (line.trim() !== '') for (const word of textsOf(JSON.parse(line))) words.add(word)
    }
    await exportLedger(ledger, { out: join(root, `${name}-export`), filter: {}, timeZone: 'UTC' })
    // While it is open: the WAL too.
    cpSync(folder, join(root, `${name}-open`), { recursive: true })
  }
  assert.ok(words.size > 50)
  assertIn([folder, `${folder}-open`, `${folder}-export`], [...words, ...identifiers])
}

function assertIn(folders: readonly string[], needles: readonly string[]): void {
  const found = foundIn(Buffer.concat(folders.flatMap(bytesBelow).map(({ bytes }) => bytes)), needles)
  assert.deepEqual(found.slice(0, 5), [], `${found.length} texts are in clear`)
}

/** Those that occur, in one pass over the bytes however many there are: by their first four bytes. */
function foundIn(haystack: Buffer, needles: readonly string[]): string[] {
  const byHead = new Map<number, Buffer[]>()
  const heads = new Uint8Array(1 << 24)
  for (const needle of new Set(needles)) {
    const bytes = Buffer.from(needle)
    const head = bytes.readUInt32LE(0)
    heads[head & 0xffffff] = 1
    const alike = byHead.get(head)
    if (alike === undefined) byHead.set(head, [bytes])
    else alike.push(bytes)
  }
  const found = new Set<Buffer>()
  for (let at = 0; at + 4 <= haystack.length; at++) {
    if (heads[haystack.readUIntLE(at, 3)] === 0) continue
    for (const needle of byHead.get(haystack.readUInt32LE(at)) ?? []) {
      if (needle.equals(haystack.subarray(at, at + needle.length))) found.add(needle)
    }
  }
  return [...found].map(String)
}

test('of the sample, no word that was said and no id of a person is in any byte', async () => {
  const persons = ['PT-20417', 'PT-20533', 'nurse-11', 'nurse-07', 'it-lead-01', 'Marigold Thimbleby']
  await assertNothingLeaks('sample', [SAMPLE], { registry, identifiers: persons })
})

test('the search for what leaks finds what is there', () => {
  assert.throws(() => assertIn([join(home, 'demo')], ['PT-20417']), /1 texts are in clear/)
})

test('the search for what leaks finds what a plain search finds', () => {
  const haystack = readFileSync(SAMPLE)
  const random = Array.from({ length: 2_000 }, (_, i) => String(haystack.subarray(i * 7, i * 7 + 4 + (i % 40))))
  const needles = [...random, ...random.map((text) => `${text.slice(0, -1)}\u0001`), String(haystack.subarray(-9))]
  const plainly = [...new Set(needles)].filter((needle) => haystack.includes(needle))
  assert.deepEqual(foundIn(haystack, needles).sort(), plainly.sort())
  assert.ok(plainly.length > 1_000 && plainly.length < needles.length)
})

test('of 120 real trajectories, no word that was said is in any byte', async (t) => {
  const shared = sharedFolder()
  if (shared === undefined) return t.skip('the shared data is not here')
  const file = join(shared, 'data/agent-trajectories/airline-gpt-4o.jsonl.gz')
  await assertNothingLeaks('trajectories', [file], { registry: airline, identifiers: [] })
})

test('of 1,500 sentences about persons, no word that is content, and no identifier in details, is in any byte', async (t) => {
  const shared = sharedFolder()
  if (shared === undefined) return t.skip('the shared data is not here')
  const lines = readFileSync(join(shared, 'data/pii/presidio-synth-v2.dev.jsonl'), 'utf8').trim().split('\n')
  const sentences = lines.map((line): string => JSON.parse(line).text)
  const content = (body: string) => ({ content: [{ name: 'message', media_type: 'text/plain', body }] })
  const said = await recordEach('sentences', sentences.map(content))
  assertIn(
    said,
    sentences.filter((sentence) => sentence.length >= 24),
  )
  // A name alone has no form: in details whatever has one is masked.
  const noted = await recordEach(
    'notes',
    sentences.map((note) => ({ details: { note } })),
  )
  const identifiers = sentences.flatMap((text) =>
    detectStructured(text).map(({ start, end }) => text.slice(start, end)),
  )
  assertIn(
    noted,
    identifiers.filter((identifier) => identifier.length >= 8),
  )
})

/** A ledger of these, as it lies while it is open, and after. */
async function recordEach(name: string, fields: readonly Partial<Draft>[]): Promise<readonly string[]> {
  const folder = join(root, name)
  await initLedger(folder, { origin: 'p7.example/clinic' })
  await using ledger = await openFolder(folder)
  const drafts = fields.map(
    (more): Draft => ({ action: 'tool_completed', actor_id: 'agent-1', actor_type: 'agent', ...more }),
  )
  for (const outcome of await ledger.appendMany(drafts)) assert.equal(outcome.state, 'recorded')
  cpSync(folder, `${folder}-open`, { recursive: true })
  await ledger.close()
  return [folder, `${folder}-open`]
}
