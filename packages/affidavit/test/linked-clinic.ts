// A clinic whose records are linked to persons later: what was said in it, and how links are recorded, for tests of erasures.

import assert from 'node:assert/strict'

import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
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

type Name = keyof typeof SAID | '8 message' | '9 one' | '9 two' | '10 message' | '11 message'

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
