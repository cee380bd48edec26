// That a request came, with what it said word for word (spec/otlp.md §6): one record for each conversation that it tells of, so that what
// is destroyed of a conversation is destroyed here too.

import { hash } from 'node:crypto'

import type { JsonValue } from '../bytes/json.ts'
import { present } from '../bytes/present.ts'
import { labelOf } from '../capture/captured.ts'
import { firstOf, fitDetails } from '../capture/fit-details.ts'
import { type Draft, type DraftContent, MAX_BODY_BYTES } from '../formats/fields.ts'
import { MAX_IDS } from '../registry/locate.ts'
import type { Encoding, Placed } from './decode.ts'
import { OtlpFault } from './fault.ts'
import type { ReadItem } from './read-request.ts'
import { conversationOf, type Once } from './setting.ts'
import type { Item, Signal } from './telemetry.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'
import { createTraces } from './traces.ts'

export interface Request {
  readonly body: Uint8Array
  readonly signal: Signal
  readonly encoding: Encoding
}

/** What of a request was refused: places and problems, and the items. */
export interface RefusedPart {
  readonly problems: readonly string[]
  /** The whole body where it is `undefined`. */
  readonly items: readonly Placed[] | undefined
}

export const MEDIA_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const MAX_SCOPES = 20
const MAX_PROBLEMS = 20
const RECEIVER = 'otlp-receiver'

/** A record that a request came, and the items that it holds. */
export interface Receipt {
  readonly once: Once
  readonly items: readonly ReadItem[]
}

/** `complete`: nothing of the request was refused. @throws OtlpFault where a part of it cannot be kept */
export function receiptsOf(
  ledger: TelemetryLedger,
  request: Request,
  items: readonly ReadItem[],
  complete: boolean,
): readonly Receipt[] {
  const groups = byConversation(ledger, items)
  const isWhole = complete && groups.size === 1
  return [...groups].map(([conversation, group]) => {
    const body = isWhole ? request.body : requestOf(request.signal, group)
    const media_type = isWhole ? MEDIA_TYPES[request.encoding] : MEDIA_TYPES.json
    const once = receipt(ledger, request, `conversation ${conversation}`, {
      outcome: 'success',
      ...(conversation === '' ? {} : { conversation_id: conversation }),
      source: sourceOf(group.map(({ item }) => item)),
      content: [{ name: 'telemetry', media_type, body }],
      details: {
        items: group.length,
        dialects: countsOf(group.map(({ dialect }) => dialect ?? 'unknown')),
        scopes: scopesOf(group.map(({ item }) => item)),
      },
    })
    return { once, items: group }
  })
}

/** The same, about the persons whom what was made of its items is about: what destroys that destroys this. */
export function receiptAbout({ once }: Receipt, made: readonly Pick<Draft, 'subject_ids'>[]): Once {
  const persons = [...new Set(made.flatMap(({ subject_ids = [] }) => subject_ids))].sort()
  if (persons.length === 0) return once
  const { draft, by } = once
  const details = persons.length > MAX_IDS ? { ...draft.details, subject_ids_unclaimed: true } : draft.details
  return {
    by,
    draft: { ...draft, subject_ids: persons.slice(0, MAX_IDS), ...(details === undefined ? {} : { details }) },
  }
}

/** Of what is refused for good: the emitter will not send it again. */
export function refusalOf(ledger: TelemetryLedger, request: Request, { problems, items }: RefusedPart): Once {
  const content: DraftContent =
    items === undefined
      ? { name: 'telemetry', media_type: MEDIA_TYPES[request.encoding], body: request.body }
      : { name: 'telemetry', media_type: MEDIA_TYPES.json, body: requestOf(request.signal, items) }
  return receipt(ledger, request, 'refused', {
    outcome: 'denied',
    content: [content],
    details: { refused: items?.length, problems: firstOf(problems, MAX_PROBLEMS) },
  })
}

function receipt(ledger: TelemetryLedger, request: Request, part: string, fields: Partial<Draft>): Once {
  const { body, signal, encoding } = request
  const sent = ledger.digest(`otlp ${signal} ${encoding} ${hash('sha256', body)}`)
  return {
    by: 'fact',
    draft: {
      ...fields,
      id: ledger.deriveId('otlp', 'received', sent, part),
      action: 'telemetry_received',
      actor_id: RECEIVER,
      actor_type: 'system',
      details: fitDetails({ signal, encoding, bytes: body.length, ...fields.details }),
      assurance: 'observed',
    },
  }
}

// Of what the request itself says: sent again, its parts are the same. What no dialect knows, and stands in no trace that one does, is
// nobody's conversation.
function byConversation(ledger: TelemetryLedger, items: readonly ReadItem[]): Map<string, ReadItem[]> {
  const traces = createTraces()
  const known = new Set<string>()
  for (const { item, reading, dialect } of items) {
    traces.learn(item, reading.about)
    if (dialect !== undefined && item.traceId !== undefined) known.add(item.traceId)
  }
  const groups = new Map<string, ReadItem[]>()
  for (const one of items) {
    const { item, reading, dialect } = one
    const isKnown = dialect !== undefined || known.has(item.traceId ?? '')
    const about = traces.about(item, reading.about)
    const conversation = (isKnown ? conversationOf({ ledger, item, about }) : undefined) ?? ''
    const group = groups.get(conversation) ?? []
    group.push(one)
    groups.set(conversation, group)
  }
  return groups
}

const NAMES = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
} as const

/** These items alone, as a request in OTLP/JSON. @throws OtlpFault where that is more than content may be */
function requestOf(signal: Signal, items: readonly Placed[]): string {
  const names = NAMES[signal]
  const resources = new Map<object, Map<object, JsonValue[]>>()
  for (const { raw } of items) {
    const scopes = resources.get(raw.resource) ?? new Map<object, JsonValue[]>()
    const within = scopes.get(raw.scope) ?? []
    within.push(raw.item)
    resources.set(raw.resource, scopes.set(raw.scope, within))
  }
  const groups = [...resources].map(([resource, scopes]) => ({
    ...resource,
    [names.scopes]: [...scopes].map(([scope, all]) => ({ ...scope, [names.items]: all })),
  }))
  const text = JSON.stringify({ [names.resources]: groups })
  // Escapes of JSON may make six bytes of one.
  const size = Buffer.byteLength(text)
  if (size <= MAX_BODY_BYTES) return text
  throw new OtlpFault(
    'too-large',
    '',
    `has ${size} bytes as JSON; at most ${MAX_BODY_BYTES} are kept, send smaller batches`,
  )
}

function sourceOf(items: readonly Item[]): NonNullable<Draft['source']> {
  const told = (name: string): string | undefined => {
    const value = items.map(({ resource }) => resource.attributes.get(name)).find((one) => typeof one === 'string')
    return typeof value === 'string' ? labelOf(value) : undefined
  }
  return present({ host: told('host.name'), service: told('service.name') })
}

function scopesOf(items: readonly Item[]): readonly string[] {
  const names = new Set(items.map(({ scope }) => `${scope.name} ${scope.version}`.trim()).filter((name) => name !== ''))
  return firstOf([...names], MAX_SCOPES)
}

function countsOf(names: readonly string[]): object {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries(counts)
}
