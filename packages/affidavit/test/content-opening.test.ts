// Sealed content, verified with the keys of its folder: what does not open, opens to another body, or has no key any more.

import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { sha256Hex } from '../src/crypto/sha256.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { contentOpener, type ReadKeyring } from '../src/embedded/check-content.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { openKeyringToRead } from '../src/embedded/read-keyring.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { type VerifyOptions, verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Report } from '../src/verify/report.ts'
import {
  type ClinicLedger,
  commitTo,
  type KeyedEntry,
  type KeyedLedger,
  makeClinic,
  makeKeyedLedger,
} from './keyed-entries.ts'
import { type Tampering, tampered } from './manipulate.ts'
import type { Sealed } from './sealed-entries.ts'

let home: string
let clinic: ClinicLedger
let database: string
let copy: string

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'affidavit-opening-'))
  clinic = await makeClinic(join(home, 'clinic'))
  await clinic.publish()
  database = databaseFile(clinic.folder)
  copy = join(home, 'copy.db')
})
after(async () => {
  await clinic.keyring.close()
  rmSync(home, { recursive: true, force: true })
})

const keysOf = ({ folder }: Pick<KeyedLedger, 'folder'>) => contentOpener((ledger) => openKeyringToRead(folder, ledger))

/** Where the database lies elsewhere, it is a copy: the keys stay in the folder. */
async function verify(
  ledger: Pick<KeyedLedger, 'folder' | 'verifierKey'>,
  options: Partial<VerifyOptions> = { openContent: keysOf(ledger) },
  path = databaseFile(ledger.folder),
): Promise<Report> {
  const key = parseVerifierKey(ledger.verifierKey)
  assert.ok(!('code' in key))
  const anchors = [await localAnchor(ledger.folder)]
  return verifySqlite(path, { trust: { kind: 'pinned', keys: [key] }, anchors, threads: 0, ...options })
}

function codes({ findings }: Report): string[] {
  return findings.map(({ code, seq, what }) => `${code} ${seq ?? what}`).sort()
}

test('a payload that is shared is counted once, and opened once, by any number of threads', async () => {
  const bytes = Object.values(clinic.contents).reduce((sum, { reference }) => sum + reference.sealed_size, 0)
  const opener = keysOf(clinic)
  const read: string[] = []
  // What is read of it to open it.
  const openContent: typeof opener = {
    open: (contents) =>
      opener.open({
        ...contents,
        stored(reference) {
          read.push(reference.name)
          return contents.stored(reference)
        },
      }),
  }
  await verify(clinic, { openContent })
  assert.deepEqual(read.sort(), ['answer', 'letter', 'note', 'question', 'scan'])
  for (const threads of [0, 2]) {
    const blind = await verify(clinic, { payloadBytes: 'read', threads })
    assert.equal(blind.axes.content.says, `intact: 5 payloads, ${bytes} bytes read`)
    assert.ok(
      blind.not_checked.includes(
        'whether sealed content opens, and is what the entries commit to: that takes the keys',
      ),
    )
    const opened = await verify(clinic, { openContent: keysOf(clinic), threads })
    const says = `intact: 5 payloads, ${bytes} bytes read; 5 opened and equal to their commitments`
    assert.deepEqual({ ...opened.axes.content, status: opened.status }, { verdict: 'intact', says, status: 'valid' })
    assert.ok(!opened.not_checked.some((line) => /sealed content/.test(line)))
  }
  const listed = await verify(clinic, {})
  assert.equal(listed.axes.content.says, 'intact')
  assert.ok(listed.not_checked.includes('sealed content: 5 payloads; --content reads them'))
})

const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))

