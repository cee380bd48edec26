import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'

import { MAX_ENTRY_BYTES } from '../formats/fields.ts'
import { type ReadLines, readLines } from './export-lines.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-lines-'))
after(() => rmSync(root, { recursive: true, force: true }))

interface Copied {
  readonly text: string | undefined
  readonly number: number
  readonly offset: number
}

async function read(bytes: Uint8Array, limit = bytes.length): Promise<{ lines: Copied[]; file: ReadLines }> {
  const path = join(root, 'lines')
  writeFileSync(path, bytes)
  const handle = await open(path, 'r')
  try {
    const lines: Copied[] = []
    const file = await readLines(handle, limit, ({ bytes: line, number, offset }) =>
      lines.push({ text: line && Buffer.from(line).toString('latin1'), number, offset }),
    )
    return { lines, file }
  } finally {
    await handle.close()
  }
}

/** What splitting the whole text gives. */
function naively(bytes: Buffer): Copied[] {
  const parts = bytes.toString('latin1').split('\n')
  if (parts.at(-1) === '') parts.pop()
  let offset = 0
  return parts.map((part, i) => {
    const line = { text: part.length > MAX_ENTRY_BYTES ? undefined : part, number: i + 1, offset }
    offset += part.length + 1
    return line
  })
}

test('lines of any length, over pieces of a file, are those of the whole text', async () => {
  const length = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 2, arbitrary: fc.integer({ min: MAX_ENTRY_BYTES - 1, max: MAX_ENTRY_BYTES + 2 }) },
    { weight: 1, arbitrary: fc.constant(1_048_576) },
  )
  const text = fc.tuple(fc.array(length, { maxLength: 12 }), fc.constantFrom('', '\n', '\r\n', 'x'))
  await fc.assert(
    fc.asyncProperty(text, async ([lengths, end]) => {
      const bytes = Buffer.from(
        `${lengths.map((n, i) => String.fromCharCode(97 + (i % 26)).repeat(n)).join('\n')}${end}`,
      )
      const { lines, file } = await read(bytes)
      assert.deepEqual(lines, naively(bytes))
      assert.equal(file.bytes, bytes.length)
      assert.equal(file.sha256, createHash('sha256').update(bytes).digest('hex'))
      assert.equal(file.end, bytes.length === 0 || bytes.at(-1) === 0x0a ? 'newline' : 'cut')
    }),
    { numRuns: 25 },
  )
})

test('a file is read no further than soon after its limit', async () => {
  const { lines, file } = await read(Buffer.alloc(5 * 1_048_576, '0\n'), 10)
  assert.equal(file.end, 'beyond')
  assert.ok(file.bytes >= 10 && file.bytes < 3 * 1_048_576, String(file.bytes))
  assert.equal(lines.length, file.bytes / 2)
})
