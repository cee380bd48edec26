import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { tilesOf } from '../../test/export-forge.ts'
import { inspectExport } from '../../test/oracle/naive-export.ts'
import { utf8 } from '../bytes/text.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseCheckpointLog } from '../formats/checkpoint-log.ts'
import type { ExportCover } from '../formats/export.ts'
import type { Draft } from '../formats/fields.ts'
import { parseVerifierKey } from '../formats/verifier-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { verifyExport } from '../verify/export.ts'
import type { Report } from '../verify/report.ts'
import type { Trust } from '../verify/trust.ts'
import { type ExportRequest, exportLedger } from './export.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-export-'))
after(() => rmSync(root, { recursive: true, force: true }))
let names = 0

function newPath(): string {
  return join(root, String(names++))
}

/** A ledger that publishes when it is told to. */
async function newLedger(clock = fixedClock()): Promise<Ledger> {
  const folder = newPath()
  await initLedger(folder, { origin: 'clinic.example/agents' })
  return openFolder(folder, { clock, publish: { intervalMillis: 1e9, afterEntries: 1e9 } })
}

function drafts(producer_id: string, count: number): Draft[] {
  return Array.from({ length: count }, (_, i) => ({
    action: i % 3 === 0 ? 'data_accessed' : 'tool_invoked',
    actor_id: `agent-${i % 2}`,
    actor_type: 'agent',
    conversation_id: `conversation-${i % 7}`,
    resource_type: 'patient_record',
    resource_id: `resource-${i % 5}`,
    subject_ids: [`subject-${i % 4}`, 'subject-x'],
    parent_id: `0193f5a2-7bff-7f00-8000-00000000000${i % 3}`,
    producer_id,
    producer_seq: i,
    details: { text: 'Zoë said “no” 😀', number: i },
  }))
}

// Each run is a producer of its own, so that no number is missing where the ledger records something itself.
async function grow(ledger: Ledger, size: number): Promise<void> {
  const { size: now } = await ledger.health()
  const outcomes = await ledger.appendMany(drafts(`process-${now}`, size - now))
  assert.ok(outcomes.every(({ state }) => state === 'recorded'))
}

interface Exported {
  readonly out: string
  readonly cover: ExportCover
}

async function exported(ledger: Ledger, request: Partial<ExportRequest> = {}): Promise<Exported> {
  const asked = { out: newPath(), filter: {}, timeZone: 'UTC', ...request }
  return { out: asked.out, cover: await exportLedger(ledger, asked) }
}

function pinned(vkey: string): Trust {
  const key = parseVerifierKey(vkey)
  if ('code' in key) throw new Error(key.code)
  return { kind: 'pinned', keys: [key] }
}

async function judge({ out }: Exported, vkey: string): Promise<Report> {
  const report = await verifyExport(out, { trust: pinned(vkey), anchors: [] })
  assert.deepEqual(report.findings, [])
  return report
}

function linesIn({ out }: Exported, name = 'entries.jsonl'): string[] {
  return readFileSync(join(out, name), 'utf8').split('\n').slice(0, -1)
}

function filesIn({ out }: Exported): string[] {
  const items = readdirSync(out, { recursive: true, withFileTypes: true })
  return items
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(out.length + 1))
    .sort()
}

function isCode(code: LedgerError['code']): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code
}

test('exports of a growing ledger verify, and a naive reader agrees', async () => {
  await using ledger = await newLedger()
  const vkey = await ledger.verifierKey()
  for (const size of [1, 2, 255, 256, 257, 600]) {
    await grow(ledger, size)
    const made = await exported(ledger)
    const report = await judge(made, vkey)
    assert.deepEqual([report.status, report.records_checked], ['valid', size])
    assert.equal(inspectExport(made.out, vkey), size)
    const tiles = tilesOf(linesIn(made).map(utf8))
    for (const [path, bytes] of tiles) assert.deepEqual(readFileSync(join(made.out, path)), Buffer.from(bytes), path)
    const others = ['checkpoint', 'entries.jsonl', 'export.json', 'export.note', 'keys.jsonl', 'log.vkey']
    assert.deepEqual(filesIn(made), [...others, ...tiles.keys()].sort())
    assert.equal(linesIn(made, 'keys.jsonl')[0], linesIn(made)[0])
  }
})

test('an export of more entries than one tile of level 1 covers verifies', async (t) => {
  if (process.env.AFFIDAVIT_SOAK !== '1') return t.skip('long; AFFIDAVIT_SOAK=1 runs it')
  await using ledger = await newLedger()
  await grow(ledger, 70_000)
  const made = await exported(ledger)
  const report = await judge(made, await ledger.verifierKey())
  assert.deepEqual([report.status, report.records_checked], ['valid', 70_000])
  assert.ok(existsSync(join(made.out, 'tile/2/000.p/1')))
})

