// Records that left: what stands in their rows is verified, and whatever is said of them that is not so is found, in both stores.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { storedArchive } from '../src/embedded/stored-archive.ts'
import { connectSqliteForReading } from '../src/stores/sqlite/connect.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { storedLedgers } from '../src/stores/sqlite/stored-log.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import { verifySqliteConversation } from '../src/stores/sqlite/verify-conversation.ts'
import { verifySqliteRange } from '../src/stores/sqlite/verify-range.ts'
import { memoryArchive } from '../src/testing/memory-archive.ts'
import type { Report } from '../src/verify/report.ts'
import type { ArchiveOf } from '../src/verify/stored/archive.ts'
import { APPROVER, ARCHIVED, expectFoundByIds, type LeftLedger, letGo, makeLeftLedger, SEGMENT } from './left-ledger.ts'
import { LIES, type Rows } from './left-lies.ts'
import { bytesOf, tampered } from './manipulate.ts'

let folder: string
let ledger: LeftLedger
let copy: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-left-'))
  ledger = await makeLeftLedger(folder)
  const store = sqliteStore(ledger.file, 'open')
  await letGo(store, ledger)
  await store.close()
  copy = join(folder, 'copy.db')
})
after(() => rmSync(folder, { recursive: true, force: true }))

interface Means {
  readonly archiveOf?: ArchiveOf | undefined
  readonly leave?: 'authorised' | 'authority not checked'
  readonly threads?: number
}

const withArchive: ArchiveOf = (origin) => (origin === ledger.origin ? storedArchive(ledger.archive) : undefined)

function optionsOf({ archiveOf, leave, threads = 0 }: Means) {
  const { trust } = ledger
  return {
    trust,
    anchors: [],
    approvers: leave === 'authority not checked' ? [] : [APPROVER.verifierKey],
    threads,
    payloadBytes: 'read',
    ...(archiveOf === undefined ? {} : { archiveOf }),
  } as const
}

function whole(path: string, means: Means): Promise<Report> {
  return verifySqlite(path, optionsOf(means))
}
function conversation(path: string, conversation_id: string, means: Means): Promise<Report> {
  return verifySqliteConversation(path, { ...optionsOf(means), conversation_id })
}
function range(path: string, means: Means): Promise<Report> {
  return verifySqliteRange(path, { ...optionsOf(means), since: ledger.early.note })
}

function codesIn({ findings }: Report): string[] {
  return [...new Set(findings.map(({ code }) => code))].sort()
}

describe('what left', () => {
  test('is read through the archive and held to everything an entry is held to', async () => {
    const report = await whole(ledger.file, { archiveOf: withArchive })
    assert.deepEqual(report.findings, [])
    assert.equal(report.status, 'valid')
    assert.equal(report.records_checked, ledger.entries.length - 2)
    assert.match(
      report.axes.completeness.says,
      /^complete 0\.\.12; 3 in the archive; 2 disposed of under certificate [0-9a-f]{12}/,
    )
    assert.match(report.axes.content.says, /2 payloads, \d+ bytes read/)
    for (const id of ['c0', 'c1']) {
      const one = await conversation(ledger.file, id, { archiveOf: withArchive })
      assert.deepEqual([one.status, one.findings], ['valid', []])
      assert.match(one.axes.completeness.says, /in the archive; 1 disposed of under certificate/)
    }
    const behind = await range(ledger.file, { archiveOf: withArchive })
    assert.deepEqual([behind.status, behind.findings], ['valid', []])
  })

  test('is read in threads, which say what one thread says', async () => {
    let begun = 0
    const count = (): void => {
      begun++
    }
    process.on('worker', count)
    const threaded = await whole(ledger.file, { archiveOf: withArchive, threads: 2 })
    process.off('worker', count)
    assert.ok(begun > 0)
    assert.deepEqual(threaded, await whole(ledger.file, { archiveOf: withArchive, threads: 0 }))
    assert.match(threaded.axes.content.says, /2 payloads, \d+ bytes read/)
    const lying = memoryArchive()
    const unread = await whole(ledger.file, { archiveOf: () => storedArchive(lying), threads: 2 })
    assert.deepEqual(unread, await whole(ledger.file, { archiveOf: () => storedArchive(lying), threads: 0 }))
  })

  test('is counted as not read where no archive is at hand, or it is away, and nobody is accused', async () => {
    const cut = memoryArchive()
    cut.cut()
    for (const archiveOf of [undefined, () => storedArchive(cut)]) {
      for (const report of [
        await whole(ledger.file, { archiveOf }),
        await range(ledger.file, { archiveOf }),
        await conversation(ledger.file, 'c1', { archiveOf }),
      ]) {
        assert.deepEqual([report.status, ...codesIn(report)], ['incomplete', 'archived-not-read'])
        assert.match(
          report.findings[0]?.problem ?? '',
          archiveOf === undefined ? /no archive was at hand/ : /is away|no archive/,
        )
      }
    }
    const report = await whole(ledger.file, {})
    assert.equal(report.records_checked, ledger.entries.length - 5)
    assert.ok(report.not_checked.some((line) => line.startsWith('running numbers of producers')))
    assert.deepEqual(codesIn(await whole(ledger.file, { threads: 2 })), ['archived-not-read'])
  })

  test('was destroyed by leave that was not checked: that is said', async () => {
    const report = await whole(ledger.file, { archiveOf: withArchive, leave: 'authority not checked' })
    assert.deepEqual([report.status, ...codesIn(report)], ['incomplete', 'disposal-not-checked'])
  })

  test('is found by its id through the archive, as what links say of it takes', async () => {
    const db = connectSqliteForReading(ledger.file)
    await expectFoundByIds(
      { where: '', ledgers: storedLedgers(db), runTasks: async () => undefined, findings: [] },
      ledger,
    )
    db.close()
  })

  test('came back: the ledger is as if it had never left', async () => {
    copyFileSync(ledger.file, copy)
    const store = sqliteStore(copy, 'open')
    for (const seq of ARCHIVED) {
      const entry = ledger.entries[seq]?.entry ?? assert.fail()
      const { content = [] } = JSON.parse(Buffer.from(entry).toString())
      const payloads = await Promise.all(
        content.map(async ({ blob_id }: { blob_id: string }) => ({
          blob_id,
          chunks: await allOf(ledger.archive.chunks({ seq, segment: SEGMENT, block: seq % 2 }, blob_id)),
        })),
      )
      assert.equal(await store.bringBack(ledger.origin, [{ seq, entry, payloads }]), 1)
    }
    await store.close()
    const report = await whole(copy, {})
    assert.deepEqual([report.status, report.findings], ['valid', []])
  })
})

