// An agent whose steps go to a real ledger, or, for as long as a test wants it, to one that refuses them; and what stands in it afterwards.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Audit, type AuditedLedger, createAudit } from '../src/capture.ts'
import { type AuditRecord, initLedger, type Ledger, openLedger, wholeBody } from '../src/index.ts'
import type { Hold } from './mock-answer.ts'

export interface AuditedAgent {
  readonly audit: Audit
  /** Does some work in a conversation of its own, and tells what came of it. What it throws is told, not thrown. */
  during<T>(work: () => PromiseLike<T>): Promise<Done<T>>
  /** From now on each record is refused. */
  refuse(): void
  /** From now on each record is taken again. */
  accept(): void
  /** From now on no record is made, until the hold is released. */
  pause(held: Hold): void
  /** As it was at first, with an audit that knows of nothing before. */
  renew(): Promise<void>
  close(): Promise<void>
}

export interface Done<T> {
  readonly result?: T
  readonly error?: unknown
  /** The records of the conversation so far; once there is one of the action that is named. */
  recorded(wait?: { readonly until: string }): Promise<readonly Recorded[]>
}

export interface Recorded extends AuditRecord {
  /** Its contents, opened: what is JSON is parsed. */
  readonly sealed: Readonly<Record<string, unknown>>
}

/** How often it is looked for what is about to be recorded. */
const MAX_LOOKS = 300

const ACCESS = 'affidavit_access: 1\nrevision: test\npeople:\n  auditor: { roles: [privacy_officer] }\n'

export async function auditedAgent(): Promise<AuditedAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-agent-'))
  await initLedger(folder, { origin: 'clinic.example/agents' })
  writeFileSync(join(folder, 'access.yaml'), ACCESS)
  const ledger = await openLedger(folder)
  const refusing = await openLedger(folder)
  await refusing.close()
  let current: AuditedLedger = ledger
  const either: AuditedLedger = {
    registry: ledger.registry,
    async append(draft) {
      await paused?.wait()
      return current.append(draft)
    },
    isRecorded: (id) => current.isRecorded(id),
    versionInForce: (action, agent_name) => current.versionInForce(action, agent_name),
    deriveId: (...words) => ledger.deriveId(...words),
    digest: (text) => ledger.digest(text),
  }
  const newAudit = (): Audit => createAudit({ ledger: either, agent_name: 'clinic' })
  let audit = newAudit()
  let conversations = 0
  let paused: Hold | undefined

  return {
    get audit() {
      return audit
    },
    async during(work) {
      const conversation_id = `visit-${++conversations}`
      const recorded: Done<never>['recorded'] = async (wait) => {
        let records = await recordsOf(ledger, conversation_id)
        const isThere = (): boolean => wait === undefined || records.some(({ action }) => action === wait.until)
        for (let looks = 1; !isThere() && looks < MAX_LOOKS; looks++) records = await recordsOf(ledger, conversation_id)
        return records
      }
      try {
        return { recorded, result: await audit.run({ conversation_id, actor_id: 'u-17' }, work) }
      } catch (error) {
        return { recorded, error }
      }
    },
    refuse() {
      current = refusing
    },
    accept() {
      current = ledger
    },
    pause(held) {
      paused = held
    },
    async renew() {
      current = ledger
      paused = undefined
      await audit.close()
      audit = newAudit()
    },
    async close() {
      current = ledger
      await audit.close()
      await ledger.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function recordsOf(ledger: Ledger, conversation_id: string): Promise<readonly Recorded[]> {
  const auditor = ledger.as({ actor_id: 'auditor' })
  if ((await auditor.search({ conversation_id }, { limit: 1 }).next()).done) return []
  const revealed = await auditor.reveal({ conversation_id }, { reason: 'test' })
  return Promise.all(
    revealed.map(async ({ record, contents }) => {
      const sealed: Record<string, unknown> = {}
      for (const content of contents) {
        if (content.state !== 'opened') continue
        const text = Buffer.from(await wholeBody(content.body)).toString()
        sealed[content.name] = content.media_type === 'application/json' ? JSON.parse(text) : text
      }
      return { ...record, sealed }
    }),
  )
}
