import assert from 'node:assert/strict'
import { createDecipheriv, createHmac, hkdfSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { createRandomSource } from '../crypto/random.ts'
import { memoryKeyWrapper } from '../testing/memory-key-wrapper.ts'
import { memoryKeyringStore } from '../testing/memory-keyring-store.ts'
import { createPayloadKey, unwrapPayloadKey, wrapPayloadKey } from './content-key.ts'
import type { KeyringParts } from './generation.ts'
import { type Keyring, openKeyring } from './keyring.ts'
import type { Scope } from './keyring-rows.ts'
import type { KeyringRow, KeyringStore } from './keyring-store.ts'
import type { Leaving, StoredContentKey } from './wrap-anew.ts'

const LEDGER = 'clinic.example/agents/0123456789abcdef'
const random = createRandomSource()
const DIGEST = 'd'.repeat(64)

function parts(store = memoryKeyringStore(), wrapper = memoryKeyWrapper()): KeyringParts {
  return { store, wrapper, name: 'clinic.example/agents', random }
}

function scope(owner: string, more: Partial<Scope> = {}): Scope {
  return { owner_kind: 'subject', owner, retention_class: 'default', month: '2026-11', ...more }
}

interface Sealed extends StoredContentKey {
  readonly secret: string
}

let blobs = 0

async function sealed(keyring: Keyring, scopes: readonly Scope[], ledger = LEDGER): Promise<Sealed> {
  const blob_id = (blobs++).toString(16).padStart(32, '0')
  const keys = await keyring.scopeKeys(scopes)
  const payloadKey = createPayloadKey(random)
  const scopeKeys = new Map(keys.map(({ id, key }) => [id, key]))
  const wrapped = wrapPayloadKey({ ledger, blob_id, scopeKeys, body_digest: DIGEST, payloadKey, random })
  return { ledger, blob_id, ...wrapped, secret: secretOf(payloadKey) }
}

function secretOf(key: KeyObject): string {
  return key.export().toString('hex')
}

/** The payload key as a reader finds it; nothing where it is gone. */
async function opened(keyring: Keyring, { ledger, blob_id, key_id, contentKey }: Sealed): Promise<string | undefined> {
  const scopeKeys = await keyring.scopeKeysById(scopeIds(contentKey))
  let key = unwrapPayloadKey({ ledger, blob_id, key_id, contentKey, scopeKeys })
  const anew = (await keyring.wrappedAnew(ledger, [blob_id])).get(blob_id)
  if ('code' in key && anew !== undefined) key = unwrapPayloadKey({ ledger, blob_id, ...anew })
  return 'code' in key ? undefined : secretOf(key)
}

function scopeIds(contentKey: Uint8Array): string[] {
  const bytes = Buffer.from(contentKey)
  return Array.from({ length: bytes.readUInt16BE(33) }, (_, i) => bytes.toString('hex', 35 + 16 * i, 51 + 16 * i))
}

async function idOf(keyring: Keyring, wanted: Scope): Promise<string> {
  const [found] = await keyring.knownScopeKeys([wanted])
  return found?.id ?? assert.fail('no key')
}

function leaving(more: Partial<Leaving>, ...stored: readonly (readonly StoredContentKey[])[]): Leaving {
  return {
    owners: [],
    scopes: [],
    replaced: [],
    contents: [],
    async *stored() {
      yield* stored
    },
    ...more,
  }
}

/** One payload is lost, and everything else that is stored is handed in, as a ledger does it. */
async function lose(keyring: Keyring, lost: Sealed, stored: readonly Sealed[], owners: Leaving['owners'] = []) {
  const here = new Set((await keyring.scopeKeysById(scopeIds(lost.contentKey))).keys())
  const replaced = scopeIds(lost.contentKey).filter((id) => here.has(id))
  const turned = await keyring.turnOverFrom(
    await keyring.generation(),
    leaving({ owners, replaced, contents: [lost] }, stored, stored),
  )
  assert.ok(turned !== 'superseded')
  assert.deepEqual(await keyring.destroyRetired(), [])
  return turned
}

describe('one payload is lost, and others under its keys are not:', () => {
  test('they open with the new key of the scope, and new content is sealed under it', async () => {
    const keyring = await openKeyring(parts())
    const [p, q, other] = [
      await sealed(keyring, [scope('tok_a')]),
      await sealed(keyring, [scope('tok_a')]),
      await sealed(keyring, [scope('tok_b')]),
    ]
    const before = await idOf(keyring, scope('tok_a'))
    const turned = await lose(keyring, p, [p, q, other])
    assert.deepEqual(turned.scopes, [before])
    assert.notEqual(await idOf(keyring, scope('tok_a')), before)
    assert.deepEqual(await keyring.scopeKeysById([before]), new Map())
    assert.equal(await opened(keyring, p), undefined)
    assert.equal(await opened(keyring, q), q.secret)
    assert.equal(await opened(keyring, other), other.secret)
    // What is under other keys gets no row.
    assert.deepEqual(
      [
        ...(
          await keyring.wrappedAnew(
            LEDGER,
            [p, q, other].map(({ blob_id }) => blob_id),
          )
        ).keys(),
      ],
      [q.blob_id],
    )
    const later = await sealed(keyring, [scope('tok_a')])
    assert.deepEqual(scopeIds(later.contentKey), [await idOf(keyring, scope('tok_a'))])
  })

  test('the same scope of another month or class keeps its key', async () => {
    const keyring = await openKeyring(parts())
    const others = [scope('tok_a', { month: '2026-12' }), scope('tok_a', { retention_class: 'hipaa' })]
    const p = await sealed(keyring, [scope('tok_a')])
    const ids = (await keyring.scopeKeys(others)).map(({ id }) => id)
    await lose(keyring, p, [p])
    assert.deepEqual(await Promise.all(others.map((one) => idOf(keyring, one))), ids)
  })

  test('what is about several persons dies with each of them later', async () => {
    for (const leaves of ['tok_a', 'tok_c']) {
      const keyring = await openKeyring(parts())
      const [p, q] = [await sealed(keyring, [scope('tok_a')]), await sealed(keyring, [scope('tok_a'), scope('tok_c')])]
      await lose(keyring, p, [p, q])
      assert.equal(await opened(keyring, q), q.secret)
      await keyring.turnOver([{ owner_kind: 'subject', owner: leaves }])
      assert.equal(await opened(keyring, q), undefined)
      // Nothing of it is left: not the row either.
      assert.equal((await keyring.wrappedAnew(LEDGER, [q.blob_id])).size, 0)
    }
  })

  test('what is about somebody who leaves in the same moment is not kept', async () => {
    const keyring = await openKeyring(parts())
    const [p, q] = [await sealed(keyring, [scope('tok_a')]), await sealed(keyring, [scope('tok_a'), scope('tok_c')])]
    await lose(keyring, p, [p, q], [{ owner_kind: 'subject', owner: 'tok_c' }])
    assert.equal(await opened(keyring, q), undefined)
  })

  test('what was wrapped anew is wrapped anew again, and can be the one that is lost', async () => {
    const keyring = await openKeyring(parts())
    const all = [
      await sealed(keyring, [scope('tok_a')]),
      await sealed(keyring, [scope('tok_a'), scope('tok_c')]),
      await sealed(keyring, [scope('tok_a')]),
    ] as const
    const [p, q, r] = all
    await lose(keyring, p, all)
    const later = await sealed(keyring, [scope('tok_c')])
    await lose(keyring, later, [...all, later])
    assert.deepEqual(await Promise.all([...all, later].map((one) => opened(keyring, one))), [
      undefined,
      q.secret,
      r.secret,
      undefined,
    ])
    // Its row is all that opens it.
    await keyring.turnOverFrom(await keyring.generation(), leaving({ contents: [q] }))
    assert.deepEqual([await opened(keyring, q), await opened(keyring, r)], [undefined, r.secret])
  })

  test('a payload of an earlier incarnation under the same key is kept apart from one of this', async () => {
    const keyring = await openKeyring(parts())
    const p = await sealed(keyring, [scope('tok_a')])
    const before = 'clinic.example/agents/fedcba9876543210'
    blobs--
    const twin = await sealed(keyring, [scope('tok_a')], before)
    assert.equal(twin.blob_id, p.blob_id)
    await lose(keyring, p, [p, twin])
    assert.deepEqual([await opened(keyring, p), await opened(keyring, twin)], [undefined, twin.secret])
  })

  test('what does not open, or is no content key, is passed over', async () => {
    const keyring = await openKeyring(parts())
    const [p, q, r] = [
      await sealed(keyring, [scope('tok_a')]),
      await sealed(keyring, [scope('tok_a')]),
      await sealed(keyring, [scope('tok_a')]),
    ]
    const damaged = { ...q, contentKey: q.contentKey.map((byte, i) => (i === 70 ? byte ^ 1 : byte)) }
    const none = { ...q, contentKey: Uint8Array.of(1) }
    await lose(keyring, p, [p, damaged, none, r])
    assert.deepEqual([await opened(keyring, q), await opened(keyring, r)], [undefined, r.secret])
  })

  test('where no key is there to be replaced, nothing that is stored is looked at', async () => {
    const keyring = await openKeyring(parts())
    const p = await sealed(keyring, [scope('tok_a')])
    const unread = { stored: () => assert.fail('nothing is to be read') }
    const turned = await keyring.turnOverFrom(1, leaving({ ...unread, replaced: ['f'.repeat(32)], contents: [p] }))
    assert.ok(turned !== 'superseded')
    assert.equal(await opened(keyring, p), p.secret)
  })

  test('from a generation that is not in force nothing is done', async () => {
    const keyring = await openKeyring(parts())
    const p = await sealed(keyring, [scope('tok_a')])
    await keyring.turnOver()
    assert.equal(await keyring.turnOverFrom(1, leaving({ contents: [p] })), 'superseded')
    assert.equal(await opened(keyring, p), p.secret)
  })
})

test('a failure at any moment of wrapping anew leaves everything as it was, or one payload lost', async () => {
  let outcomes = ''
  for (let failing = 1; ; failing++) {
    let acts = 0
    let armed = false
    const fail = (): void => {
      if (armed && ++acts === failing) throw new Error('the power goes')
    }
    const [store, wrapper] = [memoryKeyringStore(fail), memoryKeyWrapper(fail)]
    const keyring = await openKeyring(parts(store, wrapper))
    const [p, q] = [await sealed(keyring, [scope('tok_a')]), await sealed(keyring, [scope('tok_a')])]
    const replaced = [await idOf(keyring, scope('tok_a'))]
    armed = true
    const failed = await keyring.turnOverFrom(1, leaving({ replaced, contents: [p] }, [p, q])).then(
      () => false,
      () => true,
    )
    armed = false
    const again = await openKeyring(parts(store, wrapper))
    const done = (await again.generation()) === 2
    outcomes += done ? 'T' : 'b'
    assert.deepEqual([await opened(again, p), await opened(again, q)], [done ? undefined : p.secret, q.secret])
    if (!failed) break
  }
  assert.match(outcomes, /^b+T+$/)
})

test('the row of a payload that somebody changed is not taken for what was sealed', async () => {
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const keyring = await openKeyring(parts(store, wrapper))
  const [p, q, r] = [
    await sealed(keyring, [scope('tok_a')]),
    await sealed(keyring, [scope('tok_a')]),
    await sealed(keyring, [scope('tok_a')]),
  ]
  await lose(keyring, p, [p, q, r])
  const found = await store.byKeys(2, [`${LEDGER} ${q.blob_id}`, `${LEDGER} ${r.blob_id}`])
  assert.ok(found !== 'superseded')
  const [row, other] = found
  assert.ok(row !== undefined && other !== undefined)
  const lies: Record<string, KeyringRow> = {
    'a bit of it': { ...row, sealed: row.sealed.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) },
    'the row of another': { ...row, sealed: other.sealed },
    'of another ledger': { ...row, key: row.key.replace('0123', '3210') },
    'another look-up': { ...row, lookup: other.lookup },
    'another owner': { ...row, owner: 'b'.repeat(64) },
    'a content for a scope': { ...row, kind: 'scope' },
  }
  for (const [name, lie] of Object.entries(lies)) {
    const changed: KeyringStore = { ...store, byKeys: async () => [lie] }
    const lied = await openKeyring(parts(changed, wrapper))
    await assert.rejects(lied.wrappedAnew(LEDGER, [q.blob_id]), { code: 'store-corrupt' }, name)
  }
})

