// An audit on a ledger of its own, and what it recorded: every record with its contents opened.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import { decodeUtf8 } from '../src/bytes/text.ts'
import { type Audit, type AuditOptions, createAudit } from '../src/capture.ts'
import { initLedger } from '../src/embedded/init.ts'
import { type OpenOptions, openFolder, type PartOptions } from '../src/embedded/open.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { wholeBody } from '../src/ledger/open-content.ts'
import type { RevealedRecord } from '../src/ledger/reading.ts'
import type { EntryFilter } from '../src/ledger/store.ts'

const POLICY = parseAccessPolicy(
  'affidavit_access: 1\nrevision: test\npeople: { auditor: { roles: [auditor, content_reader] } }\n',
  'yaml',
  'access.yaml',
)

export interface CapturedRecord extends AuditRecord {
  /** Contents by name. */
  readonly said: Readonly<Record<string, string>>
}

export interface World {
  readonly folder: string
  readonly ledger: Ledger
  readonly audit: Audit
  /** What the audit recorded, in order: nothing that the ledger recorded of itself. */
  recorded(filter?: EntryFilter): Promise<readonly CapturedRecord[]>
}

export const CONTEXT = { conversation_id: 'c-1', actor_id: 'dr-adams' } as const

type Options = OpenOptions & PartOptions & Omit<AuditOptions, 'ledger'>

export async function openWorld(t: TestContext, options: Options = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-capture-'))
  await initLedger(join(folder, 'ledger'), { origin: 'test.affidavit.example/capture' })
  const ledger = await openFolder(join(folder, 'ledger'), { access: POLICY, ...options })
  const audit = createAudit({ agent_name: 'clinic', ...options, ledger })
  t.after(async () => {
    await audit.close().catch(() => undefined)
    await ledger.close()
    rmSync(folder, { recursive: true, force: true })
  })
  // What was opened stays opened: each reading is a record of its own.
  const opened: Opened = new Map()
  return { folder, ledger, audit, recorded: (filter) => recordedIn(ledger, opened, filter) }
}

/** Contents by the id of their record. */
type Opened = Map<string, CapturedRecord['said']>

const OF_THE_LEDGER = /^(logging_started|records_viewed|content_revealed|policy_changed|key_rotated)$/

async function recordedIn(ledger: Ledger, opened: Opened, filter?: EntryFilter): Promise<readonly CapturedRecord[]> {
  const reading = ledger.as({ actor_id: 'auditor' })
  const found: AuditRecord[] = []
  for await (const record of ledger.search(filter)) if (!OF_THE_LEDGER.test(record.action)) found.push(record)
  for (const { id, conversation_id, content } of found) {
    if (content === undefined || opened.has(id)) continue
    const what = conversation_id === undefined ? { record: id } : { conversation_id }
    for (const { record, contents } of await reading.reveal(what, { reason: 'test' })) {
      opened.set(record.id, await saidIn(contents))
    }
  }
  return found.map((record) => ({ ...record, said: opened.get(record.id) ?? {} }))
}

async function saidIn(contents: RevealedRecord['contents']): Promise<CapturedRecord['said']> {
  const said: Record<string, string> = {}
  for (const content of contents) {
    said[content.name] =
      content.state === 'opened' ? (decodeUtf8(await wholeBody(content.body)) ?? 'no text') : content.state
  }
  return said
}

/** Actions in order, each once where it is repeated in a row. */
export function actionsOf(records: readonly CapturedRecord[]): readonly string[] {
  return records.map(({ action }) => action)
}
