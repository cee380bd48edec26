// An application's own actions, declared once and checked on admission (spec/entry.md §3.2).

import { APPLICATION_ACTION, type ApplicationAction, type Draft } from './fields.ts'

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
    if (!APPLICATION_ACTION.test(name)) {
      throw new RangeError(
        `${JSON.stringify(name)}: an application's action is lower-case words with a dot, like clinic.referral_sent`,
      )
    }
  }
  return actions
}