test('a cover says what was asked, by whom, why, when, and as of which entry', async () => {
  const now = Date.UTC(2026, 10, 22, 8)
  await using ledger = await newLedger()
  await grow(ledger, 9)
  const seen: [number, number][] = []
  const { cover } = await exported(ledger, {
    requester: 'auditor A',
    reason: 'quarterly review',
    timeZone: 'Europe/Zurich',
    now,
    onProgress: (done, total) => seen.push([done, total]),
  })
  const { files, root_hash: _, ...said } = cover
  assert.deepEqual(said, {
    origin: ledger.origin,
    query: {},
    as_of_seq: 8,
    tree_size: 9,
    requester: 'auditor A',
    reason: 'quarterly review',
    time_zone: 'Europe/Zurich',
    exported_at: '2026-11-22T08:00:00.000Z',
    count: 9,
    first_seq: 0,
    last_seq: 8,
  })
  assert.deepEqual(Object.keys(files).sort(), ['checkpoint', 'entries.jsonl', 'keys.jsonl', 'log.vkey'])
  assert.deepEqual(seen.at(-1), [9, 9])
})

describe('filtered exports', () => {
  let ledger: Ledger
  let vkey: string
  before(async () => {
    ledger = await newLedger()
    vkey = await ledger.verifierKey()
    await grow(ledger, 600)
  })
  after(() => ledger.close())

  const filters: EntryFilter[] = [
    { conversation_id: 'conversation-3' },
    { actor_id: 'agent-1' },
    { action: 'data_accessed' },
    { resource_type: 'patient_record', resource_id: 'resource-4' },
    { subject_id: 'subject-2' },
    { parent_id: '0193f5a2-7bff-7f00-8000-000000000001', action: 'tool_invoked' },
    { from_seq: 255, until_seq: 258 },
    { from_seq: 599 },
    { from: '2026-11-21T09:30:00.000Z', until: '2026-11-21T09:30:00.001Z' },
    { recorded_from: '2026-11-21T09:30:00.000Z', actor_id: 'agent-0' },
  ]
  for (const filter of filters) {
    test(`by ${JSON.stringify(filter)}: the entries that a search finds, valid, completeness not claimed`, async () => {
      const found: number[] = []
      for await (const { seq } of ledger.search(filter)) found.push(seq)
      const made = await exported(ledger, { filter })
      assert.deepEqual(
        linesIn(made).map((line) => JSON.parse(line).seq),
        found,
      )
      assert.deepEqual([made.cover.count, made.cover.query], [found.length, await ledger.recordedFilter(filter)])
      const report = await judge(made, vkey)
      assert.deepEqual([report.status, report.records_checked], ['valid', found.length])
      assert.equal(report.axes.completeness.verdict, 'not claimed')
    })
  }

  test('by an id', async () => {
    const record = await ledger.at(300)
    assert.ok(record !== undefined)
    const made = await exported(ledger, { filter: { id: record.id } })
    assert.deepEqual([made.cover.first_seq, made.cover.last_seq, made.cover.count], [300, 300, 1])
    assert.equal((await judge(made, vkey)).status, 'valid')
  })

  test('that nothing fits: empty, and no first or last entry', async () => {
    const made = await exported(ledger, { filter: { actor_id: 'agent-1', from: '2036-11-21T00:00:00.000Z' } })
    assert.deepEqual([made.cover.count, 'first_seq' in made.cover], [0, false])
    assert.equal((await judge(made, vkey)).status, 'empty')
  })

  test('by an id that stands in no record: refused, so that no cover says whom somebody asked for', async () => {
    for (const field of ['actor_id', 'resource_id', 'conversation_id', 'subject_id']) {
      const asked = exported(ledger, { filter: { [field]: 'somebody-else' } })
      await assert.rejects(asked, { code: 'not-found', path: field })
    }
  })
})

