// Versions of prompts and models, noticed by digest and announced once (spec/capture.md §3, §4).

import { hash } from 'node:crypto'

import type { Draft, DraftContent } from '../formats/fields.ts'
import { VERSIONED, type VersionAction, type VersionInForce } from '../ledger/version-in-force.ts'
import type { AuditedLedger } from './audited-ledger.ts'
import { type Begun, NOTHING_BEGUN, together } from './begun.ts'
import { canonicalText } from './canonical-text.ts'
import { type Captured, labelOf, reasonOf } from './captured.ts'
import { describeValue } from './describe-value.ts'
import type { MadeDraft } from './draft-of.ts'
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
  /** The announcements of both. */
  readonly announced: Begun
}

export interface Versions {
  versionOf(prompt: Prompt): string
  /** At once where both were announced before. */
  inForce(agent: string | undefined, step: ModelStep): InForce | Promise<InForce>
}

type Prompt = Pick<ModelStep, 'instructions' | 'tools'>

export interface VersionsParts {
  readonly ledger: AuditedLedger
  readonly changed_by: ChangedBy | undefined
  announce(draft: MadeDraft): Begun
}

/** Versions that are remembered: a prompt with the time in it has one for each call. */
const REMEMBERED = 1_000
/** Whoever notices a change that nobody is known for says the same. */
const UNKNOWN_AUTHOR = 'unknown-author'

export function createVersions({ ledger, changed_by, announce }: VersionsParts): Versions {
  /** Versions by a digest of their text. */
  const known = new Map<string, string>()
  /** What was announced, or met in force, and what is on its way to that. */
  const met = new Map<string, Begun | Promise<Begun>>()
  /** The newest version of each agent. */
  const newest = new Map<string, Promise<VersionInForce | undefined>>()

  function versionOf(text: string): string {
    const key = hash('sha256', text, 'base64url')
    const version = known.get(key) ?? ledger.digest(canonicalText(text))
    remember(known, key, version)
    return version
  }

  function announced(action: VersionAction, agent: string, version: string, text?: string): Begun | Promise<Begun> {
    const line = `${action}\n${agent}`
    const key = `${line}\n${version}`
    const before = met.get(key)
    if (before !== undefined) return before
    const { begun, inForce } = follow(action, agent, { version, text }, newest.get(line))
    remember(met, key, begun)
    newest.set(line, inForce)
    begun
      .then(({ durable }) => durable)
      .then(
        () => {
          if (met.get(key) === begun) met.set(key, NOTHING_BEGUN)
        },
        () => {
          if (met.get(key) === begun) met.delete(key)
          if (newest.get(line) === inForce) newest.delete(line)
        },
      )
    return begun
  }

  // One after the other for each agent: of two versions that are met at once, one follows the other.
  function follow(
    action: VersionAction,
    agent: string,
    version: Version,
    newest: Promise<VersionInForce | undefined> | undefined,
  ): { readonly begun: Promise<Begun>; readonly inForce: Promise<VersionInForce | undefined> } {
    // A ledger that cannot be asked is told: a version whose prompt is on no record would be worse than one that is told twice.
    const before = newest ?? ledger.versionInForce(action, agent).catch(() => undefined)
    const change = before.then((previous) => {
      if (previous?.version === version.version) return { begun: NOTHING_BEGUN, inForce: previous }
      const draft = changeDraft(action, agent, version, previous)
      return { begun: announce(draft), inForce: { id: draft.id, ...present(version) } }
    })
    return { begun: change.then(({ begun }) => begun), inForce: change.then(({ inForce }) => inForce) }
  }

  function changeDraft(
    action: VersionAction,
    agent: string,
    { version, text }: Version,
    previous: VersionInForce | undefined,
  ): MadeDraft {
    const isPrompt = action === 'prompt_changed'
    const { actor_id = UNKNOWN_AUTHOR, actor_type = 'user', reason } = changed_by ?? {}
    const { outcome_reason, words } = reasonOf(reason)
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
      ...(outcome_reason === undefined ? {} : { outcome_reason }),
      details: {
        changed_by: changed_by === undefined ? 'unknown' : 'known',
        ...(previous === undefined ? {} : { [isPrompt ? 'previous_version' : 'previous_model']: previous.version }),
      },
      ...contentOf(text, previous?.text, words),
    }
  }

  return {
    versionOf: ({ instructions, tools }) => versionOf(describeValue({ instructions, tools }).text),
    inForce(agent, { instructions, tools, model: asked }) {
      const model = asked === undefined ? undefined : labelOf(asked)
      const text = instructions.length + tools.length === 0 ? undefined : describeValue({ instructions, tools }).text
      const prompt_version = text === undefined ? undefined : versionOf(text)
      if (agent === undefined) return { prompt_version, model, announced: NOTHING_BEGUN }
      const changes = [
        prompt_version === undefined ? NOTHING_BEGUN : announced('prompt_changed', agent, prompt_version, text),
        model === undefined ? NOTHING_BEGUN : announced('model_changed', agent, model),
      ]
      if (changes.every((one) => one === NOTHING_BEGUN)) return { prompt_version, model, announced: NOTHING_BEGUN }
      return Promise.all(changes).then((begun) => ({ prompt_version, model, announced: together(begun) }))
    },
  }
}

interface Version {
  readonly version: string
  readonly text: string | undefined
}

function present({ version, text }: Version): Omit<VersionInForce, 'id'> {
  return text === undefined ? { version } : { version, text }
}

function contentOf(
  text: string | undefined,
  previous: string | undefined,
  words: Captured | undefined,
): Pick<Draft, 'content'> {
  const content: DraftContent[] = []
  if (text !== undefined) content.push({ name: 'prompt', media_type: 'application/json', body: text })
  if (text !== undefined && previous !== undefined)
    content.push({ name: 'previous', media_type: 'application/json', body: previous })
  if (words !== undefined) content.push(words.content)
  return content.length === 0 ? {} : { content }
}

// The one that was used longest ago is forgotten.
function remember<Value>(all: Map<string, Value>, key: string, value: Value): void {
  all.delete(key)
  all.set(key, value)
  const [oldest] = all.keys()
  if (all.size > REMEMBERED && oldest !== undefined) all.delete(oldest)
}
