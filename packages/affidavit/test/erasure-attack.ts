// What somebody finds who has old copies of everything but the keys that were destroyed, and every key that is left
// (spec/erasure.md §6).

import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { canonicalJson, PLAIN_JSON } from '../src/bytes/json.ts'
import { hkdfSha256 } from '../src/crypto/hkdf.ts'
import { hmacSha256Hex, sha256Hex } from '../src/crypto/sha256.ts'
import { openFolderKeyring, openWrapper } from '../src/embedded/keyring.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openKeyringToRead } from '../src/embedded/read-keyring.ts'
import { openStore } from '../src/embedded/store.ts'
import { formatPlan } from '../src/erasure/plan.ts'
import { parseContentKey } from '../src/formats/content-key.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import { recordOf } from '../src/ledger/read.ts'
import { unwrapPayloadKey } from '../src/vault/content-key.ts'
import { generationKeys, type OpenedRow, openRow } from '../src/vault/keyring-rows.ts'
import type { KeyringHead, KeyringRow } from '../src/vault/keyring-store.ts'
import { createOpener } from '../src/vault/open.ts'
import type { Backend } from './backend.ts'
import {
  ADA,
  AGENT,
  allContents,
  approve,
  BEN,
  copyOf,
  type ErasureClinic,
  eraseAll,
  makeErasureClinic,
  open,
  planFor,
  STORY,
  said,
  saidContents,
  tokenOf,
} from './erasure-clinic.ts'
import { openKeyringStore } from './keyring-store.ts'
import { linkTo } from './linked-clinic.ts'

const SECRETS = [ADA, 'Ada Okafor', 'fracture', 'Ada waits', 'siblings']
/** The draft of seq 7: about Ada, and nothing else of it is unknown. */
const OPEN_DRAFT = { ...AGENT, details: { n: 7 } }