describe('found in a file:', () => {
  for (const { name, tell, found, seq, conversation: id } of LIES) {
    test(name, async () => {
      const edits: (() => void)[] = []
      const rows: Rows = {
        entry: async (at) => bytesAt(at, 'entry'),
        nodes: async (at) => bytesAt(at, 'nodes'),
        put: async (at, column, bytes) => {
          edits.push(() => now?.run(`UPDATE entries SET ${column} = ? WHERE seq = ?`, bytes, at))
        },
        run: async (sql) => {
          edits.push(() => {
            for (const one of sql.replaceAll("= ''", "= x''").split(';')) now?.run(one)
          })
        },
      }
      let now: Parameters<Parameters<typeof tampered>[2]>[0] | undefined
      await tell(rows, ledger)
      tampered(ledger.file, copy, (tampering) => {
        now = tampering
        for (const edit of edits) edit()
      })
      assertFound(await whole(copy, { archiveOf: withArchive }), found, seq)
      if (id !== undefined) assert.equal((await conversation(copy, id, { archiveOf: withArchive })).status, 'tampered')
    })
  }

  test('an archive that gives other bytes, and other content', async () => {
    const lying = memoryArchive()
    for (const seq of ARCHIVED) {
      const content = new Map(
        JSON.parse(Buffer.from(ledger.entries[seq]?.entry ?? []).toString()).content?.map(
          ({ blob_id }: { blob_id: string }) => [blob_id, [new Uint8Array(9)]],
        ),
      )
      lying.put(
        { seq, segment: SEGMENT, block: seq % 2 },
        ledger.entries[seq]?.entry ?? assert.fail(),
        content as ReadonlyMap<string, Uint8Array[]>,
      )
    }
    assertFound(await whole(ledger.file, { archiveOf: () => storedArchive(lying) }), 'payload-altered', 2)
    lying.alter(3, ledger.entries[1]?.entry ?? assert.fail())
    assertFound(await whole(ledger.file, { archiveOf: () => storedArchive(lying) }), 'archived-altered', 3)
  })
})

async function allOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

function bytesAt(seq: number, column: string): Uint8Array {
  let bytes: Uint8Array = new Uint8Array()
  tampered(ledger.file, copy, ({ rows }) => {
    bytes = bytesOf(rows('SELECT * FROM entries WHERE seq = ?', seq)[0]?.[column])
  })
  return bytes
}

function assertFound(report: Report, code: string, seq?: number): void {
  const seen = report.findings.map((one) => `${one.code} ${one.seq ?? ''}: ${one.problem}`).join('\n')
  assert.ok(
    report.findings.some((one) => one.code === code && (seq === undefined || one.seq === seq)),
    `found: ${seen}`,
  )
  assert.equal(report.status, 'tampered', seen)
}
