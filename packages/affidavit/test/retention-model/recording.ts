// Commands of those who record: what happened, and what is known of it later.

import assert from 'node:assert/strict'

import type { Draft } from '../../src/formats/fields.ts'
import { said } from '../erasure-clinic.ts'
import { type Command, command, pick, refusal } from './command.ts'
import { known, type Paper, standing } from './paper.ts'
import { DAY, type RecordClass } from './paper-policies.ts'
import type { World } from './world.ts'

const LEE: Pick<Draft, 'actor_id' | 'actor_type'> = { actor_id: 'dr.lee', actor_type: 'user' }

/** In a conversation, or about a person. */
export type Where = { readonly conversation: string } | { readonly person: string }

export function record(of: RecordClass, where: Where): Command {
  return command(`record ${of} ${JSON.stringify(where)}`, 'record', async (paper, world) => {
    const text = `What is said as number ${world.written.size} of ${of}`
    const about = 'person' in where ? { subject_ids: [where.person] } : { conversation_id: where.conversation }
    const { seq, id } = (await append(paper, world, said(text, { retention_class: of, ...about }))) ?? {}
    if (seq === undefined || id === undefined) return
    const { timestamp, recorded_at } = (await world.ledger.at(seq)) ?? assert.fail('it was recorded')
    paper.records.push({
      ...{ seq, id, text, of, fate: 'standing', isErased: false },
      conversation: 'conversation' in where ? where.conversation : undefined,
      person: 'person' in where ? known(paper, where.person) : undefined,
      created: Math.max(Date.parse(timestamp), Date.parse(recorded_at)),
    })
  })
}

/** A jump of the clock that nobody confirmed lets nothing be recorded. */
async function append(
  { isJumped }: Paper,
  { ledger }: World,
  draft: Draft,
): Promise<{ readonly seq: number; readonly id: string } | undefined> {
  if (!isJumped) return ledger.append(draft)
  assert.equal(await refusal(ledger.append(draft)), 'clock-jump')
  return undefined
}

export function reclassify(which: number, of: RecordClass): Command {
  return command(`reclassify ${which} as ${of}`, 'record', async (paper, world) => {
    const one = pick(standing(paper), which)
    if (one === undefined) return
    const details = { data_classification: 'internal', retention_class: of, reason: 'it was filed wrongly' }
    const fact: Draft = { ...LEE, action: 'record_reclassified', parent_id: one.id, details }
    if (await append(paper, world, fact)) one.of = of
  })
}

/** Of a record, or of all records of a conversation; so many days ago, or open again. */
export function closeMatter(of: number | string, daysAgo: number | 'open'): Command {
  return command(`matter of ${of} closed ${daysAgo} days ago`, 'record', async (paper, world) => {
    const one = typeof of === 'string' ? undefined : pick(standing(paper), of)
    if (typeof of !== 'string' && one === undefined) return
    const day = daysAgo === 'open' ? 'open' : Math.floor(paper.truth / DAY - daysAgo) * DAY
    const said = day === 'open' ? { open: 'yes' } : { day: new Date(day).toISOString().slice(0, 10) }
    const about = one === undefined ? { conversation_id: String(of) } : { parent_id: one.id }
    const details = { anchor: 'matter_closed', reason: 'a judgement', ...said }
    if (await append(paper, world, { ...LEE, action: 'retention_anchor_recorded', ...about, details }))
      paper.closings.push({ of: one === undefined ? { conversation: String(of) } : { record: one.id }, day })
  })
}
