// affidavit verify --content as a user runs it: what is read, what is opened, why not, and how it exits.

import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { sha256Hex } from '../src/crypto/sha256.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { sqliteKeyringStore } from '../src/stores/sqlite/keyring.ts'
import type { Report } from '../src/verify/report.ts'
import { type ClinicLedger, commitTo, makeClinic, openTestKeyring } from './keyed-entries.ts'
import { type Tampering, tampered } from './manipulate.ts'
import { errorCode, json, type Run, run } from './run-cli.ts'

let home: string
let clinic: ClinicLedger

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'affidavit-cli-content-'))
  clinic = await makeClinic(join(home, 'clinic'))
  await clinic.keyring.close()
  await clinic.publish()
})
after(() => rmSync(home, { recursive: true, force: true }))

/** The clinic's folder, to be changed. */
function copied(name: string, change: (t: Tampering) => void = () => undefined): string {
  const folder = join(home, name)
  cpSync(clinic.folder, folder, { recursive: true })
  chmodSync(kekFolder(folder), 0o700)
  tampered(databaseFile(clinic.folder), databaseFile(folder), change)
  return folder
}

const keyringFile = (folder: string): string => join(folder, 'keyring.db')
const kekFolder = (folder: string): string => join(folder, 'keys', 'kek')

/** As an auditor who must not write. */
function verify(folder: string, ...more: readonly string[]): Promise<Run> {
  return verifyOnRecord(folder, '--no-record', ...more)
}

function verifyOnRecord(folder: string, ...more: readonly string[]): Promise<Run> {
  return run(['verify', '--ledger', folder, '--vkey', clinic.verifierKey, '--json', ...more])
}

function reportOf(done: Run): Report {
  // The CLI's own JSON: what is asserted of it is what the report has.
  const report: unknown = json(done)
  return report as Report
}

function codes({ findings }: Report): string[] {
  return findings.map(({ code, seq }) => `${code} ${seq}`)
}

const flipNote = (t: Tampering): void =>
  t.run(
    'UPDATE payloads SET sealed = ? WHERE blob_id = ?',
    clinic.contents.note.payload.sealed.map((byte) => byte ^ 1),
    clinic.contents.note.payload.blob_id,
  )

test('what is read and opened is said in words, and in the exit code', async () => {
  const plain = await run(['verify', '--ledger', clinic.folder, '--vkey', clinic.verifierKey, '--no-record'])
  assert.equal(plain.code, 0)
  assert.match(plain.out, /content {7}intact\n/)
  assert.match(plain.out, /sealed content: 5 payloads; --content reads them/)
  const words = ['--vkey', clinic.verifierKey, '--content', '--no-record']
  const opened = await run(['verify', '--ledger', clinic.folder, ...words])
  assert.equal(opened.code, 0)
  assert.match(opened.out, /intact: 5 payloads, 200349 bytes read; 5 opened and equal to their commitments/)
  const blind = reportOf(await verify(clinic.folder, '--content', '--without-keys'))
  assert.equal(blind.axes.content.says, 'intact: 5 payloads, 200349 bytes read')
})

test('altered content is 1, with its seq and name; found with --content, keys or no keys', async () => {
  const folder = copied('altered', flipNote)
  assert.equal((await verify(folder)).code, 0)
  for (const more of [['--content'], ['--content', '--without-keys']]) {
    const done = await verify(folder, ...more)
    assert.equal(done.code, 1)
    const [found] = reportOf(done).findings
    assert.deepEqual([found?.code, found?.seq], ['payload-altered', 4])
    assert.match(found?.problem ?? '', /^content "note": other bytes/)
  }
})

