// One record and its proof file, verified without any ledger.

import { toHex } from '../bytes/hex.ts'
import { parseProofFile } from '../formats/proof.ts'
import { formatVerifierKey, sameVerifierKey } from '../formats/verifier-key.ts'
import { createFindings, type FindingList, finding } from './finding.ts'
import { checkProven } from './proven.ts'
import { type Report, report } from './report.ts'
import { createNoteReader, type HeldCheckpoint, type Trust } from './trust.ts'

const NOTHING_NAMED = { first: undefined, heartbeat: undefined, rotations: [] }

/** Verifies that `entry` stands in the log whose checkpoint the proof file carries, under pinned keys. */
export function verifyProof(
  proofFile: Uint8Array,
  entry: Uint8Array,
  trust: Trust & { readonly kind: 'pinned' },
): Report {
  const findings = createFindings()
  const held = checkProofFile(proofFile, entry, trust, findings)
  const key = held?.signers.find((signer) => trust.keys.some((pinned) => sameVerifierKey(pinned, signer)))
  return report({
    subject: {
      kind: 'proof',
      ...(held === undefined ? {} : { size: held.size, root: toHex(held.root) }),
      ...originOf(trust),
    },
    checked: held === undefined ? 0 : 1,
    findings,
    entries: 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: { verdict: 'not claimed', says: 'not claimed: one record alone' },
      completeness: { verdict: 'not claimed', says: 'not claimed: one record alone' },
      signer:
        key === undefined
          ? { verdict: 'unsigned', says: 'unsigned' }
          : { verdict: 'pinned key', says: `pinned key ${formatVerifierKey(key)}, until ${held?.size}` },
      time: timeOf(held),
      anchor: { verdict: 'none', says: 'none: this checkpoint was not compared with another one' },
    },
    notChecked: [
      'every other record of the log',
      'that the log shows everybody the same history: compare checkpoints with another auditor',
    ],
  })
}

function originOf({ keys }: Trust & { readonly kind: 'pinned' }): { origin?: string } {
  const [key] = keys
  return key === undefined ? {} : { origin: key.name }
}

function checkProofFile(
  proofFile: Uint8Array,
  entry: Uint8Array,
  trust: Trust & { readonly kind: 'pinned' },
  findings: FindingList,
): HeldCheckpoint | undefined {
  const proof = parseProofFile(proofFile)
  if ('code' in proof) {
    findings.add(finding('proof-invalid', { what: 'proof file' }, `it is no proof file (${proof.code})`))
    return undefined
  }
  const origin = trust.keys[0]?.name ?? ''
  const note = Buffer.from(proof.checkpoint).toString('utf8')
  const answer = createNoteReader(origin, trust, NOTHING_NAMED)(note, 'the checkpoint in the proof file')
  if ('found' in answer) {
    findings.add(answer.found)
    return undefined
  }
  checkProven({ seq: proof.index, bytes: entry, proof: proof.hashes }, answer.held, origin, findings)
  return answer.held
}

function timeOf(held: HeldCheckpoint | undefined): Report['axes']['time'] {
  const [seconds] = held?.times ?? []
  if (seconds === undefined) return { verdict: 'asserted', says: 'asserted by the record only' }
  return { verdict: 'asserted', says: `asserted by the ledger, at ${new Date(seconds * 1000).toISOString()}` }
}
