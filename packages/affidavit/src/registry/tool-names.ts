// How a record names tools, calls and types of errors (spec/import.md §2, spec/capture.md §1): as they are, where they look like names.

import type { Details } from './call-data.ts'

/** Anything else may be content, and is kept as a keyed digest. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/

/** Whether a text has the form of a name of a tool, a call or an error type. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

export function namesOf(
  tool: string | undefined,
  call_id: string | undefined,
  digest: (text: string) => string,
): Details {
  return { ...nameAs('tool', tool, digest), ...nameAs('call_id', call_id, digest) }
}

function nameAs(field: string, name: string | undefined, digest: (text: string) => string): Details {
  if (name === undefined) return {}
  return isName(name) ? { [field]: name } : { [`${field}_digest`]: digest(name) }
}
