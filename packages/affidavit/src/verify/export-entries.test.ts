// Entries of an export with next to no memory for conversations: what was put aside is read again from the file.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { type ForgedLog, forgeExport, forgeLog, turns } from '../../test/export-forge.ts'
import { rewritten } from '../../test/sample-log.ts'
import { rootOf } from '../../test/signing.ts'
import { type CheckedEntries, checkEntries } from './export-entries.ts'
import { createExportTree } from './export-tree.ts'
import { createFindings, type Finding } from './finding.ts'
import { openFolder } from './folder.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-export-entries-'))
after(() => rmSync(root, { recursive: true, force: true }))
let folders = 0

interface Checked extends CheckedEntries {
  readonly findings: readonly Finding[]
  readonly progress: readonly number[]
}

async function check(log: ForgedLog, remembered: number): Promise<Checked> {
  const path = join(root, String(folders++))
  forgeExport(path, log)
  const folder = openFolder(path)
  const findings = createFindings()
  const progress: number[] = []
  const head = { size: log.entries.length, root: rootOf(log.entries) }
  const checked = await checkEntries({
    folder,
    origin: log.origin,
    size: head.size,
    query: {},
    bytes: undefined,
    keyLines: [],
    tree: createExportTree(head, folder, [], findings),
    findings,
    remembered,
    onProgress: (lines) => progress.push(lines),
  })
  return { ...checked, findings: findings.first, progress }
}

test('conversations that were put aside are read again, and are not accused', async () => {
  const log = forgeLog(turns(600, 40))
  for (const remembered of [1, 7, 50]) {
    const { findings, checked, lines, firstSeq, lastSeq, progress } = await check(log, remembered)
    assert.deepEqual(findings, [])
    assert.deepEqual([checked, lines, firstSeq, lastSeq], [601, 601, 0, 600])
    assert.equal(progress.at(-1), 601)
  }
})

test('a broken link of a conversation that was put aside is found', async () => {
  const log = forgeLog(turns(200, 40))
  const entries = log.entries.map((entry, seq) =>
    seq === 123 ? rewritten(entry, { conversation_previous_hash: 'ab'.repeat(32) }) : entry,
  )
  const { findings } = await check({ ...log, entries }, 1)
  const found = findings.filter(({ code }) => code === 'conversation-broken').map(({ seq }) => seq)
  // The entry itself, and the next one of its conversation, which names the hash that the entry had before.
  assert.deepEqual(found, [123, 163])
})