describe('found with and without keys: what is stored is not what was recorded', () => {
  const id = (name: keyof ClinicLedger['contents']): string => clinic.contents[name].payload.blob_id
  const LIES: readonly (readonly [name: string, lie: (t: Tampering) => void, found: readonly string[]])[] = [
    [
      'a bit of a payload that two entries share',
      (t) =>
        t.run(
          'UPDATE payloads SET sealed = ? WHERE blob_id = ?',
          flipped(clinic.contents.question.payload.sealed),
          id('question'),
        ),
      ['payload-altered 1', 'payload-altered 3'],
    ],
    [
      'a bit of a later chunk',
      (t) =>
        t.run(
          'UPDATE payload_chunks SET sealed = ? WHERE chunk_no = 2',
          flipped(clinic.contents.scan.more[1] ?? new Uint8Array(1)),
        ),
      ['payload-altered 2'],
    ],
    [
      'a chunk that was cut',
      (t) => t.run('UPDATE payload_chunks SET sealed = substr(sealed, 1, 100) WHERE chunk_no = 3'),
      ['payload-altered 2'],
    ],
    [
      'a bit of a content key',
      (t) =>
        t.run(
          'UPDATE payloads SET content_key = ? WHERE blob_id = ?',
          flipped(clinic.contents.note.payload.content_key),
          id('note'),
        ),
      ['content-key-altered 4'],
    ],
    [
      'the ciphertexts of two records, exchanged',
      (t) => {
        for (const [one, other] of [
          ['note', 'letter'],
          ['letter', 'note'],
        ] as const) {
          t.run('UPDATE payloads SET sealed = ? WHERE blob_id = ?', clinic.contents[one].payload.sealed, id(other))
        }
      },
      ['payload-altered 4', 'payload-altered 5'],
    ],
    [
      'a payload that is gone',
      (t) => t.run('DELETE FROM payloads WHERE blob_id = ?', id('letter')),
      ['payload-missing 5', 'stray-row table payload_uses'],
    ],
  ]
  for (const [name, lie, expected] of LIES) {
    test(name, async () => {
      tampered(database, copy, lie)
      for (const options of [{ payloadBytes: 'read' }, { openContent: keysOf(clinic) }] as const) {
        const report = await verify(clinic, options, copy)
        assert.deepEqual(codes(report), [...expected].sort())
        assert.equal(report.status, 'tampered')
        assert.equal(report.axes.content.verdict, 'altered')
      }
    })
  }
})

test('a payload that one entry names twice is counted once', async () => {
  const ledger = await makeKeyedLedger(join(home, 'twice'))
  const one = await ledger.seal('one', 'text')
  await ledger.commit([{ contents: [one, { ...one, reference: { ...one.reference, name: 'two' } }] }])
  await ledger.publish()
  const { status, axes } = await verify(ledger)
  assert.equal(status, 'valid')
  assert.match(axes.content.says, /^intact: 1 payload, 52 bytes read; 1 opened and equal to its commitment$/)
  await ledger.keyring.close()
})

