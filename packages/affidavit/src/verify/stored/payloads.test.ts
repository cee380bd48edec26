import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../bytes/hex.ts'
import { sha256 } from '../../crypto/sha256.ts'
import { CONTENT_ALGORITHM, type ContentReference } from '../../formats/fields.ts'
import { sealedSize } from '../../formats/sealed.ts'
import { NO_LOG } from './no-log.ts'
import { createContentCheck, firstAsked } from './payloads.ts'
import type { StoredLog } from './stored-log.ts'

const sealed = new Uint8Array(sealedSize(10)).fill(7)
const reference: ContentReference = {
  name: 'message',
  media_type: 'text/plain',
  blob_id: 'ab'.repeat(16),
  key_id: '00'.repeat(32),
  plain_size: 10,
  sealed_size: sealed.length,
  ciphertext_sha256: toHex(sha256(sealed)),
  commitment: '00'.repeat(32),
  subject_ids: [],
  algorithm: CONTENT_ALGORITHM,
}
const head = { body_digest: '', content_key: new Uint8Array(), more: 0 }

async function problemsOf(answers: Partial<StoredLog>): Promise<string[]> {
  const contents = createContentCheck({ ...NO_LOG, ...answers }, firstAsked(), 'read')
  await contents.look([{ seq: 3, references: [reference] }])
  return contents.check({ seq: 3 }, [reference]).map(({ code, problem }) => `${code}: ${problem}`)
}

const SILENT: readonly [name: string, answers: Partial<StoredLog>, found: RegExp][] = [
  ['no head at all', { payloadHeads: async () => [] }, /^payload-missing/],
  ['a head, and no chunk', { payloadHeads: async () => [head] }, /^payload-altered: .*0 bytes are stored of/],
  ['a head that it cannot read', { payloadHeads: async () => [{ unreadable: 'torn' }] }, /cannot be read: torn$/],
  [
    'a chunk that it cannot read',
    {
      payloadHeads: async () => [head],
      async *chunks() {
        yield sealed
        yield { unreadable: 'torn' }
      },
    },
    /cannot be read: torn$/,
  ],
  [
    'a chunk too many',
    {
      payloadHeads: async () => [head],
      async *chunks() {
        yield sealed
        yield sealed
      },
    },
    /bytes are stored of/,
  ],
]

for (const [name, answers, found] of SILENT) {
  test(`a store that answers with less than was recorded: ${name}`, async () => {
    assert.match((await problemsOf(answers))[0] ?? '', found)
  })
}

test('a payload that was never looked at is not sound', () => {
  const contents = createContentCheck(NO_LOG, firstAsked(), 'read')
  assert.equal(contents.check({ seq: 3 }, [reference])[0]?.code, 'payload-altered')
})

test('what cannot be a payload is not asked for', async () => {
  const asked: string[] = []
  const payloadHeads: StoredLog['payloadHeads'] = async (blob_ids) => {
    asked.push(...blob_ids)
    return blob_ids.map(() => undefined)
  }
  const contents = createContentCheck({ ...NO_LOG, payloadHeads }, firstAsked(), 'not read')
  const references = [{ ...reference, blob_id: '\0' }, reference, { ...reference, sealed_size: 1 }]
  await contents.look([{ seq: 3, references }])
  assert.deepEqual(asked, [reference.blob_id])
  assert.deepEqual(
    contents.check({ seq: 3 }, references).map(({ code }) => code),
    ['payload-altered', 'payload-missing', 'payload-altered'],
  )
})

test('of more payloads than are remembered, those of the page at hand are judged all the same', async () => {
  const contents = createContentCheck(NO_LOG, firstAsked(), 'not read')
  const references = Array.from({ length: 50_001 }, (_, i) => ({ ...reference, blob_id: `${i}`.padStart(32, '0') }))
  await contents.look([{ seq: 3, references }])
  const codes = contents.check({ seq: 3 }, references.slice(-2)).map(({ code }) => code)
  assert.deepEqual(codes, ['payload-missing', 'payload-missing'])
  await contents.look([{ seq: 4, references: references.slice(-1) }])
  assert.deepEqual(contents.tally(), { payloads: 50_001, bytes: 0 })
})

test('payloads are counted where they are named first, however many are asked for at once', async () => {
  const contents = createContentCheck(NO_LOG, async (names) => names.map((_, i) => i < 20), 'not read')
  const references = Array.from({ length: 40 }, (_, i) => ({ ...reference, blob_id: `${i}`.padStart(32, '0') }))
  await contents.look([{ seq: 3, references }])
  assert.equal(contents.tally().payloads, 20)
})
