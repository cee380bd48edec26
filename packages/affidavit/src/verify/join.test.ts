import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { naiveTree } from '../../test/oracle/naive-tree.ts'
import { asRow, rewritten, SAMPLE_ORIGIN, type SampleEntry, sampleLog, verifyChunk } from '../../test/sample-log.ts'
import { toHex } from '../bytes/hex.ts'
import { parseEntry } from '../formats/entry.ts'
import type { Draft } from '../formats/fields.ts'
import { createGrowth, emptyFrontier } from '../merkle/growth.ts'
import { leafHash } from '../merkle/hash.ts'
import type { ChunkTask } from './chunk.ts'
import { type JoinedLog, joinChunks, planChunks } from './join.ts'
import { gapsOf } from './numbers.ts'
import { report } from './report.ts'

const GOOD = { verdict: 'good', says: 'good' }
const AXES = { content: GOOD, order: GOOD, completeness: GOOD, signer: GOOD, time: GOOD, anchor: GOOD }

function verify(rows: readonly SampleEntry[], size: number, width: number, sizes: readonly number[] = []): JoinedLog {
  const lookback = (conversation_id: string, conversation_seq: number): string | undefined => {
    const found = rows.find(({ entry }) => {
      const parsed = parseEntry(entry)
      if ('fault' in parsed) return false
      return parsed.entry.conversation_id === conversation_id && parsed.entry.conversation_seq === conversation_seq
    })
    return found === undefined ? undefined : toHex(leafHash(found.entry))
  }
  const verifyOne = (task: ChunkTask): ReturnType<typeof verifyChunk> =>
    verifyChunk(task, rows.filter(({ seq }) => seq >= task.from && seq < task.to).map(asRow), lookback, () => [])
  return joinChunks(planChunks(SAMPLE_ORIGIN, size, sizes, width).map(verifyOne).reverse())
}

/** What a report says of a joined log. */
function verdict(joined: JoinedLog): object {
  const { status, broken_at } = report({
    subject: { kind: 'ledger' },
    checked: joined.checked,
    findings: joined.findings,
    axes: AXES,
    notChecked: [],
    entries: 'some',
  })
  const { size, checked, roots, holedFrom, producers, keyEntries, uninterpreted } = joined
  const wanted = [...roots].filter(([at]) => at === size || at % 5 === 0).sort(([a], [b]) => a - b)
  return {
    status,
    broken_at,
    size,
    checked,
    holedFrom,
    uninterpreted,
    roots: wanted.map(([at, root]) => [at, toHex(root)]),
    gaps: [...producers].sort().map(([producer, numbers]) => [producer, gapsOf(numbers, 0)]),
    keys: keyEntries.map(({ seq }) => seq),
  }
}

const draft: fc.Arbitrary<Partial<Draft>> = fc
  .tuple(
    fc.record(
      {
        conversation_id: fc.constantFrom('c1', 'c2', 'c3'),
        action: fc.constantFrom('tool_invoked', 'key_rotated', 'data_accessed'),
      },
      { requiredKeys: [] },
    ),
    fc.option(fc.record({ producer_id: fc.constantFrom('p1', 'p2'), producer_seq: fc.nat(9) }), { nil: {} }),
  )
  .map(([fields, producer]) => ({ ...fields, ...producer }))
const log = fc.array(draft, { minLength: 1, maxLength: 40 }).map((drafts) => sampleLog(drafts))
const width = fc.constantFrom(1, 2, 4, 8, 16)
const fives = [5, 10, 15, 20, 25, 30, 35, 40]

test('an honest log in stretches of any width says what it says in one, with the roots of the naive tree', () => {
  fc.assert(
    fc.property(log, width, (rows, entries) => {
      const inParts = verify(rows, rows.length, entries, fives)
      assert.deepEqual(inParts.findings.first, [])
      assert.deepEqual(verdict(inParts), verdict(verify(rows, rows.length, 64, fives)))
      const tree = naiveTree(rows.map(({ entry }) => entry))
      for (const [size, root] of inParts.roots) assert.deepEqual(Buffer.from(root), Buffer.from(tree.root(0, size)))
      assert.ok(inParts.roots.has(rows.length))
    }),
    { numRuns: 60 },
  )
})

type Lie = (rows: readonly SampleEntry[], at: number) => SampleEntry[]

const LIES: ReadonlyMap<string, Lie> = new Map([
  [
    'an entry is altered',
    (rows, at) => edit(rows, at, ({ entry }) => ({ entry: rewritten(entry, { actor_id: 'x' }) })),
  ],
  ['an entry is altered with its hash', (rows, at) => edit(rows, at, withItsHash)],
  ['an entry is removed', (rows, at) => rows.filter(({ seq }) => seq !== at)],
  ['two entries change places', (rows, at) => exchanged(rows, at)],
  ['stored nodes are cut', (rows, at) => edit(rows, at, ({ nodes }) => ({ nodes: nodes.subarray(0, -1) }))],
  ['stored nodes are longer', (rows, at) => edit(rows, at, ({ nodes }) => ({ nodes: Buffer.concat([nodes, nodes]) }))],
  [
    'time runs backwards',
    (rows, at) =>
      edit(rows, at, ({ entry }) => ({ entry: rewritten(entry, { recorded_at: '2020-01-01T00:00:00.000Z' }) })),
  ],
  [
    'an entry is of another ledger',
    (rows, at) => edit(rows, at, ({ entry }) => ({ entry: rewritten(entry, { ledger: 'x/y' }) })),
  ],
  ['bytes are no JSON', (rows, at) => edit(rows, at, () => ({ entry: Buffer.from('{') }))],
])

