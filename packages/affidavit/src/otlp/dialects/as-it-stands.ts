// What went in or came out of something, whatever it is: who said what of it is not known.

import type { JsonValue } from '../../bytes/json.ts'
import type { Told } from '../step.ts'
import { toldText } from './told.ts'

export function asItStands(value: JsonValue | undefined): Told<never> | undefined {
  const told = toldText(value)
  if (told?.state !== 'told') return told === undefined ? undefined : { state: 'redacted' }
  return {
    state: 'unread',
    text: typeof told.value === 'string' ? told.value : JSON.stringify(told.value),
    why: 'malformed',
  }
}
