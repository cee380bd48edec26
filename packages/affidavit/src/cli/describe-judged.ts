// What came of holding a certificate against its papers, in words, as JSON and as an exit code.

import type { JudgedPapers } from '../disposition/judge-papers.ts'
import type { JudgedErasure } from '../erasure/judge-papers.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import { linesOfCertificate } from './describe-disposition.ts'
import { linesOfErasure } from './describe-erasure.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { printable } from './output.ts'

export type Judged = ({ readonly kind: 'disposition' } & JudgedPapers) | ({ readonly kind: 'erasure' } & JudgedErasure)

/** Where the key of the ledger was replaced behind the outcome. */
export interface Replaced {
  /** In force at the outcome. */
  readonly key: string
  readonly replaced_at_seq: number
}

/** Whose key is not pinned was not shown to be false. */
const UNTOLD: ReadonlySet<string> = new Set(['signed-by-a-key-that-is-not-pinned'])

export function exitCodeOfJudged(judged: Judged): ExitCode {
  if (judged.state === 'does not hold') return UNTOLD.has(judged.because) ? EXIT.notVerified : EXIT.tampered
  return judged.authority.state === 'not checked' ? EXIT.notVerified : EXIT.ok
}

export function linesOfJudged(judged: Judged, replaced?: Replaced): string[] {
  if (judged.state === 'does not hold') return [`NOT PROVEN    ${judged.because}`]
  const certificate =
    judged.kind === 'disposition' ? linesOfCertificate(judged.certificate) : linesOfErasure(judged.certificate)
  return [
    ...certificate,
    `signed        ${judged.certificate.certified_at} by ${formatVerifierKey(judged.key)}`,
    ...(replaced === undefined
      ? []
      : [
          `              made anew: at its outcome ${replaced.key} was in force, until seq ${replaced.replaced_at_seq}`,
        ]),
    `checked       ${judged.kind === 'disposition' ? 'plan, manifest and approval are' : 'plan and approval are'} those that it is about`,
    `authority     ${wordsOf(judged.authority)}`,
  ].map(printable)
}

function wordsOf(authority: (Judged & { readonly state: 'holds' })['authority']): string {
  switch (authority.state) {
    case 'approved':
      return `approved by ${authority.approver}, under a key that is pinned`
    case 'not independently approved':
      return 'not independently approved: the delay stood on record, as the ledger says'
    case 'not checked':
      return 'NOT CHECKED: no key was given that the approval was signed with (--approver)'
  }
}

export function jsonOfJudged(judged: Judged, replaced?: Replaced): object {
  const { kind, state } = judged
  if (state === 'does not hold') return { kind, checked: { state, because: judged.because } }
  const { key, authority, certificate } = judged
  const checked = {
    state,
    authority: authority.state,
    signed_by: formatVerifierKey(key),
    ...(replaced === undefined ? {} : { key_at_outcome: replaced.key, replaced_at_seq: replaced.replaced_at_seq }),
  }
  return { ...certificate, kind, checked }
}
