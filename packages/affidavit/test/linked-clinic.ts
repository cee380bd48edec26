// A clinic whose records are linked to persons later: what was said in it, and how links are recorded, for tests of erasures.

import assert from 'node:assert/strict'

import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { recordOf } from '../src/ledger/read.ts'
import { ADA, type ErasureClinic, SAID, STORY, said, saidContents } from './erasure-clinic.ts'

/** seq 8 and 9: more about nobody, in c-2; seq 10 and 11: about nobody, in no conversation. */
export const LONGER: readonly Draft[] = [
  ...STORY,
  said('The lift moves.', { conversation_id: 'c-2' }),
  {
    ...said('The lift is slow.', { conversation_id: 'c-2' }),
    content: [
      { name: 'one', media_type: 'text/plain', body: 'Somebody was in it.' },
      { name: 'two', media_type: 'text/plain', body: 'It was full.' },
    ],
  },
  said('It rains.'),
  said('It snows.'),
]

export type Name = keyof typeof SAID | '8 message' | '9 one' | '9 two' | '10 message' | '11 message'

export const ALL: Readonly<Record<Name, string>> = {
  ...SAID,
  '8 message': 'The lift moves.',
  '9 one': 'Somebody was in it.',
  '9 two': 'It was full.',
  '10 message': 'It rains.',
  '11 message': 'It snows.',
}
/** Of Ada alone. */
export const ADAS = ['1 message', '3 ada', '4 message'] as const

export function without(...names: readonly Name[]): Record<string, string> {
  return { ...ALL, ...Object.fromEntries(names.map((name) => [name, 'gone'])) }
}

export async function linkTo(
  ledger: Ledger,
  seq: number,
  subject_ids: readonly string[] = [ADA],
  content?: readonly string[],
): Promise<string> {
  const { id } = (await ledger.at(seq)) ?? assert.fail('no record')
  const details = { reason: 'she was in it', ...(content === undefined ? {} : { content }) }
  const by = { actor_id: 'registrar', actor_type: 'user' } as const
  const linked = await ledger.append({
    ...by,
    action: 'content_linked',
    parent_id: id,
    subject_ids: [...subject_ids],
    details,
  })
  return linked.id
}

/** Takes a link of linkTo back; answers the place of the record that does. */
export async function unlink(ledger: Ledger, link: string, subject_ids: readonly string[] = [ADA]): Promise<number> {
  const { seq } = await ledger.append({
    action: 'subject_unlinked',
    actor_id: 'registrar',
    actor_type: 'user',
    parent_id: link,
    subject_ids: [...subject_ids],
    details: { reason: 'it was somebody else' },
  })
  return seq
}

/** What people said that opens now, and not what a test appended. */
export async function opensNow(clinic: ErasureClinic): Promise<Record<string, string>> {
  return Object.fromEntries(Object.entries(await saidContents(clinic)).filter(([name]) => name in ALL))
}

/** `altered`: a bit of the content key is another one. `missing`: the payload has no row. */
export type Damage = 'altered' | 'missing'

/**
 * Damages what is stored beside a payload, by its `seq name`, in a clinic that nobody has open; answers what brings the row
 * back, as from a backup.
 */
export async function damage(clinic: ErasureClinic, name: string, how: Damage): Promise<() => Promise<void>> {
  const [seq, content] = name.split(' ')
  // Without a ledger, which would finish what was decided.
  const store = await openStore(placeOf(clinic.folder))
  const found = await store.entries(clinic.origin, {}, { limit: 10_000, order: 'ascending' })
  await store.close()
  const record = found.map(recordOf).find((one) => `${one.seq}` === seq) ?? assert.fail('no record')
  const { blob_id } = record.content?.find((one) => one.name === content) ?? assert.fail('no such content')
  return damageRow(clinic, blob_id, how)
}

async function damageRow(
  { backend, folder }: ErasureClinic,
  blob_id: string,
  how: Damage,
): Promise<() => Promise<void>> {
  const names = ['ledger_no', 'body_digest', 'content_key', 'sealed'] as const
  const [row = assert.fail('no payload')] = await backend.rows(
    folder,
    `SELECT ${names} FROM payloads WHERE blob_id = ?`,
    blob_id,
  )
  const [no, digest, key, sealed] = [
    Number(row.ledger_no),
    String(row.body_digest),
    ...bytesOf(row.content_key, row.sealed),
  ]
  const remove = ['DELETE FROM payloads WHERE blob_id = ?', blob_id] as const
  const put = (content_key: Uint8Array) =>
    [
      `INSERT INTO payloads (${names}, blob_id) VALUES (?, ?, ?, ?, ?)`,
      no,
      digest,
      content_key,
      sealed,
      blob_id,
    ] as const
  const altered = Buffer.from(key)
  altered[70] = (altered[70] ?? 0) ^ 1
  await backend.tamper(folder, how === 'altered' ? [remove, put(altered)] : [remove])
  return () => backend.tamper(folder, [remove, put(key)])
}

function bytesOf(...values: readonly [unknown, unknown]): readonly [Uint8Array, Uint8Array] {
  const [one, other] = values
  assert.ok(one instanceof Uint8Array && other instanceof Uint8Array, 'blobs')
  return [one, other]
}
