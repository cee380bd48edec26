// Evidence that somebody takes away, rather than alters: an auditor's file that says nothing, a checkpoint log that is garbled
// or gone, the history before a restore.

import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { cutTail } from '../src/cli/demo/attacks.ts'
import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openLedger } from '../src/index.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Report } from '../src/verify/report.ts'
import { tampered } from './manipulate.ts'

const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const base = mkdtempSync(join(tmpdir(), 'affidavit-evidence-'))
const original = join(base, 'original')
after(() => rmSync(base, { recursive: true, force: true }))

let origin = ''
let keptNote = ''

before(async () => {
  await using ledger = await openLedger(original, { origin: 'evidence.example/log', publish: QUIET })
  origin = ledger.origin
  for (let n = 0; n < 3; n++) {
    await ledger.append({ action: 'data_accessed', actor_id: 'agent', actor_type: 'agent' })
    keptNote = (await ledger.publish()).note
  }
})

let copies = 0
function copy(): string {
  const folder = join(base, `copy-${copies++}`)
  cpSync(original, folder, { recursive: true })
  return folder
}

const logFile = (folder: string): string => join(folder, 'checkpoints', 'checkpoints.log')

async function verify(folder: string, kept: readonly Anchor[] = []): Promise<Report> {
  // As if it were verified long after: what is signed while a log is read need not be in it.
  const { readAt: _, ...local } = await localAnchor(folder)
  const anchors = [local, ...kept]
  return verifySqlite(databaseFile(folder), { trust: { kind: 'first use' }, anchors, threads: 0 })
}

function verdict({ status, findings }: Report): string[] {
  return [status, ...new Set(findings.map(({ code }) => code))]
}

test('the untouched ledger is valid', async () => {
  assert.deepEqual(verdict(await verify(original)), ['valid'])
})

test('a checkpoint that came back without: the database was copied before it was kept, and opening keeps it again', async () => {
  const folder = copy()
  const database = databaseFile(folder)
  tampered(databaseFile(original), database, ({ run }) => {
    run('DELETE FROM cosignatures WHERE size >= 3')
    run('DELETE FROM checkpoints WHERE size >= 3')
  })
  const log = readFileSync(logFile(folder), 'utf8')
  assert.deepEqual(verdict(await verify(folder)), ['tampered', 'checkpoint-removed'])
  await (await openLedger(folder, { publish: QUIET })).close()
  assert.deepEqual(verdict(await verify(folder)), ['valid'])
  assert.equal(readFileSync(logFile(folder), 'utf8'), log)
})

describe('an auditor’s file', () => {
  async function verdictWith(text: string): Promise<string[]> {
    const file = join(base, `kept-${copies++}`)
    writeFileSync(file, text)
    return verdict(await verify(original, [await externalAnchor(file)]))
  }

  test('with one checkpoint may have other line ends, or no last one', async () => {
    for (const text of [keptNote, keptNote.slice(0, -1), keptNote.replaceAll('\n', '\r\n'), `${keptNote}\n`])
      assert.deepEqual(await verdictWith(text), ['valid'])
  })

  test('that is empty, or of another ledger, attests nothing', async () => {
    assert.deepEqual(await verdictWith(''), ['incomplete', 'anchor-silent'])
    assert.deepEqual(await verdictWith(keptNote.replaceAll(origin, 'other.example/log/0')), [
      'incomplete',
      'anchor-silent',
    ])
  })

  test('whose end is cut off, or that is garbled, is damaged', async () => {
    const log = readFileSync(logFile(original), 'utf8')
    for (const text of [keptNote.slice(0, 60), log.slice(0, -9), log.replaceAll('\n', '\r\n'), 'x'.repeat(1_000)])
      assert.deepEqual(await verdictWith(text), ['incomplete', 'anchor-unreadable'])
  })
})

const GARBLED: Readonly<Record<string, (log: string) => string>> = {
  'other line ends': (log) => log.replaceAll('\n', '\r\n'),
  'a thousand letters': () => 'x'.repeat(1_000),
  'a word behind the records': (log) => `${log}garbage\n\n`,
}

