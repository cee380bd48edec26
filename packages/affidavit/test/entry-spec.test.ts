// spec/entry.md is normative: its tables are those of the code, and its lines run.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { toHex } from '../src/bytes/hex.ts'
import { ACTIONS, ENTRY_FIELDS, MAX_DRAFT_BYTES, MAX_ENTRY_BYTES, RESERVED_ACTIONS } from '../src/formats/fields.ts'
import { leafHash } from '../src/merkle/hash.ts'
import { sampleLog } from './sample-log.ts'

const home = join(import.meta.dirname, '..')
const page = readFileSync(join(home, '../../spec/entry.md'), 'utf8')

test('the fields of the page are those of the table, in its order', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (!?) ?\| (\w+) \| (caller|ledger)/gm)]
  const fields = Object.entries(ENTRY_FIELDS).map(([name, { kind, required, set }]) => [
    name,
    required ? '!' : '',
    kind,
    set,
  ])
  assert.deepEqual(
    rows.map(([, ...cells]) => cells),
    fields,
  )
})

test('the actions of the page are those of the format, in its order', () => {
  const section = page.slice(page.indexOf('### 3.2'), page.indexOf("An application's own action"))
  assert.deepEqual(
    [...section.matchAll(/`(\w+)`/g)].map(([, action]) => action),
    ACTIONS,
  )
})

test('the actions that the page reserves to the ledger are those that callers are refused', () => {
  const [row = ''] = page.split('\n').filter((line) => line.startsWith('| F11 |'))
  const [, invariant = ''] = row.split(' | ')
  assert.deepEqual(
    [...invariant.matchAll(/`(\w+)`/g)].map(([, action]) => action),
    [...RESERVED_ACTIONS],
  )
})

test('the sizes of the page are those of the format', () => {
  for (const bytes of [MAX_ENTRY_BYTES, MAX_DRAFT_BYTES]) assert.ok(page.includes(bytes.toLocaleString('en')))
})

const tools = spawnSync('sh', ['-c', 'sha256sum < /dev/null && sed --version && cut --version'], { encoding: 'utf8' })
const skip = tools.status === 0 ? false : 'sh, sed, cut or sha256sum is not there'

describe('the lines of the page, run by a plain shell', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-entry-spec-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const [one = '', chain = ''] = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines]) => lines)
  const rows = sampleLog([
    { action: 'logging_started' },
    { details: { previous_hash: 'a lie', nested: { previous_hash: '', text: '"previous_hash":""' } } },
    { outcome_reason: '"previous_hash":"' },
    { conversation_id: 'c', purpose: 'back\\slash %s \\0 $previous `id` *' },
    { subject_ids: ['previous_hash', ':', '"previous_hash":"x"'], source: { ip: '"previous_hash":"' } },
    { conversation_id: 'c', agent_name: 'клиника 😀', details: { escapes: '\b\t\n\f\r\u0001\u007f' } },
  ])
  const entries = rows.map(({ entry }) => Buffer.from(entry))
  const hashes = entries.map((entry) => toHex(leafHash(entry)))

  function run(lines: string, stored: readonly Buffer[]): string[] {
    writeFileSync(join(folder, 'entries.jsonl'), Buffer.concat(stored.flatMap((entry) => [entry, Buffer.from('\n')])))
    const { status, stdout, stderr } = spawnSync('sh', ['-c', lines], { cwd: folder, encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
    return stdout.trimEnd().split('\n')
  }

  test('the hash of one entry', () => {
    assert.deepEqual(run(one, entries), [`${hashes[0]}  -`])
    for (const [seq, hash] of hashes.entries()) {
      assert.deepEqual(run(one.replace('1p', `${seq + 1}p`), entries), [`${hash}  -`])
    }
  })

  test('the chain, to the hash of its last entry', () => {
    assert.deepEqual(run(chain, entries), [hashes.at(-1)])
    assert.deepEqual(run(chain, entries.slice(0, 3)), [hashes[2]])
  })

  test('an entry that was altered, removed or exchanged: the one behind it is named', () => {
    const altered = entries.with(1, Buffer.from(String(entries[1]).replace('agent-1', 'agent-2')))
    assert.equal(run(chain, altered)[0], `broken at ${entries[2]}`)
    assert.equal(run(chain, entries.toSpliced(2, 1))[0], `broken at ${entries[3]}`)
    assert.equal(run(chain, entries.toSpliced(0, 1))[0], `broken at ${entries[1]}`)
    const [a, b] = [entries[3] ?? assert.fail(), entries[4] ?? assert.fail()]
    assert.equal(run(chain, entries.with(3, b).with(4, a))[0], `broken at ${b}`)
  })
})
