// The text of a registry as a JSON value with the lines of its parts (spec/registry.md §1), from YAML or from JSON.

import { JsonFault, type JsonRules, type JsonValue, parseJson } from '../bytes/json.ts'
import { Flaw } from './fault.ts'
import { type Located, readYaml } from './yaml.ts'

export const FORMATS = ['yaml', 'json'] as const
export type RegistryFormat = (typeof FORMATS)[number]

/** UTF-8 bytes of one file. */
export const MAX_FILE_BYTES: number = 2 ** 20

/** What a registry may hold, as entries. The text is bounded before it is read. */
export const REGISTRY_JSON: JsonRules = {
  maxDepth: 32,
  unsafeIntegers: 'refused',
  nul: 'refused',
  maxLength: Number.POSITIVE_INFINITY,
}

/** @throws Flaw where the text is none of that format, or more than a registry may be */
export function readDocument(text: string, format: RegistryFormat): Located {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) {
    throw new Flaw('', `has more than ${MAX_FILE_BYTES} bytes`, 'name groups of tools by their prefix: ehr.*')
  }
  return format === 'yaml' ? readYaml(text, REGISTRY_JSON.maxDepth) : { value: readJson(text), lineOf: () => undefined }
}

function readJson(text: string): JsonValue {
  try {
    return parseJson(text, REGISTRY_JSON)
  } catch (error) {
    if (error instanceof JsonFault) throw flawOf(error)
    throw error
  }
}

/** What JSON itself refuses, as a flaw of the file. */
export function flawOf(fault: JsonFault): Flaw {
  const problem = fault.path === '' ? fault.message : fault.message.slice(fault.path.length + 2)
  return new Flaw(fault.path, problem, 'write what JSON can say, each key once', undefined, { cause: fault })
}