describe('recorded wrong: every hash fits, and the keys show it', () => {
  const WRONG: readonly (readonly [
    name: string,
    make: (ledger: KeyedLedger) => Promise<Sealed>,
    found: string,
    problem: RegExp,
  ])[] = [
    [
      'sealed under another key than the one that is wrapped',
      (ledger) => ledger.seal('wrong', 'text', { sealedUnder: createSecretKey(Buffer.alloc(32, 9)) }),
      'content-unopenable',
      /^content "wrong": its chunk 0 is as it was recorded, and does not open/,
    ],
    [
      'sealed for another conversation',
      (ledger) => ledger.seal('wrong', 'text', { conversation: 'c-9' }),
      'content-unopenable',
      /its chunk 0 is as it was recorded/,
    ],
    [
      'wrapped under another key of the same scope',
      async (ledger) => {
        const [id = ''] = (await ledger.scopeKeys([])).keys()
        return ledger.seal('wrong', 'text', { scopeKeys: new Map([[id, createSecretKey(Buffer.alloc(32, 9))]]) })
      },
      'content-unopenable',
      /its content key is the recorded one, and does not open under the scope keys/,
    ],
    [
      'another commitment',
      async (ledger) => {
        const sealed = await ledger.seal('wrong', 'text')
        return { ...sealed, reference: { ...sealed.reference, commitment: 'ab'.repeat(32) } }
      },
      'content-commitment-mismatch',
      /^content "wrong": it opens, to another body than the entry commits to$/,
    ],
  ]
  let ledger: KeyedLedger
  let report: Report

  // Seq 1 is right; each wrong one stands beside a right one, and once more behind it.
  before(async () => {
    ledger = await makeKeyedLedger(join(home, 'wrong'))
    const right = await ledger.seal('right', 'text')
    const entries: KeyedEntry[] = [{ contents: [right] }]
    for (const [, make] of WRONG) {
      const wrong = await make(ledger)
      entries.push({ contents: [right, wrong] }, { contents: [wrong] })
    }
    await ledger.commit(entries)
    await ledger.publish()
    report = await verify(ledger)
  })
  after(() => ledger.keyring.close())

  test('nobody without the keys finds it', async () => {
    const blind = await verify(ledger, { payloadBytes: 'read' })
    assert.deepEqual([blind.status, codes(blind)], ['valid', []])
  })

  for (const [at, [name, , code, problem]] of WRONG.entries()) {
    test(name, () => {
      const seqs = [2 + 2 * at, 3 + 2 * at]
      const found = report.findings.filter(({ seq = 0 }) => seqs.includes(seq))
      assert.deepEqual(
        found.map((one) => `${one.code} ${one.seq}`),
        seqs.map((seq) => `${code} ${seq}`),
      )
      for (const one of found) assert.match(one.problem, problem)
    })
  }

  test('it is tampering, and nothing else is found', () => {
    assert.deepEqual([report.status, report.axes.content.verdict], ['tampered', 'altered'])
    assert.equal(report.findings_count, 2 * WRONG.length)
  })
})

const erasure = (subjects: unknown, phase = 'erased', conversations: unknown = []) =>
  ({
    draft: { action: 'content_erased', details: { phase, subjects, conversations, keyring_generation: 1 } },
  }) as const

test('what opened for one entry is not taken for another; and wrong stays wrong under a record that erases', async () => {
  const ledger = await makeKeyedLedger(join(home, 'shared'))
  const [eve = ''] = await ledger.keyring.tokens(['PT-3'])
  const right = await ledger.seal('right', 'text', { subject_ids: [eve] })
  const wrong = await ledger.seal('wrong', 'text', {
    subject_ids: [eve],
    sealedUnder: createSecretKey(Buffer.alloc(32, 9)),
  })
  const commitment = 'ab'.repeat(32)
  const short = await ledger.seal('short', 'text', { subject_ids: [eve] })
  const sealed = short.payload.sealed.subarray(0, 40)
  const impossible = {
    ...short,
    reference: { ...short.reference, sealed_size: 40, ciphertext_sha256: sha256Hex(sealed) },
    payload: { ...short.payload, sealed },
  }
  await ledger.commit([
    { contents: [right] },
    { draft: { conversation_id: 'c-9' }, contents: [right] },
    { contents: [{ ...right, reference: { ...right.reference, commitment } }] },
    { contents: [wrong] },
    // Of a size that no body has: anybody sees that.
    { contents: [impossible] },
    erasure([eve]),
  ])
  await ledger.publish()
  const report = await verify(ledger)
  const expected = ['content-commitment-mismatch 3', 'content-unopenable 2', 'content-unopenable 4']
  assert.deepEqual(codes(report), [...expected, 'erased-content-opens 1', 'payload-altered 5'])
  assert.equal(report.status, 'tampered')
  await ledger.keyring.close()
})

/** The clinic as it is, in a folder of its own, with its keyring. */
async function clinicAlone(name: string, run: (ledger: ClinicLedger) => Promise<void>): Promise<void> {
  const ledger = await makeClinic(join(home, name))
  try {
    await run(ledger)
  } finally {
    await ledger.keyring.close()
  }
}

