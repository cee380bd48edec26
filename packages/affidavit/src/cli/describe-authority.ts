// Verdicts on accesses in words: what has a grant in small letters, what has none in capitals.

import type { DisclosureMember } from '../query/disclosure.ts'
import type { Note, Uncovered, Verdict } from '../query/judge-authority.ts'
import { printable } from './output.ts'

const CAUSES: Readonly<Record<Uncovered, string>> = {
  'no-grant': 'NO GRANT',
  'outside-scope': 'OUTSIDE THE SCOPE',
  'after-revocation': 'AFTER REVOCATION',
  'before-period': 'BEFORE THE PERIOD',
  'after-expiry': 'AFTER EXPIRY',
  late: 'RECORDED AFTER EXPIRY',
}
const NOTES: Readonly<Record<Note, string>> = {
  'claims-other-grant': 'CLAIMS ANOTHER GRANT',
  'granted-afterwards': 'GRANTED AFTERWARDS',
}

interface Judged {
  readonly authority?: Verdict
  readonly may_have_happened?: true
  readonly lacks?: readonly DisclosureMember[]
}

/** `under G-1`, `OUTSIDE THE SCOPE of G-1 (purpose)`, with what is to be said beside it. */
export function authorityWords({ authority, may_have_happened, lacks }: Judged): string {
  const parts = [
    authority === undefined ? undefined : verdictWords(authority),
    may_have_happened ? 'no outcome: may have happened' : undefined,
    lacks === undefined ? undefined : `LACKS ${lacks.join(', ')}`,
  ]
  return printable(parts.filter((part) => part !== undefined).join('; '))
}

function verdictWords(verdict: Verdict): string {
  if (verdict.state === 'covered') {
    return [`under ${grantWords(verdict.grant)}`, ...verdict.notes.map((note) => NOTES[note])].join('; ')
  }
  const { why, grant, differs = [] } = verdict
  const nearest = grant === undefined ? '' : ` of ${grantWords(grant)}`
  return `${CAUSES[why]}${nearest}${differs.length === 0 ? '' : ` (${differs.join(', ')})`}`
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

// A grant that was given no name has that of its record: its seq is shorter, and stands in the list of grants.
function grantWords({ name, seq }: { readonly name: string; readonly seq: number }): string {
  return UUID.test(name) ? `seq ${seq}` : name
}
