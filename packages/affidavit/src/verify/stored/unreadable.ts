// The verdict on a store that cannot be read at all.

import { createFindings, type Finding, finding } from '../finding.ts'
import { type Report, report } from '../report.ts'

/** @param where the store, for people; `findings` are what was found before */
export function unreadableReport(
  { where, findings: before }: { readonly where: string; readonly findings: readonly Finding[] },
  kind: Report['subject']['kind'],
  problem: string,
): Report {
  const findings = createFindings()
  for (const found of before) findings.add(found)
  findings.add(finding('database-unreadable', { what: where }, problem))
  const unknown = { verdict: 'not checked', says: 'not checked: the database cannot be read' }
  return report({
    subject: { kind },
    checked: 0,
    findings,
    entries: 'some',
    axes: {
      content: unknown,
      order: unknown,
      completeness: unknown,
      signer: unknown,
      time: unknown,
      anchor: unknown,
    },
    notChecked: [
      'everything that the database holds: keep the file as evidence; verify an export or a backup beside it',
    ],
  })
}
