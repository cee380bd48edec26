// Versions of prompts and models, inferred: announced where an agent is first met under them (spec/otlp.md §5).

import { labelOf } from '../capture/captured.ts'
import type { DraftContent } from '../formats/fields.ts'
import { VERSIONED, type VersionAction } from '../ledger/version-in-force.ts'
import type { PromptInForce } from './prompt-in-force.ts'
import { identifier, type Once, recordOf, type Setting } from './setting.ts'

const UNKNOWN_AUTHOR = 'unknown-author'

export function announcements(
  setting: Setting,
  model: string | undefined,
  prompt: PromptInForce | undefined,
): readonly Once[] {
  if (setting.about.agent === undefined || labelOf(setting.about.agent) === undefined) return []
  return [
    ...(prompt === undefined
      ? []
      : [
          announced(setting, 'prompt_changed', prompt.version, {
            name: 'prompt',
            media_type: 'application/json',
            body: prompt.text,
          }),
        ]),
    ...(model === undefined ? [] : [announced(setting, 'model_changed', model, undefined)]),
  ]
}

function announced(setting: Setting, action: VersionAction, version: string, content: DraftContent | undefined): Once {
  const agent = labelOf(setting.about.agent ?? '') ?? ''
  const { draft } = recordOf(setting, {
    id: setting.ledger.deriveId('otlp', action, agent, version),
    action,
    actor_id: UNKNOWN_AUTHOR,
    actor_type: 'system',
    at: 'start',
    resource_type: VERSIONED[action],
    resource_id: identifier(agent, setting.ledger),
    ...(action === 'prompt_changed' ? { prompt_version: version } : { model: version }),
    content: content === undefined ? undefined : [content],
    details: { changed_by: 'unknown', inferred: true },
  })
  return { draft, by: 'fact' }
}