describe('replaced keys', () => {
  test('an export verifies under every key that the ledger ever had', async () => {
    await using ledger = await newLedger()
    const keys = [await ledger.verifierKey()]
    for (let i = 0; i < 2; i++) {
      await grow(ledger, 3 * (i + 1))
      keys.push((await ledger.rotateKey()).verifierKey)
    }
    for (const filter of [{}, { actor_id: 'agent-1' }]) {
      const made = await exported(ledger, { filter })
      assert.ok('rotations.log' in made.cover.files)
      assert.equal(linesIn(made, 'keys.jsonl').length, 3)
      assert.equal(readFileSync(join(made.out, 'log.vkey'), 'utf8'), `${keys[2]}\n`)
      for (const key of keys) assert.equal((await judge(made, key)).status, 'valid')
    }
  })

  test('a change that was announced twice is sworn to once', async () => {
    await using ledger = await newLedger()
    await ledger.rotateKey()
    const twice: Ledger = {
      ...ledger,
      async *entries(filter, options) {
        for await (const stored of ledger.entries(filter, options)) {
          yield stored
          if (filter?.action === 'key_rotated') yield stored
        }
      },
    }
    const made = await exported(twice)
    const log = parseCheckpointLog(readFileSync(join(made.out, 'rotations.log')))
    assert.ok(!('code' in log))
    assert.equal(log.records.length, 1)
  })

  test('a change that is sworn to only behind the export is not in it', async () => {
    await using ledger = await newLedger()
    await ledger.rotateKey()
    const early: Ledger = {
      ...ledger,
      async *checkpoints(after) {
        for await (const checkpoint of ledger.checkpoints(after)) yield { ...checkpoint, size: checkpoint.size + 100 }
      },
    }
    assert.ok(!('rotations.log' in (await exported(early)).cover.files))
  })

  test('a key that is replaced between checkpoint and statement fails the export, and nothing is left', async () => {
    await using ledger = await newLedger()
    const elsewhere = await newLedger()
    const swapped = { ...ledger, signStatement: (text: string) => elsewhere.signStatement(text) }
    await refused(swapped, 'not-exported')
    await elsewhere.close()
  })

  test('a checkpoint that the key in force has not signed is not exported', async () => {
    await using ledger = await newLedger()
    const elsewhere = await newLedger()
    await refused({ ...ledger, verifierKey: () => elsewhere.verifierKey() }, 'not-published')
    await elsewhere.close()
  })
})

async function refused(ledger: Ledger, code: LedgerError['code'], request: Partial<ExportRequest> = {}): Promise<void> {
  const parent = newPath()
  mkdirSync(parent)
  const out = join(parent, 'export')
  await assert.rejects(exportLedger(ledger, { out, filter: {}, timeZone: 'UTC', ...request }), isCode(code))
  assert.deepEqual(readdirSync(parent), [], 'nothing is left')
}

test('entries that arrive while the export is written are not in it', async () => {
  await using ledger = await newLedger()
  await grow(ledger, 5)
  const busy: Ledger = {
    ...ledger,
    async publish() {
      const checkpoint = await ledger.publish()
      await grow(ledger, 20)
      return checkpoint
    },
  }
  const made = await exported(busy)
  assert.deepEqual([made.cover.count, made.cover.as_of_seq], [5, 4])
  assert.equal((await judge(made, await ledger.verifierKey())).status, 'valid')
})

test('the checkpoint carries the newest heartbeat of an idle ledger, and no more', async () => {
  const clock = fixedClock()
  await using ledger = await newLedger(clock)
  const checkpoint = await ledger.publish()
  const idle: Ledger = {
    ...ledger,
    publish: async () => ({ ...checkpoint, cosignatures: heartbeats(checkpoint.note, 150) }),
  }
  const made = await exported(idle)
  assert.equal(linesIn(made, 'checkpoint').filter((line) => line.includes('/heartbeat ')).length, 2)
  assert.equal((await judge(made, await ledger.verifierKey())).status, 'valid')
})

// Ed25519 repeats itself: the same line again stands for lines with later times.
function heartbeats(note: string, count: number): string[] {
  const line = note.trimEnd().split('\n').at(-1) ?? ''
  return Array.from({ length: count }, () => line)
}

