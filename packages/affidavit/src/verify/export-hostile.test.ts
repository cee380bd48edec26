// Folders that nobody's exporter made. Verification finds what is wrong, and neither throws, hangs nor leaves the folder.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'

import { coverIn, forgeExport, forgeLog, swear, turns } from '../../test/export-forge.ts'
import { hostileBytes } from '../../test/hostile.ts'
import { pinnedTo } from '../../test/signing.ts'
import { VerifyError } from './error.ts'
import { verifyExport } from './export.ts'
import type { Report } from './report.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-export-hostile-'))
after(() => rmSync(root, { recursive: true, force: true }))
const log = forgeLog(turns(8))
const honest = join(root, 'honest')
mkdirSync(honest)
forgeExport(honest, log)
const files = ['checkpoint', 'entries.jsonl', 'export.json', 'export.note', 'keys.jsonl', 'log.vkey', 'tile/0/000.p/9']
let folders = 0

function copy(): string {
  const folder = join(root, String(folders++))
  cpSync(honest, folder, { recursive: true })
  return folder
}

function judge(folder: string): Promise<Report> {
  return verifyExport(folder, { trust: pinnedTo(log.key), anchors: [] })
}

async function isFound(folder: string): Promise<void> {
  const report = await judge(folder)
  assert.notEqual(report.status, 'valid')
  assert.ok(report.findings.length > 0)
}

test('the list of files of this test is that of an export', () => {
  const there = readdirSync(honest, { recursive: true, withFileTypes: true }).filter((item) => item.isFile())
  assert.equal(there.length, files.length)
})

describe('in the place of any file', () => {
  for (const name of files) {
    test(`found: an empty file for ${name}`, async () => {
      const folder = copy()
      truncateSync(join(folder, name), 0)
      await isFound(folder)
    })

    test(`found: nothing for ${name}`, async () => {
      const folder = copy()
      rmSync(join(folder, name))
      await isFound(folder)
    })

    test(`found: a folder for ${name}`, async () => {
      const folder = copy()
      rmSync(join(folder, name))
      mkdirSync(join(folder, name))
      await isFound(folder)
    })

    test(`found, and not followed: a link to the same bytes outside for ${name}`, async () => {
      const folder = copy()
      rmSync(join(folder, name))
      symlinkSync(join(honest, name), join(folder, name))
      await isFound(folder)
    })

    test(`found, and not waited for: a pipe for ${name}`, async (t) => {
      if (process.platform === 'win32') return t.skip('no named pipes in folders')
      const folder = copy()
      rmSync(join(folder, name))
      execFileSync('mkfifo', [join(folder, name)])
      await isFound(folder)
    })

    test(`found, and not read whole: gigabytes of zeros for ${name}`, async () => {
      // Sparse: it takes no room on the disk. The entries are read to their end, so that file is smaller.
      const size = name === 'entries.jsonl' ? 2 ** 26 : 2 ** 32
      const folder = copy()
      const fd = openSync(join(folder, name), 'w')
      ftruncateSync(fd, size)
      closeSync(fd)
      const before = process.memoryUsage().arrayBuffers
      await isFound(folder)
      assert.ok(process.memoryUsage().arrayBuffers - before < 64_000_000)
    })

    test(`found: the name of ${name} in capitals`, async (t) => {
      const folder = copy()
      const other = join(
        folder,
        name.replace(/[^/]+$/, (last) => `${last.toUpperCase()}X`),
      )
      renameSync(join(folder, name), other)
      if (statSync(join(folder, name), { throwIfNoEntry: false }) !== undefined) return t.skip('names without case')
      await isFound(folder)
    })
  }

  test('found, and not followed: a link for the folder of the tiles', async () => {
    const folder = copy()
    rmSync(join(folder, 'tile'), { recursive: true })
    symlinkSync(join(honest, 'tile'), join(folder, 'tile'))
    const { findings } = await judge(folder)
    assert.deepEqual(findings.map(({ code }) => code).sort(), ['stray-file', 'tile-missing'])
  })

  test('found, and not entered: a folder that links to itself', async () => {
    const folder = copy()
    symlinkSync(folder, join(folder, 'tile/0/000.p/again'))
    await isFound(folder)
  })
})

test('an export is found through a link that the caller names', async () => {
  const link = join(root, 'link')
  symlinkSync(honest, link)
  assert.equal((await judge(link)).status, 'valid')
})

test('found: lines of a thousand kinds of nonsense', async () => {
  const nonsense = [
    '\0'.repeat(100),
    '['.repeat(60_000),
    '{"seq":1e400}',
    '{"seq":-1}',
    '{"seq":9007199254740993}',
    '{"__proto__":{"seq":3}}',
    '{"seq":3,"seq":4}',
    '"'.repeat(70_000),
    'x'.repeat(200_000),
    '\ufeff{}',
    'null',
    '',
  ]
  const folder = copy()
  const lines = Array.from({ length: 1_000 }, (_, i) => nonsense[i % nonsense.length])
  writeFileSync(join(folder, 'entries.jsonl'), lines.join('\n'))
  await isFound(folder)
})

test('found: one line without end, in memory of one piece', async () => {
  const folder = copy()
  const fd = openSync(join(folder, 'entries.jsonl'), 'w')
  ftruncateSync(fd, 2 ** 26)
  closeSync(fd)
  const report = await judge(folder)
  assert.ok(report.findings.some(({ what }) => what === 'entries.jsonl, line 1'))
})

test('found: a cover by the very key that sends the verifier after endless tiles', async () => {
  const folder = copy()
  const size = Number.MAX_SAFE_INTEGER
  const { first_seq: _first, last_seq: _last, ...cover } = coverIn(folder)
  const query = { from_seq: size - 2 }
  swear(folder, { ...cover, query, tree_size: size, as_of_seq: size - 1, count: 0 }, log.key)
  writeFileSync(join(folder, 'entries.jsonl'), '')
  await isFound(folder)
})

test('hostile bytes in any file are found, and never throw', async () => {
  const originals = files.map((name) => readFileSync(join(honest, name)))
  const folder = copy()
  const cases = fc.nat({ max: files.length - 1 }).chain((file) => {
    const bytes = originals[file] ?? Buffer.alloc(0)
    return hostileBytes([bytes]).map((changed) => ({ file, bytes, changed }))
  })
  await fc.assert(
    fc.asyncProperty(cases, async ({ file, bytes, changed }) => {
      const path = join(folder, files[file] ?? '')
      writeFileSync(path, changed)
      const { status } = await judge(folder)
      writeFileSync(path, bytes)
      assert.equal(status === 'valid', bytes.equals(changed))
    }),
    { numRuns: 500 },
  )
})

test('what the machine refuses is no finding', async (t) => {
  await assert.rejects(judge(join(root, 'nowhere')), isUnavailable)
  await assert.rejects(judge(join(honest, 'checkpoint')), isUnavailable)
  if (process.getuid?.() === 0) return t.diagnostic('root reads everything: rights are not tried')
  const folder = copy()
  chmodSync(join(folder, 'checkpoint'), 0)
  await assert.rejects(judge(folder), isUnavailable)
})

function isUnavailable(error: unknown): boolean {
  return error instanceof VerifyError && error.code === 'unavailable' && error.cause instanceof Error
}
