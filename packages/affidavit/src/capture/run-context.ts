// What audit.run is given, before anything of it is recorded: what no record can hold is refused here, and not in the middle of the work.

import { idProblem, labelProblem } from '../bytes/label.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { MAX_IDS } from '../registry/locate.ts'
import type { RunContext } from './steps.ts'

type Judge = (text: string, maxBytes: number) => string | undefined

const ACTOR_TYPES: readonly unknown[] = ['user', 'admin', 'system']
const FIELDS: Readonly<Record<Exclude<keyof RunContext, 'actor_type' | 'subject_ids' | 'source'>, Judge>> = {
  conversation_id: idProblem,
  actor_id: idProblem,
  grant_id: idProblem,
  agent_name: idProblem,
  agent_version: labelProblem,
  purpose: labelProblem,
}
const SOURCE_FIELDS: Readonly<Record<string, Judge>> = {
  ip: labelProblem,
  host: labelProblem,
  service: labelProblem,
  trace_id: (text) => (/^[0-9a-f]{32}$/.test(text) ? undefined : 'must be 32 lower-case hex digits'),
  span_id: (text) => (/^[0-9a-f]{16}$/.test(text) ? undefined : 'must be 16 lower-case hex digits'),
}
const MEMBERS = [...Object.keys(FIELDS), 'actor_type', 'subject_ids', 'source']

/** A copy of it. @throws LedgerError `invalid-query` naming the member that does not fit */
export function readContext(given: RunContext): RunContext {
  if (typeof given !== 'object' || given === null) throw unfit('', 'a run needs to know whose work it is')
  const context = { ...given }
  const stranger = Object.keys(context).find((name) => !MEMBERS.includes(name))
  if (stranger !== undefined) throw unfit(stranger, `is no member; they are ${MEMBERS.join(', ')}`)
  for (const name of ['conversation_id', 'actor_id'] as const)
    if (context[name] === undefined) throw unfit(name, 'is needed')
  checkTexts('', context, FIELDS)
  const { actor_type, subject_ids, source } = context
  if (actor_type !== undefined && !ACTOR_TYPES.includes(actor_type))
    throw unfit('actor_type', `is one of ${ACTOR_TYPES.join(', ')}`)
  return {
    ...context,
    ...(subject_ids === undefined ? {} : { subject_ids: readSubjects(subject_ids) }),
    ...(source === undefined ? {} : { source: readSource(source) }),
  }
}

function readSubjects(given: unknown): string[] {
  if (!Array.isArray(given)) throw unfit('subject_ids', 'must be a list of ids')
  if (given.length > MAX_IDS) throw unfit('subject_ids', `has ${given.length} ids; a record names at most ${MAX_IDS}`)
  const ids: readonly unknown[] = [...given]
  return ids.map((id, i) => checkText(`subject_ids[${i}]`, id, idProblem))
}

function readSource(given: NonNullable<RunContext['source']>): NonNullable<RunContext['source']> {
  if (typeof given !== 'object' || given === null) throw unfit('source', 'must be an object')
  const source = { ...given }
  const stranger = Object.keys(source).find((name) => !Object.hasOwn(SOURCE_FIELDS, name))
  if (stranger !== undefined)
    throw unfit(`source.${stranger}`, `is no member; they are ${Object.keys(SOURCE_FIELDS).join(', ')}`)
  checkTexts('source.', source, SOURCE_FIELDS)
  return source
}

function checkTexts(above: string, object: object, judges: Readonly<Record<string, Judge>>): void {
  for (const [name, value] of Object.entries(object)) {
    const judge = judges[name]
    if (judge !== undefined && value !== undefined) checkText(above + name, value, judge)
  }
}

function checkText(path: string, value: unknown, judge: Judge): string {
  if (typeof value !== 'string') throw unfit(path, 'must be a text')
  const problem = judge(value, MAX_LABEL_BYTES)
  if (problem !== undefined) throw unfit(path, problem)
  return value
}

function unfit(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: path === '' ? problem : `${path} ${problem}`,
    cure: 'audit.run({ conversation_id, actor_id }, fn) names whose work it is',
    path,
  })
}
