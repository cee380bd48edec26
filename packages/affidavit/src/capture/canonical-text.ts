// One text for equal JSON, however it was spelled.

import { canonicalJson, JsonFault, PLAIN_JSON } from '../bytes/json.ts'

/** The canonical text of JSON text; any other text, and what has no canonical form, as it is. */
export function canonicalText(text: string): string {
  try {
    return canonicalJson(JSON.parse(text), PLAIN_JSON)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof JsonFault) return text
    throw error
  }
}
