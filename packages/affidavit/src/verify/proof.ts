// One record and its proof file, verified without any ledger.

import { toHex } from '../bytes/hex.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseEntry } from '../formats/entry.ts'
import { parseNote } from '../formats/note.ts'
import { parseProofFile } from '../formats/proof.ts'
import { formatVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { instant, timesOf } from './checkpoints.ts'
import { contentApart } from './content.ts'
import { createFindings, type FindingList, finding } from './finding.ts'
import { checkProven } from './proven.ts'
import { type Report, report } from './report.ts'
import { type CountedCheckpoint, createNoteReader, type Trust, walkTrust } from './trust.ts'

const NOTHING_NAMED = { first: undefined, heartbeat: undefined, rotations: [] }

/** Verifies that `entry` stands in the log whose checkpoint the proof file carries, under pinned keys. */
export function verifyProof(
  proofFile: Uint8Array,
  entry: Uint8Array,
  trust: Trust & { readonly kind: 'pinned' },
): Report {
  const findings = createFindings()
  const checked = checkProofFile(proofFile, entry, trust, findings)
  return report({
    subject: {
      kind: 'proof',
      ...(checked === undefined ? {} : { origin: checked.by.name, size: checked.size, root: toHex(checked.root) }),
    },
    checked: checked === undefined ? 0 : 1,
    findings,
    entries: 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: { verdict: 'not claimed', says: 'not claimed: one record alone' },
      completeness: { verdict: 'not claimed', says: 'not claimed: one record alone' },
      signer:
        checked === undefined
          ? { verdict: 'unsigned', says: 'unsigned' }
          : { verdict: 'pinned key', says: `pinned key ${formatVerifierKey(checked.by)}, until ${checked.size}` },
      time: timeOf(checked),
      anchor: { verdict: 'none', says: 'none: this checkpoint was not compared with another one' },
    },
    notChecked: [
      'every other record of the log',
      ...contentIn(entry),
      'that the log shows everybody the same history: compare checkpoints with another auditor',
    ],
  })
}

function contentIn(entry: Uint8Array): string[] {
  const parsed = parseEntry(entry)
  const { content = [] } = 'entry' in parsed ? parsed.entry : {}
  return content.length === 0 ? [] : [contentApart(content.length)]
}

/** The checkpoint of the proof where a pinned key of its log has signed it, whatever was found of the entry. */
function checkProofFile(
  proofFile: Uint8Array,
  entry: Uint8Array,
  trust: Trust & { readonly kind: 'pinned' },
  findings: FindingList,
): CountedCheckpoint | undefined {
  const proof = parseProofFile(proofFile)
  if ('code' in proof) {
    findings.add(finding('proof-invalid', { what: 'proof file' }, `it is no proof file (${proof.code})`))
    return undefined
  }
  const what = 'the checkpoint in the proof file'
  const origin = pinnedOrigin(proof.checkpoint, trust.keys)
  const opened = createNoteReader(origin, trust, NOTHING_NAMED)(Buffer.from(proof.checkpoint).toString('utf8'), what)
  if ('found' in opened) {
    findings.add(opened.found)
    return undefined
  }
  // A pinned cosigner says when it saw the log, not that the log is its own.
  const [counted] = walkTrust(origin, [opened.held], trust, NOTHING_NAMED).counted
  if (counted === undefined) {
    findings.add(finding('no-trusted-signature', { what }, 'no pinned key of a log has signed it'))
    return undefined
  }
  checkProven({ seq: proof.index, bytes: entry, proof: proof.hashes }, counted, origin, findings)
  return counted
}

// The log that the proof names, where one of its keys is pinned; else that of the first pinned key, which it is not.
function pinnedOrigin(checkpoint: Uint8Array, keys: readonly VerifierKey[]): string {
  const pinned = keys.filter(({ type }) => type === 'ed25519').map(({ name }) => name)
  const note = parseNote(checkpoint)
  const body = 'code' in note ? note : parseCheckpointBody(note.text)
  if ('code' in body) return ''
  return pinned.includes(body.origin) ? body.origin : (pinned[0] ?? body.origin)
}

function timeOf(checked: CountedCheckpoint | undefined): Report['axes']['time'] {
  const [seconds] = checked === undefined ? [] : timesOf(checked)
  if (seconds === undefined) return { verdict: 'asserted', says: 'asserted by the record only' }
  return { verdict: 'asserted', says: `asserted by the ledger, at ${instant(seconds)}` }
}
