import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { constants, gunzipSync, gzipSync } from 'node:zlib'

import fc from 'fast-check'

import { type LineRead, MAX_LINE_BYTES, readLines } from './read-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'affidavit-lines-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

async function read(bytes: Uint8Array | string, suffix = '.jsonl'): Promise<LineRead[]> {
  const file = join(folder, `${files++}${suffix}`)
  writeFileSync(file, bytes)
  return all(file)
}

async function all(file: string): Promise<LineRead[]> {
  const found: LineRead[] = []
  for await (const line of readLines(file)) found.push(line)
  return found
}

const FORMS: readonly [name: string, text: string, lines: [number, string][]][] = [
  [
    'lines',
    'a\nb\n',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  [
    'a last line without its end',
    'a\nb',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  [
    'CRLF',
    'a\r\nb\r\n',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  [
    'empty lines, which count',
    '\n\na\n \t\n\r\nb\n\n',
    [
      [3, 'a'],
      [6, 'b'],
    ],
  ],
  [
    'a byte order mark',
    '\ufeffa\nb\n',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  ['a byte order mark and nothing else', '\ufeff', []],
  ['nothing', '', []],
  ['one end of line', '\n', []],
  [
    'a byte order mark elsewhere, which is kept',
    'a\n\ufeffb\n',
    [
      [1, 'a'],
      [2, '\ufeffb'],
    ],
  ],
  ['a carriage return inside, which is kept', 'a\rb\n', [[1, 'a\rb']]],
]

for (const [name, text, lines] of FORMS) {
  test(`a file with ${name} is read, plain and packed`, async () => {
    const expected = lines.map(([line, text]) => ({ line, text }))
    assert.deepEqual(await read(text), expected)
    assert.deepEqual(await read(gzipSync(text), '.jsonl.gz'), expected)
    assert.deepEqual(await read(gzipSync(text)), expected, 'told by its first bytes')
  })
}

test('lines are those that splitting the whole text gives', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\n\r\ufeff]/g, ''))
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '\r\n'), async (texts, end) => {
      const expected = texts
        .map((text, i) => ({ line: i + 1, text }))
        .filter(({ text }) => text.replace(/[ \t]/g, '') !== '')
      assert.deepEqual(await read(texts.join(end)), expected)
    }),
    { numRuns: 40 },
  )
})

test('a line that is not UTF-8 is told with its number; the lines around it are read', async () => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0x22, 0xff, 0x22]), Buffer.from('\nb\n')])
  const expected = [
    { line: 1, text: 'a' },
    { line: 2, problem: 'is not UTF-8' },
    { line: 3, text: 'b' },
  ]
  assert.deepEqual(await read(bytes), expected)
})

test('a line at the bound is read, one byte more is told, and reading goes on', async () => {
  const longest = 'x'.repeat(MAX_LINE_BYTES)
  const found = await read(`a\r\n${longest}\r\n${longest}y\r\n${longest}yyy\nb\n`)
  assert.deepEqual(
    found.map((read) => ('text' in read ? [read.line, read.text.length] : [read.line, read.problem])),
    [
      [1, 1],
      [2, MAX_LINE_BYTES],
      [3, `is longer than ${MAX_LINE_BYTES} bytes`],
      [4, `is longer than ${MAX_LINE_BYTES} bytes`],
      [5, 1],
    ],
  )
})

test('a packed line that unpacks to far more than the bound is told, and the next one read', async () => {
  const bomb = gzipSync(Buffer.concat([Buffer.alloc(4 * MAX_LINE_BYTES, 'x'), Buffer.from('\nb\n')]))
  assert.deepEqual(await read(bomb), [
    { line: 1, problem: `is longer than ${MAX_LINE_BYTES} bytes` },
    { line: 2, text: 'b' },
  ])
})

const NUMBERED = Array.from({ length: 3000 }, (_, i) => `${i + 1} ${Math.sin(i)}`)
const TEXT = `${NUMBERED.join('\n')}\n`
const PACKED = gzipSync(TEXT)

/** The whole lines that zlib itself unpacks from the first bytes of PACKED. */
function wholeLines(packed: Uint8Array): string[] {
  return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).toString().split('\n').slice(0, -1)
}

function textsOf(found: readonly LineRead[]): string[] {
  return found.flatMap((read) => ('text' in read ? [read.text] : []))
}

test('a packed file that was cut anywhere gives every whole line before the cut, then says that the rest is missing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: PACKED.length - 1 }), async (length) => {
      const cut = PACKED.subarray(0, length)
      const found = await read(cut, '.gz')
      const whole = length === 0 ? [] : wholeLines(cut)
      assert.deepEqual(textsOf(found), whole)
      const problem = 'the gzip data ends too early: the rest of the file is missing'
      assert.deepEqual(found.at(-1), { line: whole.length + 1, problem })
    }),
    { numRuns: 25, examples: [[0], [1], [9], [PACKED.length - 8], [PACKED.length - 1]] },
  )
})

test('a packed file with a wrong checksum or length gives all lines, and the doubt', async () => {
  for (let back = 1; back <= 8; back++) {
    const damaged = Buffer.from(PACKED)
    damaged[PACKED.length - back] = (damaged.at(-back) ?? 0) ^ 1
    const found = await read(damaged)
    assert.deepEqual(textsOf(found), NUMBERED)
    assert.match(problemOf(found), /^the gzip data is corrupt .*what stands before may be too$/)
  }
})

test('a packed file that is damaged inside gives the lines before the damage, but for the last two kilobytes of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2100, max: PACKED.length - 100 }), async (at) => {
      const damaged = Buffer.from(PACKED)
      damaged.fill(0xff, at, at + 64)
      const found = await read(damaged)
      const sure = wholeLines(PACKED.subarray(0, at - 2048))
      assert.deepEqual(textsOf(found).slice(0, sure.length), sure)
      assert.match(problemOf(found), /corrupt|too early/)
    }),
    { numRuns: 20 },
  )
})

test('a packed file of several members is one file; what is appended to it is noticed', async () => {
  assert.deepEqual(textsOf(await read(Buffer.concat([gzipSync('a\nb'), gzipSync('c\n')]))), ['a', 'bc'])
  const found = await read(Buffer.concat([gzipSync('a\nb\n'), Buffer.from('trailing words')]))
  assert.match(problemOf(found), /corrupt/)
})

test('a file that is only named .gz is told at line 1', async () => {
  const found = await read('{"messages":[]}\n', '.gz')
  assert.deepEqual(
    found.map(({ line }) => line),
    [1],
  )
  assert.match(problemOf(found), /the gzip data is corrupt/)
})

test('a file that is not there, and a folder, are faults before the first line', async () => {
  await assert.rejects(all(join(folder, 'none.jsonl')), {
    name: 'ImportFault',
    problem: /none\.jsonl cannot be read: ENOENT/,
  })
  await assert.rejects(all(folder), { name: 'ImportFault', problem: /cannot be read: EISDIR/ })
})

test('whoever stops reading early leaves no open file behind', async (t) => {
  if (!existsSync('/proc/self/fd')) return t.skip('this system does not list open files')
  const file = join(folder, `${files++}.gz`)
  writeFileSync(file, PACKED)
  for await (const { line } of readLines(file)) if (line === 10) break
  assert.deepEqual(
    openFiles().filter((open) => open === realpathSync(file)),
    [],
  )
})

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      return 'closed meanwhile'
    }
  })
}

function problemOf(found: readonly LineRead[]): string {
  const last = found.at(-1)
  return last !== undefined && 'problem' in last ? last.problem : 'no problem'
}