test('whatever is lost, in any order, everything else opens while all its owners are there', async () => {
  const owners = ['tok_a', 'tok_b', 'tok_c']
  const about = fc.uniqueArray(fc.constantFrom(...owners), { minLength: 1 })
  const step = fc.oneof(
    fc.record({ seal: about }),
    fc.record({ lose: fc.nat(20) }),
    fc.record({ erase: fc.constantFrom(...owners) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const keyring = await openKeyring(parts())
      const all: { one: Sealed; of: readonly string[]; isLost: boolean }[] = []
      for (const command of steps) {
        if ('seal' in command) {
          const one = await sealed(
            keyring,
            command.seal.map((owner) => scope(owner)),
          )
          all.push({ one, of: command.seal, isLost: false })
        } else if ('lose' in command) {
          const wanted = all[command.lose % Math.max(all.length, 1)]
          if (wanted === undefined) continue
          await lose(
            keyring,
            wanted.one,
            all.map(({ one }) => one),
          )
          wanted.isLost = true
        } else {
          await keyring.turnOver([{ owner_kind: 'subject', owner: command.erase }])
          for (const each of all) if (each.of.includes(command.erase)) each.isLost = true
        }
        for (const { one, isLost } of all) assert.equal(await opened(keyring, one), isLost ? undefined : one.secret)
      }
    }),
    { numRuns: 60 },
  )
})

