// docs/controls/*.yaml, read strictly: what is claimed of a rule, and by which command it is shown.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'

import { API_ROLE_NAMES } from '../src/access/api-roles.ts'

export const CONTROLS_FOLDER: string = join(import.meta.dirname, '../../../docs/controls')

/** The pages, as they stand in the index. */
export const REGIMES: readonly string[] = ['hipaa', 'soc-2', 'pci-dss', 'sec-17a-4', 'eu-ai-act', '21-cfr-part-11']

export interface Step {
  readonly run: string
  /** 0 where left out. */
  readonly exits?: number
  /** What its JSON has. */
  readonly holds: readonly string[]
  /** The same, asked of a server. */
  readonly http?: Ask
}

export interface Ask {
  readonly by: string
  readonly request: string
  readonly body?: Readonly<Record<string, string | readonly string[]>>
  /** 200 where left out. */
  readonly status?: number
  /** Those of the command where left out. */
  readonly holds?: readonly string[]
}

export interface Evidence {
  readonly name: string
  readonly steps: readonly Step[]
  readonly yields: string
  readonly checked_by: string
}

export interface Control {
  readonly citation: string
  readonly requires: string
  readonly confidence: 'V' | 'S' | 'K'
  /** What that rests on. */
  readonly seen: string
  readonly ask: string
  /** Names in evidence.yaml. */
  readonly evidence: readonly string[]
  readonly remains: string
}

export interface Regime {
  readonly title: string
  readonly about: string
  readonly controls: readonly Control[]
  readonly not_covered: readonly { readonly what: string; readonly why: string }[]
}

const text = Type.String({ minLength: 1 })
const holds = Type.Array(text, { minItems: 1 })
const ask = exactly({
  by: Type.Enum([...API_ROLE_NAMES]),
  request: Type.String({ pattern: '^(GET|POST) [a-z]' }),
  body: Type.Optional(Type.Record(Type.String(), Type.Union([text, Type.Array(text)]))),
  status: Type.Optional(Type.Integer()),
  holds: Type.Optional(holds),
})
const step = exactly({ run: text, exits: Type.Optional(Type.Integer()), http: Type.Optional(ask), holds })
const evidence = exactly({ name: text, steps: Type.Array(step, { minItems: 1 }), yields: text, checked_by: text })
const control = exactly({
  citation: text,
  requires: text,
  confidence: Type.Enum(['V', 'S', 'K']),
  seen: text,
  ask: text,
  evidence: Type.Array(text, { minItems: 1 }),
  remains: text,
})
const regime = exactly({
  title: text,
  about: text,
  controls: Type.Array(control, { minItems: 1 }),
  not_covered: Type.Array(exactly({ what: text, why: text }), { minItems: 1 }),
})

function exactly(members: Readonly<Record<string, TSchema>>): TSchema {
  return Type.Object(members, { additionalProperties: false })
}

export function readEvidence(): ReadonlyMap<string, Evidence> {
  return new Map(Object.entries(read<Record<string, Evidence>>('evidence', Type.Record(Type.String(), evidence))))
}

export function readRegime(name: string): Regime {
  return read<Regime>(name, regime)
}

function read<T>(name: string, schema: TSchema): T {
  const value: unknown = parse(readFileSync(join(CONTROLS_FOLDER, `${name}.yaml`), 'utf8'))
  if (Value.Check(schema, value)) return value as T
  const [fault] = Value.Errors(schema, value)
  throw new Error(`${name}.yaml: ${fault?.instancePath ?? ''} ${fault?.message ?? ''}`)
}
