// What a caller says that its step touches, as fields of records. What cannot stand in a field is named, and refuses no call: it often
// comes from a model (spec/capture.md §1, §7).

import { idProblem } from '../bytes/label.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LABEL_BYTES, WORD } from '../formats/fields.ts'
import type { CallData, Details, Thing } from '../registry/call-data.ts'
import { MAX_IDS } from '../registry/locate.ts'
import { labelOf } from './captured.ts'
import type { Touching } from './steps.ts'

export interface TouchedFields {
  readonly fields: Omit<Thing['fields'], 'data_classification' | 'compliance_domains' | 'retention_class'> & {
    readonly grant_id?: string
  }
  readonly details: Details
}

/**
 * Not less strict for being told: nothing classifies it but the floor of its agent.
 * @throws LedgerError `invalid-draft` where no record could say how it is touched, or what: before anything is
 */
export function dataOf(touches: readonly Touching[], digest: (text: string) => string): CallData {
  touches.forEach(checkTouching)
  const things: Thing[] = touches.map(({ access, ...about }) => ({ access, ...fieldsOf(about, digest) }))
  const subjects = [...new Set(things.flatMap(({ fields }) => fields.subject_ids ?? []))].sort()
  const isIncomplete = subjects.length > MAX_IDS || things.some(({ details }) => details.subject_ids_unclaimed === true)
  return {
    call: {
      fields: { subject_ids: subjects.slice(0, MAX_IDS) },
      details: isIncomplete ? { subject_ids_unclaimed: true } : {},
    },
    things,
    approval: undefined,
  }
}

/** Fields of a record about what is touched. An id that is none is told by its digest. */
export function fieldsOf(
  { resource_type, resource_id, subject_ids = [], purpose, grant_id }: Omit<Touching, 'access'>,
  digest: (text: string) => string,
): TouchedFields {
  const persons = [...subject_ids]
  const ids = [...new Set(persons.filter(isId))].sort()
  const isIncomplete = persons.some((id) => !isId(id)) || ids.length > MAX_IDS
  return {
    fields: {
      resource_type,
      subject_ids: ids.slice(0, MAX_IDS),
      ...(isId(resource_id) ? { resource_id } : {}),
      ...(typeof purpose === 'string' ? { purpose: labelOf(purpose) } : {}),
      ...(isId(grant_id) ? { grant_id } : {}),
    },
    details: {
      ...digestOf('resource_id', resource_id, digest),
      ...digestOf('grant_id', grant_id, digest),
      ...(isIncomplete ? { subject_ids_unclaimed: true } : {}),
    },
  }
}

// By what was handed in, whatever its type says.
function isId(value: unknown): value is string {
  return typeof value === 'string' && idProblem(value, MAX_LABEL_BYTES) === undefined
}

function digestOf(field: string, value: unknown, digest: (text: string) => string): Details {
  if (value === undefined || value === null || isId(value)) return {}
  return typeof value === 'string' ? { [`${field}_digest`]: digest(value) } : { [`${field}_unclaimed`]: true }
}

// Both come from the application's own code. Found afterwards, they would leave an access without a record.
function checkTouching({ access, resource_type }: Touching, i: number): void {
  if (!['read', 'write', 'disclose', 'unknown'].includes(access))
    throw unfit(`touches[${i}].access`, `must be one of read, write, disclose, unknown`)
  if (typeof resource_type !== 'string' || !WORD.test(resource_type))
    throw unfit(`touches[${i}].resource_type`, 'must be a word of lower-case letters, digits and _')
}

function unfit(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-draft', {
    problem: `${path}: ${problem}`,
    cure: 'mend it where the tool is audited',
    path,
  })
}
