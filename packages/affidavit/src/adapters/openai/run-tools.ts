// Tools that the client runs itself (chat.completions.runTools): each call of one is on record before it runs and after, under the id that
// the model gave it.

import type { Capture } from '../../capture/steps.ts'
import { listOf, memberOf, shapeOf, textOf } from '../wire/shape.ts'

type Callback = (...given: readonly unknown[]) => unknown

/** The tools with their functions audited. Whatever else there is to them stays as it is. */
export function auditedTools(audit: Capture, tools: readonly unknown[]): unknown[] {
  const { parser, idOf } = callIds()

  function audited(name: string, callback: Callback): Callback {
    return async (...given) => {
      const [parsed, runner] = given
      const call_id = idOf(name, parsed, runner)
      const call = await audit.beginToolCall({
        sdk: 'openai',
        layer: 'client',
        name,
        arguments: parsed,
        ...(call_id === undefined ? {} : { call_id }),
      })
      let result: unknown
      try {
        result = await call.enter(() => callback(...given))
      } catch (error) {
        await call.end({ ended: 'failed', error })
        throw error
      }
      await call.end({ ended: 'complete', result })
      return result
    }
  }

  return tools.map((tool) => {
    const definition = memberOf(tool, 'function')
    if (!isObject(tool) || !isObject(definition)) return tool
    // Made by a helper of the client from a schema, or as it is written by hand.
    const [holder, names] = memberOf(tool, '$callback') === undefined ? [definition, WRITTEN] : [tool, MADE]
    const callback = methodOf(holder, names.callback)
    if (callback === undefined) return tool
    const name =
      textOf(memberOf(definition, 'name')) || textOf(memberOf(memberOf(holder, names.callback), 'name')) || ''
    const parse = methodOf(holder, names.parse)
    const hooked = over(holder, {
      [names.callback]: audited(name, callback),
      ...(parse === undefined ? {} : { [names.parse]: parser(parse) }),
      ...(holder === definition ? { name } : {}),
    })
    return holder === tool ? hooked : over(tool, { function: hooked })
  })
}

const WRITTEN = { callback: 'function', parse: 'parse' }
const MADE = { callback: '$callback', parse: '$parseRaw' }

/** Which call a function is run for: it is told what it was asked with, and not the id of that. */
function callIds() {
  const texts = new WeakMap<object, string>()
  const taken = new WeakMap<object, Set<string>>()

  return {
    /** Remembers the text that something was parsed from. */
    parser(parse: Callback): Callback {
      return (...given) => {
        const [text] = given
        const remember = (value: unknown): unknown => {
          if (isObject(value) && typeof text === 'string') texts.set(value, text)
          return value
        }
        const parsed = parse(...given)
        return parsed instanceof Promise ? parsed.then(remember) : remember(parsed)
      }
    },
    idOf(name: string, parsed: unknown, runner: unknown): string | undefined {
      if (!isObject(runner)) return undefined
      const text = isObject(parsed) ? texts.get(parsed) : parsed
      const run = taken.get(runner) ?? new Set()
      taken.set(runner, run)
      const id = askedLast(runner)
        .filter(({ called }) => called.name === name && called.arguments === text)
        .find(({ id }) => id !== undefined && !run.has(id))?.id
      if (id !== undefined) run.add(id)
      return id
    },
  }
}

/** The calls that the newest answer asked for. */
function askedLast(
  runner: object,
): readonly { readonly id: string | undefined; readonly called: ReturnType<typeof shapeOf> }[] {
  const answers = listOf(memberOf(runner, 'messages')).map(shapeOf)
  const { tool_calls } = answers.findLast(({ role }) => role === 'assistant') ?? {}
  return listOf(tool_calls)
    .map(shapeOf)
    .map(({ id, function: called }) => ({ id: textOf(id), called: shapeOf(called) }))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function methodOf(of: object, name: string): Callback | undefined {
  const method: unknown = Reflect.get(of, name)
  return typeof method === 'function' ? (...given) => Reflect.apply(method, of, given) : undefined
}

/** The same object, with these members instead of its own. */
function over(base: object, members: Readonly<Record<string, unknown>>): object {
  const descriptors = Object.entries(members).map(([name, value]) => [
    name,
    { value, enumerable: true, writable: true },
  ])
  return Object.create(base, Object.fromEntries(descriptors))
}
