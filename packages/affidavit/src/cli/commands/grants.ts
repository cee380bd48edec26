import type { Command } from 'commander'

import { NARROWING } from '../../formats/grant.ts'
import type { IgnoredRecord } from '../../query/authority.ts'
import type { AccessFound, GrantFound, Grants } from '../../query/grants.ts'
import type { Listed } from '../../query/listed.ts'
import { resourceOf, secondOf, shortened } from '../describe.ts'
import { authorityWords } from '../describe-authority.ts'
import { openToAsk } from '../open-to-ask.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  limitOption,
  type ReaderOptions,
} from '../options.ts'
import { count, counted, jsonDocument, printable, type Terminal, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly resourceType?: string
  readonly resource?: string
  readonly agent?: string
  readonly findings?: boolean
  readonly limit: number
  readonly json?: boolean
}

export function addGrants(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    program
      .command('grants')
      .description('Who approved which access, every access made under each grant, and those that had none.')
      .addOption(ledgerAnywhereOption())
      .addOption(keysOption())
      .option('--resource-type <type>', 'to this kind of thing')
      .option('--resource <id>', 'to this thing')
      .option('--agent <name>', 'of this agent')
      .option('--findings', 'only what is to be looked at'),
  )
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { resourceType, resource, agent, limit } = options
      const show = options.findings === true ? 'findings' : 'all'
      await using asking = await openToAsk(options, env)
      const found = await asking.reading.grants({
        ...(resourceType === undefined ? {} : { resource_type: resourceType }),
        ...(resource === undefined ? {} : { resource_id: resource }),
        ...(agent === undefined ? {} : { agent_name: agent }),
        show,
        limit,
      })
      if (options.json === true) terminal.out(jsonDocument(found))
      else print(found, show, terminal)
    })
}

function print(
  { grants, ignored, covered, findings, as_of_seq }: Grants,
  shown: 'all' | 'findings',
  terminal: Terminal,
): void {
  if (grants.length > 0) terminal.out(table([GRANT_COLUMNS, ...grants.map(grantCells)], terminal.width))
  printAccesses('Under a grant', covered, terminal)
  printAccesses('To be looked at', findings, terminal)
  if (ignored.length > 0) {
    terminal.out(`\n${terminal.style('bold', 'No grants')}  these records cover nothing\n\n`)
    terminal.out(table(ignored.map(ignoredCells), terminal.width))
  }
  const counts = [
    ...(shown === 'findings' ? [] : [counted(grants.length, 'grant')]),
    `${count(covered.count)} covered`,
    counted(findings.count + ignored.length, 'finding'),
  ]
  terminal.err(`${counts.join(', ')} (as of seq ${as_of_seq})\n`)
}

const GRANT_COLUMNS = ['SEQ', 'GRANT', 'STATE', 'ACCESSES', 'APPROVED BY', 'AGENT', 'MAY', 'UNTIL', 'FROM', 'ONLY']

function grantCells(grant: GrantFound): string[] {
  const { name, seq, approver, agent_name, access, resource_type, valid_from, valid_until, revoked } = grant
  const ended = revoked === undefined ? grant.state : `${grant.state} at seq ${revoked.seq}`
  const only = NARROWING.filter((field) => grant[field] !== undefined).map((field) => `${field} ${grant[field]}`)
  return [
    String(seq),
    name === grant.id ? '·' : printable(name),
    ended,
    count(grant.accesses),
    shortened(approver),
    printable(agent_name),
    `${access.join(', ')} ${resource_type}`,
    secondOf(valid_until),
    secondOf(valid_from),
    printable(only.join(', ')),
  ]
}

const ACCESS_COLUMNS = ['SEQ', 'AT', 'ACCESS', 'AUTHORITY', 'RESOURCE', 'AGENT']

function printAccesses(title: string, { count: all, listed }: Listed<AccessFound>, terminal: Terminal): void {
  if (listed.length === 0) return
  const more = all > listed.length ? `  ${count(listed.length)} of ${count(all)}; --limit shows more` : ''
  terminal.out(`\n${terminal.style('bold', title)}${more}\n\n`)
  terminal.out(table([ACCESS_COLUMNS, ...listed.map(accessCells)], terminal.width))
}

function accessCells(found: AccessFound): string[] {
  return [
    String(found.seq),
    secondOf(found.timestamp),
    found.access,
    authorityWords(found),
    resourceOf(found) ?? '·',
    printable(found.agent_name ?? '·'),
  ]
}

function ignoredCells({ seq, action, problem }: IgnoredRecord): string[] {
  return [String(seq), action, printable(problem)]
}