test('a naive reader of the page finds and opens the row of a payload that was wrapped anew', async () => {
  const name = 'clinic.example/agents'
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const keyring = await openKeyring({ ...parts(store, wrapper), name })
  const [p, q] = [await sealed(keyring, [scope('tok_a')]), await sealed(keyring, [scope('tok_a'), scope('tok_c')])]
  await lose(keyring, p, [p, q])
  const head = (await store.head()) ?? assert.fail('no head')
  const context = `affidavit keyring key v1\n${name}\n2`
  const keyringKey = await wrapper.unwrap(head.kek_version, head.wrapped_key, context)
  const lookupKey = Buffer.from(hkdfSync('sha256', keyringKey, '', 'affidavit keyring look-up v1', 32))
  const keyed = (text: string): string => createHmac('sha256', lookupKey).update(text).digest('hex')
  const open = (row: KeyringRow | undefined): Buffer => {
    assert.ok(row !== undefined)
    const bytes = Buffer.from(row.sealed)
    const decipher = createDecipheriv('aes-256-gcm', keyringKey, bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(`affidavit keyring v1\n${name}\n2\n${row.kind}\n${row.key}`))
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  }
  const lookups = [
    `content\n${LEDGER} ${q.blob_id}`,
    ...['tok_a', 'tok_c'].map((owner) => `scope\nsubject\n${owner}\ndefault\n2026-11`),
  ]
  const rows = await store.find(2, lookups.map(keyed))
  assert.ok(rows !== 'superseded')
  const [content, ...scopes] = lookups.map((text) => rows.find(({ lookup }) => lookup === keyed(text)))
  assert.deepEqual([content?.key, content?.owner], [`${LEDGER} ${q.blob_id}`, keyed(`contents\n${LEDGER}`)])
  const contentKey = open(content)
  const keys = scopes.map((row) => [row?.key ?? '', open(row).subarray(0, 32)] as const).sort()
  assert.deepEqual(scopeIds(contentKey), keys.map(([id]) => id).sort())
  const nonceAt = 35 + 16 * keys.length
  const info = `affidavit payload wrap v1\n${LEDGER}\n${q.blob_id}`
  const material = Buffer.concat(keys.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key))
  const decipher = createDecipheriv(
    'aes-256-gcm',
    Buffer.from(hkdfSync('sha256', material, '', info, 32)),
    contentKey.subarray(nonceAt, nonceAt + 12),
  )
  const ahead = `affidavit content key v1\n${LEDGER}\n${q.blob_id}\n`
  decipher.setAAD(Buffer.concat([Buffer.from(ahead), contentKey.subarray(0, nonceAt)]))
  decipher.setAuthTag(contentKey.subarray(-16))
  const secret = Buffer.concat([decipher.update(contentKey.subarray(nonceAt + 12, -16)), decipher.final()])
  assert.equal(secret.toString('hex'), q.secret)
})
