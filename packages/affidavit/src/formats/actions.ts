// An application's own actions, declared once and checked on admission (spec/entry.md §3.2).

import { APPLICATION_ACTION, type ApplicationAction, type Draft, ENTRY_FIELDS, MAX_LABEL_BYTES } from './fields.ts'

export interface ActionDefinition {
  /** What the action means, for the auditor. */
  readonly description: string
  /** Draft fields without which the action may not be recorded. */
  readonly requires?: readonly (keyof Draft)[]
}

/** Catalogue of actions by name. */
export type ApplicationActions = Readonly<Record<ApplicationAction, ActionDefinition>>

/**
 * Declares an application's actions and keeps their names as a type, so that a misspelt action is a compile error
 * where it is written as `satisfies keyof typeof actions`.
 * @throws RangeError where a name is not of the form `clinic.referral_sent`
 */
export function defineActions<const Actions extends ApplicationActions>(actions: Actions): Actions {
  for (const name of Object.keys(actions)) {
    if (!isApplicationAction(name)) {
      throw new RangeError(
        `${JSON.stringify(name)}: an application's action is lower-case words with a dot, like clinic.referral_sent`,
      )
    }
  }
  return actions
}

/**
 * A catalogue that came as data, for programs that are not written in TypeScript:
 * `{"clinic.referral_sent": {"description": "…", "requires": ["resource_id"]}}`.
 * @throws RangeError naming the action and what is wrong with it
 */
export function parseActions(value: unknown): ApplicationActions {
  if (!isObject(value)) throw new RangeError('a catalogue is an object of actions by name')
  const actions: Record<ApplicationAction, ActionDefinition> = {}
  for (const [name, definition] of Object.entries(value)) {
    if (!isApplicationAction(name))
      throw new RangeError(
        `${JSON.stringify(name)}: an action is lower-case words with a dot, like clinic.referral_sent`,
      )
    actions[name] = parseDefinition(name, definition)
  }
  return actions
}

function parseDefinition(name: string, value: unknown): ActionDefinition {
  if (!isObject(value)) throw new RangeError(`${name}: a definition is an object`)
  const { description, requires, ...unknown } = value
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) throw new RangeError(`${name}: no such member ${JSON.stringify(stranger)}`)
  if (typeof description !== 'string') throw new RangeError(`${name}: description is a text`)
  if (requires === undefined) return { description }
  if (!Array.isArray(requires)) throw new RangeError(`${name}: requires is a list of fields`)
  return { description, requires: requires.map((field) => requiredField(name, field)) }
}

function requiredField(name: string, field: unknown): keyof Draft {
  if (isDraftField(field)) return field
  throw new RangeError(`${name}: requires ${JSON.stringify(field)}, which is no field of a draft`)
}

function isDraftField(field: unknown): field is keyof Draft {
  return typeof field === 'string' && ENTRY_FIELDS[field]?.set === 'caller'
}

/** Whether a name has the form of an application's action: `clinic.referral_sent`, at most 256 bytes. */
export function isApplicationAction(name: string): name is ApplicationAction {
  return name.length <= MAX_LABEL_BYTES && APPLICATION_ACTION.test(name)
}

function isObject(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
