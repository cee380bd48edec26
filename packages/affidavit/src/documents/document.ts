// A document that a person writes, as data: YAML or JSON in, one JSON value with the lines of its parts, or the fault by name
// (spec/registry.md §1). Registries and access policies are read so. Pure.

import { canonicalJson, JsonFault, type JsonRules, type JsonValue, parseJson } from '../bytes/json.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { type DocumentCode, DocumentFault, Flaw } from './fault.ts'
import type { Place } from './place.ts'
import { type Located, readYaml } from './yaml.ts'

export type DocumentFormat = 'yaml' | 'json'

/** UTF-8 bytes of one file. */
export const MAX_FILE_BYTES: number = 2 ** 20

/** What a document may hold, as entries. The text is bounded before it is read. */
export const DOCUMENT_JSON: JsonRules = {
  maxDepth: 32,
  unsafeIntegers: 'refused',
  nul: 'refused',
  maxLength: Number.POSITIVE_INFINITY,
}

export interface DocumentText {
  readonly text: string
  readonly format: DocumentFormat
  /** What faults call it; nothing is opened. */
  readonly file: string
}

/**
 * What `read` makes of the whole document. `digest` is SHA-256 of its RFC 8785 canonical JSON, in lower-case hex: the same for
 * YAML and JSON, in every order of keys.
 * @throws DocumentFault under `code`, and nothing else, whatever the text is, where `read` throws nothing but Flaw
 */
export function parseDocument<T>(
  code: DocumentCode,
  { text, format, file }: DocumentText,
  read: (whole: Place, digest: string) => T,
): T {
  let lineOf = (_path: string): number | undefined => undefined
  try {
    const document = readDocument(text, format)
    lineOf = document.lineOf
    // First of all: it also refuses text that no record could carry.
    const digest = sha256Hex(canonicalJson(document.value, DOCUMENT_JSON))
    return read({ path: '', value: document.value }, digest)
  } catch (error) {
    const flaw = error instanceof JsonFault ? flawOf(error) : error
    if (!(flaw instanceof Flaw)) throw error
    throw new DocumentFault(code, file, flaw.line ?? lineOf(flaw.path), flaw)
  }
}

function readDocument(text: string, format: DocumentFormat): Located {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) {
    throw new Flaw('', `has more than ${MAX_FILE_BYTES} bytes`, 'make it shorter: people have to read it')
  }
  return format === 'yaml' ? readYaml(text, DOCUMENT_JSON.maxDepth) : { value: readJson(text), lineOf: () => undefined }
}

function readJson(text: string): JsonValue {
  try {
    return parseJson(text, DOCUMENT_JSON)
  } catch (error) {
    if (error instanceof JsonFault) throw flawOf(error)
    throw error
  }
}

/** What JSON itself refuses, as a flaw of the file. */
function flawOf(fault: JsonFault): Flaw {
  const problem = fault.path === '' ? fault.message : fault.message.slice(fault.path.length + 2)
  return new Flaw(fault.path, problem, 'write what JSON can say, each key once', undefined, { cause: fault })
}
