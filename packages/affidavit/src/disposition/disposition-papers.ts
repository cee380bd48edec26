// All papers of one disposition in one file, for whoever is to judge it without its ledger (spec/disposition.md §8).

import type { JsonValue } from '../bytes/json.ts'
import { formatPaper, type PaperFault, type PaperFormat, parsePaper } from '../papers/paper.ts'
import type { Rule } from '../papers/rules.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'

/** Each as its bytes are, in UTF-8. */
export interface DispositionPapers {
  /** The signed note. */
  readonly certificate: string
  readonly plan: string
  readonly manifest: string
  /** The signed note; empty where the plan stood on record for its delay instead. */
  readonly approval: string
}

const text: Rule = (value: JsonValue, path) => (typeof value === 'string' ? undefined : { path, problem: 'is no text' })

/** A text may be twice as long where it is escaped; what stands beside the manifest is short. */
export const MAX_PAPERS_BYTES: number = 2 * MAX_MANIFEST_BYTES + 2 ** 22

const PAPERS: PaperFormat<DispositionPapers> = {
  kind: 'disposition-papers',
  maxBytes: MAX_PAPERS_BYTES,
  members: { certificate: text, plan: text, manifest: text, approval: text },
  contradiction: () => undefined,
}

/** Reads the file. Strict: formatDispositionPapers gives the same bytes again. Nothing in it was judged. */
export function parseDispositionPapers(bytes: Uint8Array): DispositionPapers | PaperFault {
  return parsePaper(bytes, PAPERS)
}

/** @throws RangeError where parseDispositionPapers would not give back the same papers */
export function formatDispositionPapers(papers: DispositionPapers): Uint8Array {
  return formatPaper(papers, PAPERS)
}
