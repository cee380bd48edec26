// Files that people write and the command line names: registries, access policies (spec/registry.md §1).

import { extname } from 'node:path'

import { decodeUtf8 } from '../bytes/text.ts'
import type { DocumentFormat, DocumentText } from '../documents/document.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { readInput } from './read-input.ts'

/**
 * The text of a document; its ending says whether it is YAML or JSON.
 * @throws LedgerError `invalid-query`, `store-unavailable`
 */
export function readDocumentFile(option: string, file: string): DocumentText {
  const text = decodeUtf8(readInput(option, file))
  if (text !== undefined) return { text, format: formatOf(option, file), file }
  throw new LedgerError('invalid-query', {
    problem: `${file} is no UTF-8 text`,
    cure: 'save it as UTF-8',
    path: option,
  })
}

function formatOf(option: string, file: string): DocumentFormat {
  const ending = extname(file).toLowerCase()
  if (ending === '.json') return 'json'
  if (ending === '.yaml' || ending === '.yml') return 'yaml'
  throw new LedgerError('invalid-query', {
    problem: `${file} does not say whether it is YAML or JSON`,
    cure: 'name it .yaml, .yml or .json',
    path: option,
  })
}
