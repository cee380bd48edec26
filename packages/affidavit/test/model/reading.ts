// Commands that read: by id and seq, by conditions, with a proof, with the verifier.

import assert from 'node:assert/strict'
import { withPersons } from '../persons.ts'
import { type Command, command, current, onOpen, opened, pick } from './command.ts'
import { type Conditions, type Fields, onPaper, type Paper, publish, search } from './paper-ledger.ts'
import { judgeFolder, judgeProof } from './verdicts.ts'
import { recordsOf } from './world.ts'

type By = 'id' | 'seq'

const NOBODY = '0193f5a2-7c00-7abc-8def-ffffffffffff'

/** Finds a record, or the one behind the last, which is not there. */
export function find(through: number, by: By, which: number): Command {
  return onOpen(`find by ${by} ${which}`, async (model, world) => {
    const { ledger } = opened(model, world, through)
    const { seq, id, fields } = wanted(current(model), which)
    const found = await (by === 'seq' ? ledger.at(seq) : ledger.get(id))
    const persons = found === undefined ? undefined : await withPersons(await world.keyring.get(), found)
    assert.deepEqual(persons === undefined ? undefined : onPaper(persons), fields)
  })
}

/** Proves a record, or the one behind the last, which is not there. */
export function prove(through: number, by: By, which: number): Command {
  return onOpen(`prove by ${by} ${which}`, async (model, world) => {
    const { ledger } = opened(model, world, through)
    const paper = current(model)
    const { seq, id, fields } = wanted(paper, which)
    const proof = ledger.prove(by === 'seq' ? seq : id)
    if (fields === undefined) {
      await assert.rejects(proof, { code: 'not-found' })
      return
    }
    const text = await proof
    if ((paper.checkpoints.at(-1) ?? 0) <= seq) publish(paper)
    await judgeProof(paper, ledger, seq, text)
  })
}

function wanted({ records }: Paper, which: number): { seq: number; id: string; fields: Fields | undefined } {
  const seq = which % (records.length + 1)
  const fields = records[seq]?.fields
  return { seq, id: String(fields?.id ?? NOBODY), fields }
}

/** A condition whose value is that of some record. */
export type ConditionChoice = readonly [name: string, which: number]

const FIELD_OF: Readonly<Record<string, string>> = {
  from: 'timestamp',
  until: 'timestamp',
  recorded_from: 'recorded_at',
  recorded_until: 'recorded_at',
  from_seq: 'seq',
  until_seq: 'seq',
}

export function searchFor(
  through: number,
  choices: readonly ConditionChoice[],
  order: 'ascending' | 'descending',
  limit: number,
): Command {
  return onOpen(`search ${JSON.stringify({ choices, order, limit })}`, async (model, world) => {
    const { ledger } = opened(model, world, through)
    const paper = current(model)
    const conditions = Object.fromEntries(choices.flatMap((choice) => conditionOf(paper, choice)))
    const found = await recordsOf(world, ledger.search(conditions, { order, limit }))
    assert.deepEqual(found, search(paper, conditions, order, limit), JSON.stringify(conditions))
  })
}

function conditionOf({ records }: Paper, [name, which]: ConditionChoice): [string, Conditions[string]][] {
  const [record] = pick(records, which)
  const value = name === 'subject_id' ? subjectOf(record?.fields) : record?.fields[FIELD_OF[name] ?? name]
  return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : []
}

function subjectOf(fields: Fields | undefined): unknown {
  return Array.isArray(fields?.subject_ids) ? fields.subject_ids.at(-1) : undefined
}

export function verifyNow(): Command {
  return command('verify', ({ papers }, world) => judgeFolder(world, papers))
}