const erase = (ledger: ClinicLedger, owner: string) => ledger.keyring.turnOver([{ owner_kind: 'subject', owner }])
test('erased under a record: counted, and said under which; the verdict stays, and the rest opens', async () => {
  await clinicAlone('erased', async (ledger) => {
    await erase(ledger, ledger.ada)
    await ledger.commit([erasure([ledger.ada], 'decided'), erasure(['tok_other', ledger.ada])])
    await ledger.publish()
    const { status, findings, axes, not_checked } = await verify(ledger)
    assert.deepEqual({ status, findings }, { status: 'valid', findings: [] })
    assert.equal(axes.content.verdict, 'intact')
    assert.match(axes.content.says, /; 2 opened .*; 3 unavailable: erased under the record at seq 8$/)
    assert.ok(not_checked.includes('whether 3 erased payloads held what the entries commit to'))
    // Damage to what was erased is found as before.
    tampered(databaseFile(ledger.folder), copy, (t) => t.run('DELETE FROM payload_chunks WHERE chunk_no = 3'))
    assert.deepEqual(codes(await verify(ledger, undefined, copy)), ['payload-altered 2'])
  })
})

test('erased under a record: several are named', async () => {
  await clinicAlone('erased-both', async (ledger) => {
    await erase(ledger, ledger.ada)
    await ledger.commit([erasure([ledger.ada])])
    await erase(ledger, ledger.ben)
    // More than a page of others before it.
    await ledger.commit(Array.from({ length: 600 }, (_, i) => erasure([`tok_${i}`])))
    await ledger.commit([erasure([ledger.ben])])
    await ledger.publish()
    const { axes } = await verify(ledger)
    assert.match(axes.content.says, /; 1 opened .*; 4 unavailable: erased under the records at seq 7, 608$/)
  })
})

test('erased under a record: a conversation, with what is about nobody in it', async () => {
  const ledger = await makeKeyedLedger(join(home, 'conversation'))
  const [key] = await ledger.keyring.scopeKeys([
    { owner_kind: 'conversation', owner: 'c-7', retention_class: 'default', month: '2026-11' },
  ])
  assert.ok(key !== undefined)
  const scopeKeys = new Map([[key.id, key.key]])
  const printer = await ledger.seal('printer', 'It is out of paper.', { conversation: 'c-7', scopeKeys })
  await ledger.commit([{ draft: { conversation_id: 'c-7' }, contents: [printer] }])
  await ledger.keyring.turnOver([{ owner_kind: 'conversation', owner: 'c-7' }])
  await ledger.commit([erasure([], 'erasing', ['c-7'])])
  await ledger.publish()
  const { findings, axes } = await verify(ledger)
  assert.deepEqual(findings, [])
  assert.match(axes.content.says, /1 unavailable: erased under the record at seq 2$/)
  await ledger.keyring.close()
})

test('erased under a record, and it opens: found where the keys were to be gone, and not while they are still to go', async () => {
  await clinicAlone('still-there', async (ledger) => {
    await ledger.commit([erasure([ledger.ben], 'decided')])
    await ledger.publish()
    assert.deepEqual(codes(await verify(ledger)), [])
    await ledger.commit([erasure([ledger.ben], 'erasing')])
    await ledger.publish()
    const report = await verify(ledger)
    assert.deepEqual(codes(report), ['erased-content-opens 2', 'erased-content-opens 5'])
    assert.equal(report.status, 'tampered')
  })
})

