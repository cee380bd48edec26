// Claude Code: log records of the scope `com.anthropic.claude_code.events` (its documentation, "Monitoring"). Each tells one step,
// by `event.name` with or without `claude_code.` before it; older versions have the name in the body alone.

import type { About, Dialect, Step } from '../step.ts'
import type { Item, LogRecord } from '../telemetry.ts'
import { countOf, textOf } from './attribute.ts'
import { answer, failedRequest, refusal, request } from './claude-code/requests.ts'
import { decision, toolResult } from './claude-code/tools.ts'
import { toldText } from './told.ts'

const SCOPE = 'com.anthropic.claude_code.events'
const PREFIX = 'claude_code.'
const AGENT = 'claude-code'

export const CLAUDE_CODE: Dialect = {
  name: 'claude_code',
  recognises: (item) => (item.signal === 'logs' ? isEvent(item) : item.name.startsWith(PREFIX)),
  read: (item) => ({
    about: aboutOf(item),
    // Its spans tell of the same requests and tools as its events, once more, and of what they said less.
    steps: item.signal === 'logs' ? stepsOf(item) : [],
  }),
}

function isEvent({ scope, eventName, body }: LogRecord): boolean {
  return scope.name === SCOPE || eventName.startsWith(PREFIX) || (typeof body === 'string' && body.startsWith(PREFIX))
}

function nameOf({ eventName, body }: LogRecord): string {
  const name = eventName === '' && typeof body === 'string' ? body : eventName
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name
}

function stepsOf(record: LogRecord): readonly Step[] {
  const { attributes } = record
  switch (nameOf(record)) {
    case 'user_prompt': {
      const text = toldText(attributes.get('prompt'))
      return [{ kind: 'user_message', text, characters: countOf(attributes, 'prompt_length') }]
    }
    case 'api_request':
      return [request(attributes)]
    case 'api_error':
      return [failedRequest(attributes)]
    case 'api_refusal':
      return refusal(attributes)
    case 'assistant_response':
      return [answer(attributes)]
    case 'tool_decision':
      return [decision(attributes)]
    case 'tool_result':
      return [toolResult(attributes)]
    // Of the agent's surroundings (hooks, plugins, settings, its own errors): they stay in what was received.
    default:
      return []
  }
}

/** Where somebody is signed in, the account; else the e-mail address, else the installation. */
function aboutOf({ attributes, resource, scope }: Item): About {
  return {
    conversation: textOf(attributes, 'session.id'),
    agent: AGENT,
    agentVersion:
      textOf(attributes, 'app.version') ??
      textOf(resource.attributes, 'service.version') ??
      (scope.version === '' ? undefined : scope.version),
    user: textOf(attributes, 'user.account_uuid', 'user.email', 'user.id'),
  }
}