export function testErasureAttack(backend: Backend): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-erasure-attack-'))
  after(() => rmSync(home, { recursive: true, force: true }))

  let clinic: ErasureClinic
  let old: ErasureClinic
  let token: string
  let record: AuditRecord
  /** Every byte that is left, with the papers. */
  let left: Buffer
  let leftBefore: Buffer
  /** Every key that is left, and every key that there was. */
  let keys: readonly KeyObject[]
  let keysBefore: readonly KeyObject[]

  before(async () => {
    clinic = await makeErasureClinic(join(home, 'clinic'), STORY, backend)
    token = await tokenOf(clinic, ADA)
    old = await copyOf(clinic, home)
    keysBefore = await keysOf(clinic.folder)
    leftBefore = await backend.bytes(clinic.folder)
    await using ledger = await open(clinic)
    const plan = await planFor(ledger, clinic)
    const approval = approve(clinic, plan)
    const order = { plan, approval, policy: clinic.policy, person: 'dr.lee' }
    const { certificate } = await ledger.erasures.carryOut(order)
    record = (await ledger.at(7)) ?? assert.fail('no record')
    await ledger.close()
    keys = await keysOf(clinic.folder)
    left = Buffer.concat([await backend.bytes(clinic.folder), formatPlan(plan), approval, Buffer.from(certificate)])
  })

  async function rowsOf(folder: string): Promise<Rows> {
    const store = await openKeyringStore(folder, nameOf(clinic.origin))
    try {
      const head = (await store.head()) ?? assert.fail('no head')
      const page = await store.page(head.generation, 0, 10_000)
      assert.ok(page !== 'superseded')
      return { head, rows: page.map(({ row }) => row) }
    } finally {
      await store.close()
    }
  }

  function contextOf({ generation }: KeyringHead): string {
    return `affidavit keyring key v1\n${nameOf(clinic.origin)}\n${generation}`
  }

  /** The keyring key in force and every scope key under it. */
  async function keysOf(folder: string): Promise<readonly KeyObject[]> {
    const name = nameOf(clinic.origin)
    const wrapper = await openWrapper(folder, name)
    const { head, rows } = await rowsOf(folder)
    const keyringKey = await wrapper.unwrap(head.kek_version, head.wrapped_key, contextOf(head))
    await wrapper.close()
    const opened: readonly OpenedRow[] = rows.map((row) =>
      openRow(generationKeys(name, head.generation, keyringKey), row),
    )
    const scopeKeys = opened.filter((row) => row.kind === 'scope').map(({ key }) => createSecretKey(key))
    assert.ok(scopeKeys.length > 0)
    return [createSecretKey(keyringKey), ...scopeKeys]
  }

  describe('old copies of ledger and keyring, and every key that is left, give no byte of what was erased:', () => {
    test('the old keyring does not open with the keys of today', async () => {
      const { folder } = await copyOf(clinic, home)
      await backend.bringBackKeyring(folder, old.folder)
      await assert.rejects(openKeyringToRead(folder, clinic.origin), { code: 'key-destroyed' })
      const { head } = await rowsOf(old.folder)
      const wrapper = await openWrapper(clinic.folder, nameOf(clinic.origin))
      for (const { version } of await wrapper.versions())
        await assert.rejects(wrapper.unwrap(version, head.wrapped_key, contextOf(head)))
      await wrapper.close()
    })

    test('no row of the old keyring opens under any key that is left', async () => {
      const { head, rows } = await rowsOf(old.folder)
      for (const key of keys) {
        const candidate = generationKeys(nameOf(clinic.origin), head.generation, key.export())
        for (const row of rows) assert.throws(() => openRow(candidate, row), { code: 'store-corrupt' })
      }
    })

    test('nothing erased in the old ledger opens with the keyring of today, and the rest does', async () => {
      const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
      const opened = await allContents(old, keyring)
      await keyring.close()
      assert.deepEqual(
        Object.entries(opened)
          .filter(([, text]) => text === 'gone')
          .map(([name]) => name),
        ['1 message', '3 ada', '4 message'],
      )
      // With its own keyring, as a copy of everything would.
      assert.equal((await saidContents(old))['1 message'], 'Ada has a fracture.')
    })

    test('no payload opens with any key that is left as its own', async () => {
      const store = await openStore(placeOf(old.folder))
      const [entry] = await store.entries(clinic.origin, { from_seq: 1 }, { limit: 1, order: 'ascending' })
      const { content, conversation_id = '' } = JSON.parse(Buffer.from(entry?.entry ?? []).toString('utf8'))
      const [{ blob_id, sealed_size, commitment }] = content
      const payload = (await store.payload(clinic.origin, blob_id)) ?? assert.fail('no payload')
      await store.close()
      for (const payloadKey of keys) {
        const place = {
          payloadKey,
          ledger: clinic.origin,
          conversation: conversation_id,
          blob_id,
          sealed_size,
          commitment,
        }
        const opener = createOpener(place)
        const pushed = opener.push(payload.sealed)
        assert.ok('code' in pushed || 'code' in opener.end())
      }
    })

    test('no word of it stands in any file: not in the old ledger, not in what is there today', async () => {
      const oldBytes = await backend.bytes(old.folder)
      for (const secret of SECRETS) {
        assert.ok(!left.includes(secret), secret)
        assert.ok(!oldBytes.includes(secret), secret)
      }
      assert.ok(left.includes(token))
    })

    test('the token of the person leads to nobody, and the person to no token', async () => {
      const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
      assert.equal(await keyring.tokenOf(ADA), undefined)
      assert.deepEqual(await keyring.personalIds([token]), new Map())
      assert.notEqual(await keyring.tokenOf(BEN), undefined)
      await keyring.close()
    })
  })

  /** Everything that a guess gives with these keys: as text, canonical draft, or what an entry commits to. */
  function tracesOf(guess: string, guessedKeys: readonly KeyObject[]): string[] {
    const draft = canonicalJson({ ...OPEN_DRAFT, subject_ids: [guess] }, PLAIN_JSON)
    const commitments = [draft, guess].map((text) => `affidavit draft v1\n${clinic.origin}\n${record.id}\n${text}`)
    const texts = [
      guess,
      draft,
      ...commitments,
      `${record.salt}${guess}`,
      `${record.salt}${draft}`,
      `identity\n${guess}`,
    ]
    const bySalt = createSecretKey(Buffer.from(record.salt, 'hex'))
    const infos = [
      `affidavit draft key v1\n${clinic.origin}`,
      `affidavit equal body v1\n${clinic.origin}\nc-1`,
      'affidavit keyring look-up v1',
    ]
    const derived = guessedKeys.flatMap((key) => [key, ...infos.map((info) => hkdfSha256([key], info))])
    return texts.flatMap((text) => [
      sha256Hex(Buffer.from(text)),
      ...[bySalt, ...derived].map((key) => hmacSha256Hex(key, text)),
    ])
  }

  test('nothing that is left tells which of a thousand persons it was', () => {
    // The attack works while the keys are there.
    assert.ok(standsIn(leftBefore, hexesIn(leftBefore), tracesOf(ADA, keysBefore)))
    const candidates = [ADA, ...Array.from({ length: 999 }, (_, i) => `Ada Okafor, MRN ${String(i).padStart(5, '0')}`)]
    const hexes = hexesIn(left)
    for (const candidate of candidates) {
      const traces = tracesOf(candidate, keys)
      assert.ok(!traces.some((trace) => hexes.has(trace)), candidate)
    }
    assert.ok(!standsIn(left, hexes, tracesOf(ADA, keys)))
  })

  test('nothing that is left tells which of a thousand words it was', () => {
    assert.ok(standsIn(leftBefore, hexesIn(leftBefore), tracesOf('Ada has a fracture.', keysBefore)))
    const texts = ['Ada has a fracture.', ...Array.from({ length: 999 }, (_, i) => `Ada has a fracture of type ${i}.`)]
    const hexes = hexesIn(left)
    for (const text of texts) assert.ok(!tracesOf(text, keys).some((trace) => hexes.has(trace)), text)
    assert.ok(!standsIn(left, hexes, tracesOf('Ada has a fracture.', keys)))
  })

  describe('of what was linked later, old copies and every key that is left give no byte, and the rest opens:', () => {
    let linked: ErasureClinic
    let before: ErasureClinic
    let keysThen: readonly KeyObject[]
    let keysNow: readonly KeyObject[]
    let bytesNow: Buffer
    let record6: AuditRecord
    const TEXT = 'The lift is stuck.'

    test('the attack works while the keys are there', async () => {
      linked = await makeErasureClinic(
        join(home, 'linked'),
        [...STORY, said('The lift moves.', { conversation_id: 'c-2' })],
        backend,
      )
      {
        await using ledger = await open(linked)
        await linkTo(ledger, 6)
      }
      before = await copyOf(linked, home)
      keysThen = await keysOf(linked.folder)
      record6 = await recordAt6()
      assert.ok(await unwrapsWith(keysThen))
      const bytesThen = await backend.bytes(linked.folder)
      assert.ok(standsIn(bytesThen, hexesIn(bytesThen), guessesOf(TEXT, keysThen)))
      await using ledger = await open(linked)
      await eraseAll(ledger, linked)
      await ledger.close()
      keysNow = await keysOf(linked.folder)
      bytesNow = await backend.bytes(linked.folder)
    })

    test('its content key unwraps with none of them', async () => {
      assert.ok(!(await unwrapsWith(keysNow)))
    })

    test('the old ledger with the keyring of today opens everything else', async () => {
      const keyring = await openFolderKeyring(linked.folder, linked.origin, 'open')
      const opened = await allContents(before, keyring)
      await keyring.close()
      const gone = Object.entries(opened).filter(([, text]) => text === 'gone')
      assert.deepEqual(
        gone.map(([name]) => name),
        ['1 message', '3 ada', '4 message', '6 message'],
      )
      assert.equal(opened['8 message'], 'The lift moves.')
    })

    test('no row of the old keyring opens under any of them', async () => {
      const { head, rows } = await rowsOf(before.folder)
      for (const key of keysNow) {
        const candidate = generationKeys(nameOf(linked.origin), head.generation, key.export())
        for (const row of rows) assert.throws(() => openRow(candidate, row), { code: 'store-corrupt' })
      }
    })

    test('nothing tells which of a hundred words it was', () => {
      const hexes = hexesIn(bytesNow)
      for (const text of [TEXT, ...Array.from({ length: 99 }, (_, i) => `The lift is stuck at ${i}.`)])
        assert.ok(!guessesOf(text, keysNow).some((trace) => hexes.has(trace)), text)
    })

    async function recordAt6(): Promise<AuditRecord> {
      const store = await openStore(placeOf(before.folder))
      const [entry] = await store.entries(linked.origin, { from_seq: 6 }, { limit: 1, order: 'ascending' })
      await store.close()
      return recordOf(entry ?? assert.fail('no entry'))
    }

    /** Each of these keys, taken for that of the scope that the payload was sealed under. */
    async function unwrapsWith(candidates: readonly KeyObject[]): Promise<boolean> {
      const [{ blob_id, key_id } = assert.fail('no content')] = record6.content ?? []
      const store = await openStore(placeOf(before.folder))
      const contentKey = (await store.payload(linked.origin, blob_id))?.content_key ?? assert.fail('no payload')
      await store.close()
      const parsed = parseContentKey(contentKey)
      assert.ok(!('code' in parsed))
      return candidates.some((key) => {
        const scopeKeys = new Map(parsed.scope_ids.map((id) => [id, key]))
        return !('code' in unwrapPayloadKey({ ledger: linked.origin, blob_id, key_id, contentKey, scopeKeys }))
      })
    }

    /** What its record commits to, and what equal bodies are found by, of a body that is guessed. */
    function guessesOf(text: string, guessedKeys: readonly KeyObject[]): string[] {
      const { id } = record6
      const content = [{ name: 'message', media_type: 'text/plain', body_sha256: sha256Hex(Buffer.from(text)) }]
      const received = canonicalJson({ ...AGENT, conversation_id: 'c-2', content }, PLAIN_JSON)
      return guessedKeys.flatMap((key) => [
        hmacSha256Hex(
          hkdfSha256([key], `affidavit draft key v1\n${linked.origin}`),
          `affidavit draft v1\n${linked.origin}\n${id}\n${received}`,
        ),
        hmacSha256Hex(hkdfSha256([key], `affidavit equal body v1\n${linked.origin}\nc-2`), text),
      ])
    }
  })
}

interface Rows {
  readonly head: KeyringHead
  readonly rows: readonly KeyringRow[]
}

/** Whether a trace stands there, in hex or in bytes. */
function standsIn(bytes: Buffer, hexes: ReadonlySet<string>, traces: readonly string[]): boolean {
  return traces.some((trace) => hexes.has(trace) || bytes.includes(Buffer.from(trace, 'hex')))
}

function hexesIn(bytes: Buffer): ReadonlySet<string> {
  return new Set(bytes.toString('latin1').match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [])
}