describe('no record that erases: content without its key is unavailable, and never altered', () => {
  const NONE = ['content-unavailable 1', 'content-unavailable 1', 'content-unavailable 2', 'content-unavailable 3']
  const RECORDS: readonly (readonly [
    name: string,
    entry: (ledger: ClinicLedger) => KeyedEntry,
    found: readonly string[],
  ])[] = [
    ['there is none', () => ({}), NONE],
    ['subjects are no list', ({ ada }) => erasure(ada), NONE],
    ['subjects are no texts', () => erasure([7, true, {}]), NONE],
    ['another action', ({ ada }) => ({ draft: { action: 'records_disposed', details: { subjects: [ada] } } }), NONE],
    ['another phase', ({ ada }) => erasure([ada], 'planned'), NONE],
    ['its conversation, and it is about somebody', () => erasure([], 'erased', ['c-1']), NONE],
    // The scan at seq 2 is about Ben too.
    // Decided only: what is about Ben alone still opens.
    ['of another subject', ({ ben }) => erasure([ben], 'decided'), NONE.filter((code) => !code.endsWith('2'))],
  ]

  test('each record that says nothing of it, one after the other', async () => {
    await clinicAlone('unavailable', async (ledger) => {
      await erase(ledger, ledger.ada)
      for (const [name, entry, found] of RECORDS) {
        await ledger.commit([entry(ledger)])
        const report = await verify(ledger)
        const content = report.findings.filter(({ axis }) => axis === 'content')
        assert.deepEqual(
          content.map(({ code, seq }) => `${code} ${seq}`),
          found,
          name,
        )
        assert.deepEqual([report.status, report.axes.content.verdict], ['incomplete', 'unavailable'], name)
        assert.match(content[0]?.problem ?? '', /^content "question": its key is not in this keyring/)
      }
    })
  })

  test('a record that stands before the content', async () => {
    const ledger = await makeKeyedLedger(join(home, 'before'))
    const [eve = ''] = await ledger.keyring.tokens(['PT-3'])
    await ledger.commit([erasure([eve])])
    await ledger.commit([{ contents: [await ledger.seal('late', 'text', { subject_ids: [eve] })] }])
    await ledger.keyring.turnOver([{ owner_kind: 'subject', owner: eve }])
    await ledger.publish()
    assert.deepEqual(codes(await verify(ledger)), ['content-unavailable 2'])
    await ledger.keyring.close()
  })

  test('a record behind what is verified', async () => {
    await clinicAlone('beyond', async (ledger) => {
      await ledger.publish()
      await erase(ledger, ledger.ada)
      const opener = keysOf(ledger)
      // It comes while the verification runs.
      const openContent: typeof opener = {
        async open(contents) {
          await ledger.commit([erasure([ledger.ada])])
          return opener.open(contents)
        },
      }
      const { status } = await verify(ledger, { openContent })
      assert.equal(status, 'incomplete')
    })
  })
})

test('another keyring of the same name: everything is unavailable, and nothing altered', async () => {
  const other = await makeKeyedLedger(join(home, 'other'))
  const report = await verify(clinic, { openContent: keysOf(other) })
  assert.deepEqual(
    [report.status, report.axes.content.verdict, report.findings.length],
    ['incomplete', 'unavailable', 6],
  )
  assert.ok(report.findings.every(({ code }) => code === 'content-unavailable'))
  await other.keyring.close()
})

test('a key that is damaged in the keyring keeps its own content closed, and no other', async () => {
  await clinicAlone('damaged', async (ledger) => {
    const [id = ''] = (await ledger.scopeKeys([ledger.ben])).keys()
    const openContent = contentOpener(async (origin) => {
      const keyring = await openKeyringToRead(ledger.folder, origin)
      return {
        ...keyring,
        async scopeKeysById(ids) {
          if (ids.includes(id)) throw new LedgerError('store-corrupt', { problem: 'not what was sealed' })
          return keyring.scopeKeysById(ids)
        },
      }
    })
    const report = await verify(ledger, { openContent })
    assert.deepEqual(
      codes(report).filter((code) => code.startsWith('content')),
      ['content-unavailable 2', 'content-unavailable 5'],
    )
    assert.match(report.findings[0]?.problem ?? '', /its key in the keyring is damaged$/)
  })
})

test('a keyring that is lost halfway: what was opened counts, the rest is said, and the verdict is that without keys', async () => {
  let asked = 0
  const lost: ReadKeyring = {
    async scopeKeysById() {
      asked++
      throw new LedgerError('key-unavailable', { problem: 'the disk is gone' })
    },
    wrappedAnew: async () => assert.fail('the disk is gone'),
    close: async () => undefined,
  }
  const report = await verify(clinic, { openContent: contentOpener(async () => lost) })
  assert.equal(asked, 1)
  assert.equal(report.status, 'valid')
  assert.match(report.axes.content.says, /bytes read; 0 opened/)
  assert.ok(
    report.not_checked.some((line) => /not opened: from seq 1 on, key-unavailable: the disk is gone$/.test(line)),
  )
})