test('a key that is gone is 2 without a record that erases, and 0 with one', async () => {
  const folder = copied('gone')
  const keyring = await openTestKeyring(folder, clinic.origin)
  await keyring.turnOver([{ owner_kind: 'subject', owner: clinic.ben }])
  await keyring.close()
  const done = await verify(folder, '--content')
  assert.equal(done.code, 2)
  assert.deepEqual(codes(reportOf(done)), ['content-unavailable 2', 'content-unavailable 5'])
  assert.equal(reportOf(done).axes.content.verdict, 'unavailable')
  const draft = {
    action: 'content_erased',
    details: { phase: 'erased', subjects: [clinic.ben], keyring_generation: 1 },
  } as const
  await commitTo(folder, clinic.origin, [{ draft }])
  // Not in the tree of a checkpoint yet: a whole ledger is read up to its end, a conversation is proven.
  assert.deepEqual(codes(reportOf(await verify(folder, '--content', '--conversation', 'c-2'))), [
    'content-unavailable 5',
  ])
  assert.equal((await run(['checkpoint', '--ledger', folder])).code, 0)
  const erased = await verify(folder, '--content')
  assert.equal(erased.code, 0)
  assert.match(reportOf(erased).axes.content.says, /3 opened .*; 2 unavailable: erased under the record at seq 7$/)
  const conversation = reportOf(await verify(folder, '--content', '--conversation', 'c-2'))
  assert.match(conversation.axes.content.says, /0 opened .*; 1 unavailable: erased under the record at seq 7$/)
  // A record that was made to erase is found, though it stands outside the conversation.
  const forged = join(home, 'forged.db')
  tampered(databaseFile(folder), forged, (t) =>
    t.run(
      `UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), '"erased"', '"erasing"') AS BLOB) WHERE seq = 7`,
    ),
  )
  copyFileSync(forged, databaseFile(folder))
  const found = await verify(folder, '--content', '--conversation', 'c-2')
  assert.deepEqual([found.code, codes(reportOf(found))], [1, ['entry-altered 7']])
})

const REASONS: readonly (readonly [name: string, change: (folder: string) => Promise<void> | void, why: RegExp])[] = [
  ['no keyring', (folder) => rmSync(keyringFile(folder)), /missing-key: there is no keyring/],
  [
    'a keyring that has no key',
    async (folder) => {
      rmSync(keyringFile(folder))
      const keyring = sqliteKeyringStore(keyringFile(folder), 'create')
      await keyring.head()
      await keyring.close()
    },
    /missing-key: the keyring .* has no key/,
  ],
  ['no key-encryption keys', (folder) => rmSync(kekFolder(folder), { recursive: true }), /key-unavailable: /],
  [
    'an older copy of the keyring, whose key is destroyed',
    async (folder) => {
      copyFileSync(keyringFile(folder), join(home, 'older.db'))
      const keyring = await openTestKeyring(folder, clinic.origin)
      await keyring.turnOver()
      await keyring.destroyRetired()
      await keyring.close()
      copyFileSync(join(home, 'older.db'), keyringFile(folder))
    },
    /key-destroyed: the keyring of .* is of generation \d+, whose key is gone: key-encryption key .* was destroyed/,
  ],
  [
    'another database in its place',
    (folder) => copyFileSync(databaseFile(folder), keyringFile(folder)),
    /not-a-ledger: .* not a keyring/,
  ],
  ['something else in its place', (folder) => writeFileSync(keyringFile(folder), 'text'), /not-a-ledger: /],
  [
    'a keyring whose head was changed',
    async (folder) => {
      const { DatabaseSync } = await import('node:sqlite')
      const db = new DatabaseSync(keyringFile(folder))
      db.exec("UPDATE head SET wrapped_key = CAST(x'00' || substr(wrapped_key, 2) AS BLOB), generation = 9")
      db.close()
    },
    /wrong-key: /,
  ],
]

describe('not opened, and said why:', () => {
  for (const [at, [name, change, why]] of REASONS.entries()) {
    test(name, async () => {
      for (const [altered, code] of [
        [false, 0],
        [true, 1],
      ] as const) {
        const folder = copied(`reason-${at}-${altered}`, altered ? flipNote : undefined)
        await change(folder)
        const keys = () => readdirSync(join(folder, 'keys'), { recursive: true }).sort()
        const before = keys()
        const done = await verifyOnRecord(folder, '--content')
        assert.equal(done.code, code)
        assert.equal(json(done).recorded, false)
        const { not_checked, axes } = reportOf(done)
        const said = not_checked.filter((line) => line.startsWith('whether sealed content opens'))
        assert.equal(said.length, 1)
        assert.match(said[0] ?? '', /: not opened: /)
        assert.match(said[0] ?? '', why)
        assert.match(axes.content.says, altered ? /^altered at 4/ : /^intact: 5 payloads, 200349 bytes read$/)
        assert.deepEqual(keys(), before, 'no key is made')
      }
    })
  }
})

test('verifying changes no file of the keyring, nor of its keys', async () => {
  const folder = copied('untouched')
  const files = () =>
    [keyringFile(folder), ...readdirSync(kekFolder(folder)).map((name) => join(kekFolder(folder), name))].map(
      (file) => `${file} ${sha256Hex(readFileSync(file))}`,
    )
  const before = files()
  assert.equal((await verify(folder, '--content')).code, 0)
  assert.deepEqual(files(), before)
})