describe('an export that fails', () => {
  let ledger: Ledger
  before(async () => {
    ledger = await newLedger()
    await grow(ledger, 300)
  })
  after(() => ledger.close())

  test('where a tile cannot be read, leaves nothing', () =>
    refused(
      { ...ledger, tile: () => Promise.reject(new LedgerError('store-corrupt', { problem: 'x' })) },
      'store-corrupt',
    ))

  test('where an entry has other bytes than were hashed, leaves nothing', () =>
    refused(
      {
        ...ledger,
        async *entries(filter, options) {
          for await (const stored of ledger.entries(filter, options)) {
            yield stored.seq === 200 ? { ...stored, entry: Buffer.concat([stored.entry, Buffer.of(0x20)]) } : stored
          }
        },
      },
      'store-corrupt',
    ))

  test('where an entry is missing, leaves nothing', () =>
    refused(
      {
        ...ledger,
        async *entries(filter, options) {
          for await (const stored of ledger.entries(filter, options)) if (stored.seq !== 200) yield stored
        },
      },
      'store-corrupt',
    ))

  test('where a folder in the way is a file, says that it could not be written', async () => {
    const file = newPath()
    writeFileSync(file, '')
    await assert.rejects(exported(ledger, { out: join(file, 'export') }), isCode('not-exported'))
  })

  test('where the disk is full, leaves nothing', async (t) => {
    const disk = newPath()
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'affidavit-test', disk], { stdio: 'ignore' })
    } catch {
      return t.skip('no right to mount a small disk here')
    }
    try {
      await assert.rejects(exported(ledger, { out: join(disk, 'export') }), isCode('not-exported'))
      assert.deepEqual(readdirSync(disk), [])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe('the wanted folder', () => {
  test('is left alone where something is in it', async () => {
    await using ledger = await newLedger()
    const made = await exported(ledger)
    const files = filesIn(made)
    await assert.rejects(exported(ledger, { out: made.out }), isCode('export-exists'))
    assert.deepEqual(filesIn(made), files)
    assert.equal((await judge(made, await ledger.verifierKey())).status, 'valid')
  })

  test('is left alone where it is a file', async () => {
    await using ledger = await newLedger()
    const out = newPath()
    writeFileSync(out, 'mine')
    await assert.rejects(exported(ledger, { out }), isCode('export-exists'))
    assert.equal(readFileSync(out, 'utf8'), 'mine')
  })

  test('may be there where it is empty, and its parents may be missing', async () => {
    await using ledger = await newLedger()
    const empty = newPath()
    mkdirSync(empty)
    for (const out of [empty, join(newPath(), 'deep/down')]) {
      assert.equal((await judge(await exported(ledger, { out }), await ledger.verifierKey())).status, 'valid')
    }
  })
})

describe('refused requests, before anything is written', () => {
  let ledger: Ledger
  before(async () => {
    ledger = await newLedger()
  })
  after(() => ledger.close())

  const requests: [name: string, request: Partial<ExportRequest>][] = [
    ['an empty requester', { requester: '' }],
    ['a requester with a control character', { requester: 'a\nb' }],
    ['a requester of a novel', { requester: 'x'.repeat(257) }],
    ['a reason of a novel', { reason: 'x'.repeat(2_001) }],
    ['a time zone that is none', { timeZone: 'Middle/Earth' }],
    ['half a character in a filter', { filter: { actor_id: '\ud800' } }],
    ['a time in another spelling', { filter: { from: '2026-11-21' } }],
    ['a seq that is none', { filter: { from_seq: -1 } }],
  ]
  for (const [name, request] of requests) {
    test(name, () => refused(ledger, 'invalid-query', request))
  }
})

test('the tiles of a ledger are handed on as far as it goes', async () => {
  await using ledger = await newLedger()
  await grow(ledger, 300)
  const partial = await ledger.tile({ level: 0, index: 1, width: 44 })
  assert.equal(partial.length, 44 * 32)
  assert.deepEqual(await ledger.tile({ level: 0, index: 1, width: 5 }), partial.subarray(0, 5 * 32))
  await assert.rejects(ledger.tile({ level: 0, index: 1, width: 45 }), isCode('not-found'))
  await assert.rejects(ledger.tile({ level: 2, index: 0, width: 1 }), isCode('not-found'))
  await assert.rejects(ledger.tile({ level: 0, index: 0, width: 257 }), RangeError)
})

test('the chain of an export is followed with sha256sum, as the documents show', async (t) => {
  if (!hasCommand('sha256sum') || !hasCommand('bash')) return t.skip('no sha256sum or bash here')
  await using ledger = await newLedger()
  await grow(ledger, 20)
  const made = await exported(ledger)
  // For each line: the SHA-256 of a zero byte and the line is the previous_hash of the next line.
  const script = `
    hash=
    while IFS= read -r line; do
      case "$line" in *'"previous_hash":"'"$hash"'"'*) ;; *) echo "broken at: $line"; exit 1 ;; esac
      hash=$( { printf '\\0'; printf '%s' "$line"; } | sha256sum | cut -d ' ' -f 1 )
    done < "$1"
    echo "$hash"`
  const follow = (): string =>
    execFileSync('bash', ['-c', script, 'bash', join(made.out, 'entries.jsonl')], { encoding: 'utf8' })
  assert.equal(follow().trim(), (await ledger.at(19))?.integrity_hash)
  const lines = linesIn(made)
  writeFileSync(join(made.out, 'entries.jsonl'), `${lines.toSpliced(7, 1).join('\n')}\n`)
  assert.throws(follow)
})

function hasCommand(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
