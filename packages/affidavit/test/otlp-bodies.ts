// Bodies of OTLP for tests: our own in testdata/otlp, and those of real instrumentations, where these lie beside the checkout.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Signal } from '../src/otlp/telemetry.ts'
import { sharedFolder } from './shared-vectors.ts'

const OWN = join(import.meta.dirname, '../testdata/otlp')

export function ownBody(name: string): Uint8Array {
  return readFileSync(join(OWN, name))
}

export interface CapturedBody {
  /** `otlp-aisdk-traces-1` */
  readonly name: string
  readonly signal: Signal
  readonly protobuf: Uint8Array
  readonly json: Uint8Array
}

/** In the order in which they were sent; `undefined` where they are not there. */
export function capturedBodies(prefix: string): readonly CapturedBody[] | undefined {
  const shared = sharedFolder()
  if (shared === undefined) return undefined
  const folder = join(shared, 'data/otlp')
  const names = readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && file.endsWith('.json'))
    .map((file) => file.replace('.json', ''))
  return names.sort(bySending).map((name) => ({
    name,
    signal: name.includes('-logs-') ? 'logs' : 'traces',
    protobuf: readFileSync(join(folder, `${name}.pb`)),
    json: readFileSync(join(folder, `${name}.json`)),
  }))
}

function bySending(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}

export const NO_CAPTURED_BODIES = 'the bodies of real instrumentations do not lie beside this checkout'
