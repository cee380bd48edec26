// A ledger that receives telemetry, and what its records tell, one line each.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import { type Clock, systemClock } from '../src/clock/clock.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { createReceiver, type Receiver } from '../src/otlp/receive.ts'
import type { TelemetryLedger } from '../src/otlp/telemetry-ledger.ts'
import type { Registry } from '../src/registry/registry.ts'

const POLICY = parseAccessPolicy(
  'affidavit_access: 1\nrevision: test\npeople: { auditor: { roles: [auditor, content_reader] } }\n',
  'yaml',
  'access.yaml',
)

export async function newLedger(t: TestContext, options: { readonly registry?: Registry } = {}): Promise<Ledger> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-otlp-'))
  await initLedger(join(folder, 'ledger'), { origin: 'clinic.example/agents' })
  const ledger = await openFolder(join(folder, 'ledger'), { access: POLICY, ...options })
  t.after(async () => {
    await ledger.close()
    rmSync(folder, { recursive: true })
  })
  return ledger
}

/** One that is closed when the test is over. */
export function newReceiver(t: TestContext, ledger: TelemetryLedger, clock: Clock = systemClock): Receiver {
  const receiver = receiverThatDies(ledger, clock)
  t.after(() => receiver.close())
  return receiver
}

/** One that nobody closes: what waits in it is gone. */
export function receiverThatDies(ledger: TelemetryLedger, clock: Clock = systemClock): Receiver {
  return createReceiver({
    ledger,
    clock,
    onFault: (error) => {
      throw error
    },
  })
}

export async function recordsIn(ledger: Ledger): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = []
  for await (const record of ledger.search({ from_seq: 1 })) {
    if (record.action !== 'policy_changed') records.push(record)
  }
  return records
}

/** What the telemetry made of it; that it came is told beside. */
export async function storyOf(ledger: Ledger): Promise<readonly string[]> {
  const records = (await recordsIn(ledger)).filter(({ action }) => action !== 'telemetry_received')
  const names = new Map(records.map(({ id }, i) => [id, i]))
  return records.map((record) => {
    const { action, outcome = '', model, details = {}, resource_id, parent_id } = record
    const { tool, tokens, tools_requested, characters, uncaptured, supplements, conflicts_with, layer } = details
    const told = {
      ...{ model, tool, tokens, tools_requested, characters, uncaptured },
      resource: resource_id?.replace(/^tok_.*/, 'token'),
      layer: layer === 'agent' && tool === undefined ? layer : undefined,
      beside: supplements === undefined ? undefined : 'supplement',
      conflict: conflicts_with === undefined ? undefined : true,
      content: record.content?.map(({ name }) => name).join('+'),
      after: parent_id === undefined ? undefined : (names.get(parent_id) ?? 'elsewhere'),
    }
    const words = Object.entries(told).filter(([, value]) => value !== undefined)
    return [
      action,
      outcome,
      ...words.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ]
      .filter((word) => word !== '')
      .join(' ')
  })
}
