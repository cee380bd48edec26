// A paper that the ledger signs as a statement: a header that names its kind, and the paper on one line (spec/erasure.md §5,
// spec/disposition.md §6).

import { decodeUtf8, utf8 } from '../bytes/text.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { formatPaper, isPaperFault, type PaperFault, type PaperFormat, parsePaper } from './paper.ts'
import { openSignedText, type SignedTextFault } from './signed-text.ts'

export interface SignedPaperFormat<Paper> extends PaperFormat<Paper> {
  readonly header: string
}

/**
 * The text that is signed.
 * @throws RangeError where parsePaperText would not give back the same paper
 */
export function paperText<Paper extends object>(paper: Paper, format: SignedPaperFormat<Paper>): string {
  return `${format.header}\n${decodeUtf8(formatPaper(paper, format))}\n`
}

/** Reads the text of a paper. Strict: paperText gives the same text again. */
export function parsePaperText<Paper>(text: string, format: SignedPaperFormat<Paper>): Paper | PaperFault {
  const [header, json = '', end, ...more] = text.split('\n')
  if (header !== format.header || end !== '' || more.length > 0) return { code: 'paper-other-kind' }
  return parsePaper(utf8(json), format)
}

/** Opens a signed paper. Which keys are the ledger’s is for whoever verifies to say. */
export function openSignedPaper<Paper extends object>(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
  format: SignedPaperFormat<Paper>,
): { readonly paper: Paper; readonly key: VerifierKey } | SignedTextFault | PaperFault {
  const signed = openSignedText(bytes, keys)
  if ('code' in signed) return signed
  const paper = parsePaperText(signed.text, format)
  return isPaperFault(paper) ? paper : { paper, key: signed.key }
}