function edit(
  rows: readonly SampleEntry[],
  at: number,
  change: (row: SampleEntry) => Partial<SampleEntry>,
): SampleEntry[] {
  return rows.map((row) => (row.seq === at ? { ...row, ...change(row) } : row))
}

function withItsHash({ entry, nodes }: SampleEntry): Partial<SampleEntry> {
  const bytes = rewritten(entry, { actor_id: 'x' })
  return { entry: bytes, nodes: Buffer.concat([leafHash(bytes), nodes.subarray(32)]) }
}

function exchanged(rows: readonly SampleEntry[], at: number): SampleEntry[] {
  const [one, other] = [rows[at], rows[at === 0 ? 1 : at - 1]]
  if (one === undefined || other === undefined) throw new Error('two entries are needed')
  return rows.map((row) => {
    if (row.seq === one.seq) return { ...other, seq: one.seq }
    return row.seq === other.seq ? { ...one, seq: other.seq } : row
  })
}

const twoOrMore = fc.array(draft, { minLength: 2, maxLength: 24 }).map((drafts) => sampleLog(drafts))

for (const [name, lie] of LIES) {
  test(`${name}: found at the same place in stretches of any width`, () => {
    fc.assert(
      fc.property(twoOrMore, fc.nat(), width, (honest, n, entries) => {
        const at = n % honest.length
        fc.pre(!needsSignature(name, at, honest.length))
        const rows = lie(honest, at)
        const whole = verify(rows, honest.length, 32, fives)
        assert.ok(whole.findings.first.length > 0, 'it is found')
        assert.deepEqual(verdict(verify(rows, honest.length, entries, fives)), verdict(whole))
      }),
      { numRuns: 40 },
    )
  })
}

// Nothing names the last entry but the signed root, unless it completes a node above it.
function needsSignature(lie: string, at: number, size: number): boolean {
  return lie === 'an entry is altered with its hash' && at === size - 1 && at % 2 === 0
}

test('entry 0 follows nothing', () => {
  const [first, second] = sampleLog([{}, {}])
  if (first === undefined || second === undefined) throw new Error('two entries were asked for')
  const entry = rewritten(first.entry, { previous_hash: toHex(second.nodes.subarray(0, 32)) })
  const growth = createGrowth(emptyFrontier)
  const { findings } = verify([{ ...first, entry, nodes: growth.append(leafHash(entry)) }], 1, 4)
  assert.deepEqual(
    findings.first.map(({ code, seq }) => ({ code, seq })),
    [{ code: 'chain-broken', seq: 0 }],
  )
})

test('time that runs backwards is found where hash, chain and tree are those of the entry', () => {
  const [first, second, third] = sampleLog([{}, {}, {}])
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were asked for')
  const entry = rewritten(third.entry, { recorded_at: '2020-01-01T00:00:00.000Z' })
  const rows = [first, second, { seq: 2, entry, nodes: leafHash(entry) }]
  for (const entries of [1, 2, 4]) {
    const { findings } = verify(rows, 3, entries)
    assert.deepEqual(
      findings.first.map(({ code, seq }) => ({ code, seq })),
      [{ code: 'time-reversed', seq: 2 }],
    )
  }
})

test('behind a removed entry only the hole is named: nobody can say what the link was', () => {
  const rows = sampleLog([{}, {}, {}, {}]).filter(({ seq }) => seq !== 2)
  const { findings, holedFrom, roots } = verify(rows, 4, 4, [1, 2, 3])
  assert.deepEqual(
    findings.first.map(({ code, seq }) => ({ code, seq })),
    [{ code: 'entry-missing', seq: 2 }],
  )
  assert.equal(holedFrom, 2)
  assert.deepEqual([...roots.keys()], [1, 2])
})

test('a row that cannot be read is named, and what follows it is read on', () => {
  const honest = sampleLog([{}, {}, {}])
  const rows = honest.map((row) => (row.seq === 1 ? { seq: 1, unreadable: 'no bytes' } : asRow(row)))
  const [task] = planChunks(SAMPLE_ORIGIN, 3, [], 4)
  if (task === undefined) throw new Error('a log of 3 has a stretch')
  const { findings, checked, holedFrom } = verifyChunk(
    task,
    rows,
    () => undefined,
    () => [],
  )
  assert.deepEqual(
    findings.first.map(({ code, seq, problem }) => ({ code, seq, problem })),
    [{ code: 'database-unreadable', seq: 1, problem: 'no bytes' }],
  )
  assert.deepEqual({ checked, holedFrom }, { checked: 2, holedFrom: 1 })
})
