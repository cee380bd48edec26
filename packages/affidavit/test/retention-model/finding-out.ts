// Deeds of those who find out later what a record is, whom it is about, and when its matter was closed.

import type { Draft } from '../../src/formats/fields.ts'
import { type Deed, pick } from './command.ts'
import { known, type Paper, type PaperLink, type PaperRecord, standing } from './paper.ts'
import { DAY, type RecordClass } from './paper-policies.ts'
import { append } from './recording.ts'
import type { World } from './world.ts'

const CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'] as const

function fact(name: string, run: Deed['run']): Deed {
  return { name, may: 'record', run }
}

function stated(
  paper: Paper,
  world: World,
  what: Pick<Draft, 'action'> & Partial<Draft>,
): Promise<{ readonly seq: number; readonly id: string } | undefined> {
  const { details, ...more } = what
  const reason = { reason: 'somebody looked', ...details }
  return append(paper, world, { actor_id: 'dr.lee', actor_type: 'user', ...more, details: reason })
}

function some(paper: Paper, which: number, then: (record: PaperRecord) => Promise<void>): Promise<void> {
  const record = pick(standing(paper), which)
  return record === undefined ? Promise.resolve() : then(record)
}

/** As another class, higher or lower. */
export function reclassify(which: number, of: RecordClass): Deed {
  return fact(`reclassify ${which} as ${of}`, (paper, world) =>
    some(paper, which, async (one) => {
      const data_classification = pick(CLASSIFICATIONS, which) ?? 'internal'
      const details = { data_classification, retention_class: of }
      if (await stated(paper, world, { action: 'record_reclassified', parent_id: one.id, details })) one.of = of
    }),
  )
}

/** It was about another device. */
export function amend(which: number, device: string): Deed {
  return fact(`amend ${which}: it was ${device}`, (paper, world) =>
    some(paper, which, async (one) => {
      const right = { resource_type: 'device', resource_id: device }
      const details = { amends: Object.keys(right) }
      if (await stated(paper, world, { action: 'record_amended', parent_id: one.id, ...right, details }))
        one.devices.push(device)
    }),
  )
}

/** The record is about somebody, too. */
export function linkRecord(which: number, person: string): Deed {
  return fact(`link ${which} to ${person}`, (paper, world) =>
    some(paper, which, async ({ id }) => {
      const link = await stated(paper, world, { action: 'content_linked', parent_id: id, subject_ids: [person] })
      if (link) paper.links.push({ id: link.id, record: id, person: known(paper, person) })
    }),
  )
}

/** They are one person. */
export function linkPersons(one: string, other: string): Deed {
  return fact(`${one} is ${other}`, async (paper, world) => {
    const link = await stated(paper, world, { action: 'subject_linked', subject_ids: [one, other] })
    if (link) paper.links.push({ id: link.id, persons: [known(paper, one), known(paper, other)] })
  })
}

/** Takes a link back, where those whom it names are known by the same tokens still. */
export function unlink(which: number): Deed {
  return fact(`take back link ${which}`, async (paper, world) => {
    const link = pick(
      paper.links.filter((one) => namesOf(one).every((person) => known(paper, nameOf(person)) === person)),
      which,
    )
    if (link === undefined) return
    const subject_ids = namesOf(link).map(nameOf)
    if (!(await stated(paper, world, { action: 'subject_unlinked', parent_id: link.id, subject_ids }))) return
    paper.links.splice(paper.links.indexOf(link), 1)
    for (const { takenBack } of paper.holds) takenBack.push(link)
  })
}

function namesOf(link: PaperLink): readonly string[] {
  return 'persons' in link ? link.persons : [link.person]
}

function nameOf(person: string): string {
  return person.replace(/ #\d+$/, '')
}

/** Of a record, or of all records of a conversation; so many days ago, or open again. */
export function closeMatter(of: number | string, daysAgo: number | 'open'): Deed {
  return fact(`matter of ${of} closed ${daysAgo} days ago`, async (paper, world) => {
    const one = typeof of === 'string' ? undefined : pick(standing(paper), of)
    if (typeof of !== 'string' && one === undefined) return
    const day = daysAgo === 'open' ? 'open' : Math.floor(paper.truth / DAY - daysAgo) * DAY
    const told = day === 'open' ? { open: 'yes' } : { day: new Date(day).toISOString().slice(0, 10) }
    const about = one === undefined ? { conversation_id: String(of) } : { parent_id: one.id }
    const details = { anchor: 'matter_closed', ...told }
    if (await stated(paper, world, { action: 'retention_anchor_recorded', ...about, details }))
      paper.closings.push({ of: one === undefined ? { conversation: String(of) } : { record: one.id }, day })
  })
}