describe('the ledger’s own checkpoint log', () => {
  for (const [name, garble] of Object.entries(GARBLED)) {
    test(`${name}: it was altered; with a cut database opening is refused, and the log stays as evidence`, async () => {
      const folder = copy()
      const garbled = garble(readFileSync(logFile(folder), 'utf8'))
      writeFileSync(logFile(folder), garbled)
      const [status, ...codes] = verdict(await verify(folder))
      assert.equal(status, 'tampered')
      assert.ok(codes.includes('checkpoint-log-altered'))
      cutTail(folder, 3)
      await assert.rejects(openLedger(folder, { publish: QUIET }), {
        code: name.includes('behind') ? 'rolled-back' : 'forked',
      })
      assert.equal(readFileSync(logFile(folder), 'utf8'), garbled)
    })
  }

  test('the start of a record that the database lost: opening is refused', async () => {
    const folder = copy()
    const log = readFileSync(logFile(folder), 'utf8')
    cutTail(folder, 3)
    const last = log.lastIndexOf(`${origin}\n4\n`)
    writeFileSync(logFile(folder), log.slice(0, last + 90))
    await assert.rejects(openLedger(folder, { publish: QUIET }), { code: 'rolled-back' })
    assert.deepEqual(verdict(await verify(folder)), ['tampered', 'checkpoint-log-altered'])
  })

  test('renamed records are of a ledger that the database does not know', async () => {
    const log = readFileSync(logFile(original), 'utf8')
    const last = log.lastIndexOf(`${origin}\n4\n`)
    const rename = (text: string): string => text.replaceAll(origin, 'evidence.example/gol/0')
    const folder = copy()
    writeFileSync(logFile(folder), log.slice(0, last) + rename(log.slice(last)))
    assert.deepEqual(verdict(await verify(folder)), ['incomplete', 'anchor-record-foreign'])
    writeFileSync(logFile(folder), rename(log))
    assert.deepEqual(verdict(await verify(folder)), ['incomplete', 'anchor-record-foreign', 'anchor-record-missing'])
  })

  test('gone, emptied, or older: records are missing', async () => {
    const folder = copy()
    const log = readFileSync(logFile(folder), 'utf8')
    for (const text of ['', log.slice(0, log.indexOf(`${origin}\n3\n`))]) {
      writeFileSync(logFile(folder), text)
      assert.deepEqual(verdict(await verify(folder)), ['incomplete', 'anchor-record-missing'])
    }
    rmSync(logFile(folder))
    assert.deepEqual(verdict(await verify(folder)), ['incomplete', 'anchor-record-missing'])
  })
})

describe('the ledger before a restore', () => {
  const restored = join(base, 'restored')
  before(async () => {
    cpSync(original, restored, { recursive: true })
    await continueAfterRestore(restored)
  })

  function changed(...sql: readonly string[]): string {
    const folder = join(base, `restored-${copies++}`)
    cpSync(restored, folder, { recursive: true })
    tampered(databaseFile(restored), databaseFile(folder), ({ run }) => {
      for (const one of sql) run(one)
    })
    return folder
  }

  test('is verified with the one that follows', async () => {
    const report = await verify(changed())
    assert.deepEqual(verdict(report), ['valid'])
    assert.ok(!report.not_checked.some((line) => line.startsWith(`${origin}: another ledger`)))
  })

  test('with an entry altered: found, and named as its own', async () => {
    const report = await verify(
      changed(`UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), '"agent"', '"tnega"') AS BLOB)
               WHERE ledger_no = 1 AND seq = 2`),
    )
    assert.equal(report.status, 'tampered')
    const found = report.findings.find(({ code }) => code === 'entry-altered')
    assert.deepEqual([found?.seq, found?.what], [2, `${origin}, seq 2`])
  })

  test('cut at its end: entry 0 of the one that follows remembers', async () => {
    const report = await verify(
      changed(
        'DELETE FROM entry_subjects WHERE ledger_no = 1 AND seq = 3',
        'DELETE FROM entries WHERE ledger_no = 1 AND seq = 3',
        'DELETE FROM cosignatures WHERE ledger_no = 1 AND size = 4',
        'DELETE FROM checkpoints WHERE ledger_no = 1 AND size = 4',
      ),
    )
    assert.equal(report.status, 'tampered')
    assert.ok(verdict(report).includes('tail-cut'))
  })

  test('gone: found', async () => {
    const tables = ['entry_subjects', 'cosignatures', 'checkpoints', 'entries', 'ledgers']
    const report = await verify(changed(...tables.map((table) => `DELETE FROM ${table} WHERE ledger_no = 1`)))
    assert.equal(report.status, 'tampered')
    assert.ok(verdict(report).includes('predecessor-missing'))
  })

  test('an auditor’s checkpoint of it is held against it; one that a restore lost is found', async () => {
    const file = join(base, 'of the one before')
    writeFileSync(file, keptNote)
    assert.deepEqual(verdict(await verify(restored, [await externalAnchor(file)])), ['valid'])
    const lossy = copy()
    cutTail(lossy, 3)
    await continueAfterRestore(lossy)
    assert.deepEqual(verdict(await verify(lossy)), ['valid'])
    assert.deepEqual(verdict(await verify(lossy, [await externalAnchor(file)])), ['incomplete', 'restored-older'])
  })

  test('a log that ends in the start of a record that the restore lost is continued', async () => {
    const folder = copy()
    const log = readFileSync(logFile(folder), 'utf8')
    const last = log.lastIndexOf(`${origin}\n4\n`)
    cutTail(folder, 3)
    writeFileSync(logFile(folder), log.slice(0, last))
    appendFileSync(logFile(folder), log.slice(last, last + 90))
    await continueAfterRestore(folder)
    assert.deepEqual(verdict(await verify(folder)), ['valid'])
  })
})
