// Why a span failed, where it did: its status, and the exception that it recorded.

import type { StepError } from '../step.ts'
import type { Span } from '../telemetry.ts'
import { textOf } from './attribute.ts'

export function errorOf({ status, attributes, events }: Span): StepError | undefined {
  const type = textOf(attributes, 'error.type')
  if (status.code !== 'error' && type === undefined) return undefined
  const thrown = events.findLast(({ name }) => name === 'exception')?.attributes ?? new Map()
  return {
    type: type ?? textOf(thrown, 'exception.type'),
    message: textOf(thrown, 'exception.message') ?? (status.message === '' ? undefined : status.message),
  }
}
