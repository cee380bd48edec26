// The version of an agent's prompt or model that was announced last (spec/capture.md §3): what a new one is held against. Nobody
// is shown it; it is sealed again as what came before.

import { decodeUtf8 } from '../bytes/text.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { type OpeningParts, openContent, wholeBody } from './open-content.ts'
import { recordOf } from './read.ts'
import type { EntryFilter, StoredEntry } from './store.ts'

/** What is versioned of an agent, and the resource type of its records. */
export const VERSIONED = { prompt_changed: 'agent_prompt', model_changed: 'agent_model' } as const
export type VersionAction = keyof typeof VERSIONED

export interface VersionInForce {
  /** Id of the announcement. */
  readonly id: string
  /** The prompt version, or the name of the model. */
  readonly version: string
  /** The prompt; absent where its keys are gone, and for a model. */
  readonly text?: string
}

export interface VersionParts extends OpeningParts {
  find(filter: EntryFilter, options: { order: 'descending'; limit: number }): AsyncIterable<StoredEntry>
}

/** @throws LedgerError what the store throws */
export async function versionInForce(
  parts: VersionParts,
  action: VersionAction,
  agent_name: string,
): Promise<VersionInForce | undefined> {
  const filter = { action, resource_type: VERSIONED[action], resource_id: agent_name }
  for await (const entry of parts.find(filter, { order: 'descending', limit: 1 })) {
    const record = recordOf(entry)
    const version = action === 'prompt_changed' ? record.prompt_version : record.model
    if (version === undefined) return undefined
    const text = await textOf(parts, record)
    return { id: record.id, version, ...(text === undefined ? {} : { text }) }
  }
  return undefined
}

async function textOf(parts: OpeningParts, record: AuditRecord): Promise<string | undefined> {
  const reference = record.content?.find(({ name }) => name === 'prompt')
  if (reference === undefined) return undefined
  const opened = await openContent(parts, record, reference)
  return opened.state === 'opened' ? decodeUtf8(await wholeBody(opened.body)) : undefined
}