test('a conversation and a range have their own content checked, and no other', async () => {
  const ranged = copied('ranged')
  const since = join(home, 'since')
  assert.equal((await run(['checkpoint', '--ledger', ranged, '--out', since])).code, 0)
  const again = { draft: { conversation_id: 'c-1' }, contents: [clinic.contents.question] }
  await commitTo(ranged, clinic.origin, [{ contents: [clinic.contents.note] }, again, again])
  assert.equal((await run(['checkpoint', '--ledger', ranged])).code, 0)
  const range = reportOf(await verify(ranged, '--since', since, '--content'))
  assert.equal(range.axes.content.says, 'intact: 2 payloads, 143 bytes read; 2 opened and equal to their commitments')
  const behind = await verify(ranged, '--since', since)
  assert.ok(reportOf(behind).not_checked.includes('sealed content: 2 payloads; --content reads them'))
  tampered(databaseFile(ranged), join(home, 'ranged.db'), flipNote)
  copyFileSync(join(home, 'ranged.db'), databaseFile(ranged))
  assert.deepEqual(codes(reportOf(await verify(ranged, '--since', since, '--content'))), ['payload-altered 7'])
  const cases = [
    [
      ['--conversation', 'c-1'],
      'intact: 3 payloads, 200217 bytes read; 3 opened and equal to their commitments',
      'question',
      [1, 3],
    ],
    [
      ['--conversation', 'c-2'],
      'intact: 1 payload, 56 bytes read; 1 opened and equal to its commitment',
      'letter',
      [5],
    ],
  ] as const
  for (const [part, says, name, seqs] of cases) {
    assert.equal(reportOf(await verify(clinic.folder, ...part, '--content')).axes.content.says, says)
    const listed = reportOf(await verify(clinic.folder, ...part))
    assert.ok(listed.not_checked.some((line) => /^sealed content: \d payloads?; --content reads (it|them)$/.test(line)))
    const gone = copied(`gone-${name}`, (t) =>
      t.run('DELETE FROM payloads WHERE blob_id = ?', clinic.contents[name].payload.blob_id),
    )
    assert.deepEqual(
      codes(reportOf(await verify(gone, ...part))),
      seqs.map((seq) => `payload-missing ${seq}`),
    )
    const other = copied(`other-${name}`, flipNote)
    assert.equal((await verify(other, ...part, '--content')).code, 0)
    const own = copied(`own-${name}`, (t) =>
      t.run(
        'UPDATE payloads SET sealed = ? WHERE blob_id = ?',
        clinic.contents[name].payload.sealed.map((byte) => byte ^ 1),
        clinic.contents[name].payload.blob_id,
      ),
    )
    const done = await verify(own, ...part, '--content')
    assert.equal(done.code, 1)
    assert.deepEqual(
      codes(reportOf(done)),
      seqs.map((seq) => `payload-altered ${seq}`),
    )
  }
})

test('content is asked for where there is a ledger to read it from', async () => {
  for (const argv of [
    ['--export', home, '--content'],
    ['--proof', home, '--content'],
    ['--export', home, '--without-keys'],
    ['--ledger', clinic.folder, '--without-keys'],
  ]) {
    const done = await run(['verify', ...argv, '--json'])
    assert.deepEqual([done.code, errorCode(done)], [3, 'invalid-query'], argv.join(' '))
  }
})

test('an export and a proof say that content is no part of them', async () => {
  const folder = join(home, 'export')
  assert.equal((await run(['export', '--ledger', clinic.folder, '--out', folder])).code, 0)
  const exported = reportOf(await run(['verify', '--export', folder, '--vkey', clinic.verifierKey, '--json']))
  assert.equal(exported.status, 'valid')
  // The record about the export is in it, and names the list of what was exported.
  assert.ok(exported.not_checked.some((line) => line.startsWith('sealed content: named 7 times, and no part of this')))
  const [proof, entry] = [join(home, 'proof'), join(home, 'entry')]
  assert.equal((await run(['prove', '4', '--ledger', clinic.folder, '--out', proof, '--entry', entry])).code, 0)
  const argv = ['verify', '--proof', proof, '--entry', entry, '--vkey', clinic.verifierKey, '--json']
  const proven = reportOf(await run(argv))
  assert.ok(proven.not_checked.some((line) => line.startsWith('sealed content: named 1 time, and no part of this')))
})