test('a bug in opening is no answer', async () => {
  const openContent = contentOpener(async () => {
    throw new TypeError('a bug')
  })
  await assert.rejects(verify(clinic, { openContent }), /a bug/)
})

test('more scopes than are remembered, and payloads than a batch has: each opens', async () => {
  const ledger = await makeKeyedLedger(join(home, 'many'))
  const tokens = await ledger.keyring.tokens(Array.from({ length: 10_500 }, (_, i) => `PT-${i}`))
  const scopesOf: (readonly string[])[] = []
  for (let at = 0; at < tokens.length; at += 500) scopesOf.push(tokens.slice(at, at + 500))
  // What was forgotten is asked for again, beside what is known still.
  for (let at = 0; at < 600; at++) scopesOf.push([tokens[at] ?? '', tokens.at(-1) ?? ''])
  const contents: Sealed[] = []
  for (const scopes of scopesOf)
    contents.push(await ledger.seal('many', 'text', { scopeKeys: await ledger.scopeKeys(scopes) }))
  await ledger.commit(contents.map((one) => ({ contents: [one] })))
  await ledger.publish()
  const { status, axes } = await verify(ledger)
  assert.equal(status, 'valid')
  assert.match(axes.content.says, new RegExp(`; ${contents.length} opened`))
  await ledger.keyring.close()
})

test('a keyring is closed, also where opening fails', async () => {
  for (const fails of [false, true]) {
    let closed = 0
    const openContent = contentOpener(async (origin) => {
      const keyring = await openKeyringToRead(clinic.folder, origin)
      return {
        async scopeKeysById(ids) {
          if (fails) throw new TypeError('a bug')
          return keyring.scopeKeysById(ids)
        },
        wrappedAnew: keyring.wrappedAnew,
        async close() {
          closed++
          await keyring.close()
        },
      }
    })
    const done = verify(clinic, { openContent })
    await (fails ? assert.rejects(done, /a bug/) : done)
    assert.equal(closed, 1)
  }
})

test('where nothing is sealed, no keyring is asked for', async () => {
  const bare = join(home, 'bare')
  const ledger = await makeKeyedLedger(bare)
  await ledger.commit([{}])
  await ledger.publish()
  const openContent = contentOpener(() => assert.fail('nothing is to be opened'))
  const { status, axes, not_checked } = await verify(ledger, { openContent })
  assert.deepEqual([status, axes.content.says], ['valid', 'intact'])
  assert.ok(!not_checked.some((line) => /sealed/.test(line)))
  await ledger.keyring.close()
})

test('content of a ledger before a restore is checked with that of the one that follows', async () => {
  // The keyring outlives a restore: it has the NAME without the incarnation.
  const { continueAfterRestore } = await import('../src/embedded/init.ts')
  await clinicAlone('restored', async (ledger) => {
    await ledger.publish()
    const backup = join(home, 'restored-copy')
    cpSync(ledger.folder, backup, { recursive: true })
    chmodSync(join(backup, 'keys', 'kek'), 0o700)
    const { origin, verifierKey } = await continueAfterRestore(backup)
    await ledger.keyring.turnOver([{ owner_kind: 'subject', owner: ledger.ada }])
    const after = { folder: backup, verifierKey }
    const both = await verify(after, { openContent: keysOf(ledger) })
    assert.ok(both.findings.some(({ code, what }) => code === 'content-unavailable' && what?.startsWith(ledger.origin)))
    const whole = await verify(after, { openContent: keysOf(after) })
    assert.match(whole.axes.content.says, /5 opened/)
    // Erased since, as the ledger that follows records.
    await commitTo(backup, origin, [erasure([ledger.ada])])
    const erased = await verify(after, { openContent: keysOf(ledger) })
    assert.match(erased.axes.content.says, /2 opened .*; 3 unavailable: erased under the record at seq 1$/)
  })
})
