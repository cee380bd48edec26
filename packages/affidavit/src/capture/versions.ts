// Versions of prompts and models, noticed by digest and announced once (spec/capture.md §3, §4).

import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import type { Draft } from '../formats/fields.ts'
import { VERSIONED, type VersionAction, type VersionInForce } from '../ledger/version-in-force.ts'
import type { AuditedLedger } from './audited-ledger.ts'
import { describeValue } from './describe-value.ts'
import { labelOf } from './draft-of.ts'
import type { ModelStep } from './steps.ts'

/** Who put the versions in force that this process runs, as far as anybody said. */
export interface ChangedBy {
  readonly actor_id: string
  readonly actor_type?: 'user' | 'admin' | 'system'
  readonly reason?: string
}

/** What a model call is made under. */
export interface InForce {
  readonly prompt_version: string | undefined
  readonly model: string | undefined
  /** Announcements to be recorded before the call. */
  readonly changes: readonly Change[]
}

export interface Change {
  readonly draft: Draft & { readonly id: string }
  /** It could not be recorded: the next call announces it anew. */
  forget(): void
}

export interface Versions {
  versionOf(prompt: { readonly instructions: readonly unknown[]; readonly tools: readonly unknown[] }): string
  of(agent: string | undefined, step: ModelStep): InForce | Promise<InForce>
}

export interface VersionsParts {
  readonly ledger: AuditedLedger
  readonly changed_by: ChangedBy | undefined
  readonly producer_id: string
}

/** Prompts whose digests are remembered by their text. */
const REMEMBERED = 200

export function createVersions({ ledger, changed_by, producer_id }: VersionsParts): Versions {
  const digests = new Map<string, string>()
  /** What was announced or met by this process, and the newest of each agent. */
  const met = new Set<string>()
  const newest = new Map<string, Promise<VersionInForce | undefined>>()

  function digestOf(text: string): string {
    const known = digests.get(text)
    if (known !== undefined) return known
    const version = ledger.digest(canonicalJson(JSON.parse(text), PLAIN_JSON))
    digests.set(text, version)
    const [oldest] = digests.keys()
    if (digests.size > REMEMBERED && oldest !== undefined) digests.delete(oldest)
    return version
  }

  // One after the other for each agent: of two versions that are met at once, one follows the other.
  function announce(action: VersionAction, agent: string, version: string, text?: string): Promise<Change | undefined> {
    const line = `${action}\n${agent}`
    const before = (newest.get(line) ?? ledger.versionInForce(action, agent)).catch(() => undefined)
    const change = before.then((previous) => {
      if (previous?.version === version) return undefined
      const draft = changeDraft(action, agent, version, text, previous)
      return { draft, forget: () => forget(line, version) }
    })
    newest.set(
      line,
      Promise.all([before, change]).then(([previous, made]) =>
        made === undefined ? previous : { id: made.draft.id, version, ...(text === undefined ? {} : { text }) },
      ),
    )
    return change
  }

  function forget(line: string, version: string): void {
    met.delete(`${line}\n${version}`)
    newest.delete(line)
  }

  function isNew(action: VersionAction, agent: string, version: string | undefined): version is string {
    const key = `${action}\n${agent}\n${version}`
    if (version === undefined || met.has(key)) return false
    met.add(key)
    return true
  }

  function changeDraft(
    action: VersionAction,
    agent: string,
    version: string,
    text: string | undefined,
    previous: VersionInForce | undefined,
  ): Draft & { readonly id: string } {
    const isPrompt = action === 'prompt_changed'
    const { actor_id = producer_id, actor_type = 'user', reason } = changed_by ?? {}
    return {
      // Whoever notices the same change records the same.
      id: ledger.deriveId('capture', action, agent, version, previous?.id ?? ''),
      action,
      actor_id,
      actor_type: changed_by === undefined ? 'system' : actor_type,
      agent_name: agent,
      resource_type: VERSIONED[action],
      resource_id: agent,
      ...(previous === undefined ? {} : { parent_id: previous.id }),
      ...(isPrompt ? { prompt_version: version } : { model: version }),
      ...(reason === undefined ? {} : { outcome_reason: reason }),
      details: {
        changed_by: changed_by === undefined ? 'unknown' : 'known',
        ...(previous === undefined ? {} : { [isPrompt ? 'previous_version' : 'previous_model']: previous.version }),
      },
      ...contentOf(text, previous),
    }
  }

  return {
    versionOf: ({ instructions, tools }) => digestOf(describeValue({ instructions, tools }).text),
    of(agent, { instructions, tools, model: asked }) {
      const model = asked === undefined ? undefined : labelOf(asked)
      const text = instructions.length + tools.length === 0 ? undefined : describeValue({ instructions, tools }).text
      const prompt_version = text === undefined ? undefined : digestOf(text)
      if (agent === undefined) return { prompt_version, model, changes: [] }
      const changes = [
        ...(isNew('prompt_changed', agent, prompt_version)
          ? [announce('prompt_changed', agent, prompt_version, text)]
          : []),
        ...(isNew('model_changed', agent, model) ? [announce('model_changed', agent, model)] : []),
      ]
      if (changes.length === 0) return { prompt_version, model, changes: [] }
      return Promise.all(changes).then((made) => {
        return { prompt_version, model, changes: made.filter((one) => one !== undefined) }
      })
    },
  }
}

function contentOf(text: string | undefined, previous: VersionInForce | undefined): Pick<Draft, 'content'> {
  if (text === undefined) return {}
  const prompt = { name: 'prompt', media_type: 'application/json', body: text }
  if (previous?.text === undefined) return { content: [prompt] }
  return { content: [prompt, { name: 'previous', media_type: 'application/json', body: previous.text }] }
}
