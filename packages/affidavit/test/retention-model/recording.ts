// Deeds of those who record: what happened.

import assert from 'node:assert/strict'

import type { Draft } from '../../src/formats/fields.ts'
import { said } from '../erasure-clinic.ts'
import { type Deed, refusal } from './command.ts'
import { known, type Paper } from './paper.ts'
import type { RecordClass } from './paper-policies.ts'
import type { World } from './world.ts'

/** In a conversation, about a person, or about a device. */
export type Where = { readonly conversation: string } | { readonly person: string } | { readonly device: string }

export function record(of: RecordClass, where: Where): Deed {
  const { conversation, person, device } = { conversation: undefined, person: undefined, device: undefined, ...where }
  return {
    name: `record ${of} ${JSON.stringify(where)}`,
    may: 'record',
    async run(paper, world) {
      const text = `What is said as number ${world.written.size} of ${of}`
      const about: Partial<Draft> = {
        ...(person && { subject_ids: [person] }),
        ...(conversation && { conversation_id: conversation }),
        ...(device && { resource_type: 'device', resource_id: device }),
      }
      const recorded = await append(paper, world, said(text, { retention_class: of, ...about }))
      if (recorded === undefined) return
      const { seq, id } = recorded
      const { timestamp, recorded_at, content } = (await world.process.ledger.at(seq)) ?? assert.fail('it was recorded')
      paper.records.push({
        ...{ seq, id, text, of, conversation, fate: 'standing', isErased: false },
        blob_id: content?.[0]?.blob_id ?? assert.fail('it has content'),
        person: person && known(paper, person),
        devices: device === undefined ? [] : [device],
        created: Math.max(Date.parse(timestamp), Date.parse(recorded_at)),
      })
    },
  }
}

/** A jump of the clock that nobody confirmed lets nothing be recorded. */
export async function append(
  { isJumped }: Paper,
  { process: { ledger } }: World,
  draft: Draft,
): Promise<{ readonly seq: number; readonly id: string } | undefined> {
  if (!isJumped) return ledger.append(draft)
  assert.equal(await refusal(ledger.append(draft)), 'clock-jump')
  return undefined
}
