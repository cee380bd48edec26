// Where dispositions stand, as commands show it.

import type { DispositionStanding } from '../ledger/disposition-standing.ts'
import { lineOfStanding } from './describe-disposition.ts'
import { jsonDocument, printable, type Terminal } from './output.ts'

export function printDispositions(
  standings: readonly DispositionStanding[],
  { json }: { readonly json?: boolean },
  terminal: Terminal,
): void {
  if (json === true) terminal.out(jsonDocument({ dispositions: standings }))
  else if (standings.length === 0) terminal.err('no disposition is on record\n')
  else terminal.out(standings.map((standing) => indented(wordsOfDisposition(standing))).join('\n'))
}

export function wordsOfDisposition(standing: DispositionStanding): string[] {
  const { state, seq, recorded_at, plan_sha256, because, because_of_seq, ledger, objects = [] } = standing
  const why = because === undefined ? '' : `: the record at seq ${because_of_seq} is not due (${because})`
  return [
    `${state.padEnd(14)}at seq ${seq}, ${recorded_at}${why}`,
    `plan          ${plan_sha256}`,
    ...(ledger === undefined ? [] : [`decided by    ${ledger}`]),
    ...objects.map(lineOfStanding),
  ]
}

export function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${printable(line)}\n`).join('')
}
