// Statements: what the checkpoint key signs besides checkpoints, such as an export (spec/export.md §3). The same key
// signs both, so the texts must never be mistaken for each other, by nobody's parser.

import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { checkNoteText, formatNote } from '../formats/note.ts'
import type { LedgerKeys } from './keys.ts'

/**
 * A signed note over `text` by the checkpoint key now in force.
 * @throws LedgerError `invalid-statement` for a text that is no note text, or that could pass for a checkpoint
 */
export async function signStatement(keys: LedgerKeys, ledger: string, text: string): Promise<string> {
  const problem = statementProblem(text, ledger)
  if (problem !== undefined) throw new LedgerError('invalid-statement', { problem })
  const signer = await keys.checkpoint()
  const { name, keyId } = signer.verifierKey
  return formatNote(text, [{ name, keyId, signature: await signer.sign(utf8(text)) }])
}

function statementProblem(text: string, ledger: string): string | undefined {
  const fault = checkNoteText(text)
  if (fault !== undefined) return `this is no text of a note (${fault.code})`
  const [first = ''] = text.split('\n', 1)
  // A checkpoint of this ledger begins with its origin, however leniently the rest of it is read.
  if (first === ledger || !('code' in parseCheckpointBody(text))) return 'this text could pass for a checkpoint'
  if (first === 'cosignature/v1') return 'this text could pass for what a cosigner signs'
  return undefined
}
