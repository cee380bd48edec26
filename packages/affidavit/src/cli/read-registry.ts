// The registry that the command line names (spec/registry.md).

import { parseRegistry } from '../registry/parse.ts'
import type { Registry } from '../registry/registry.ts'
import { readDocumentFile } from './read-document.ts'

/** @throws DocumentFault where the file is no registry; LedgerError as readDocumentFile does */
export function readRegistry(option: string, file: string): Registry {
  const { text, format } = readDocumentFile(option, file)
  return parseRegistry(text, format, file)
}
