import type { Command } from 'commander'

import type { RetentionPolicy } from '../../retention/policy.ts'
import type { PolicySet } from '../../retention/policy-set.ts'
import { lengthWords, periodWords, scopeWords, sourceWords, statusWords } from '../describe-retention.ts'
import { jsonOption } from '../options.ts'
import { jsonDocument, printable, type Terminal, table } from '../output.ts'
import { addSetOptions, policyIn, readSet, type SetOptions } from '../read-retention.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends SetOptions {
  readonly json?: boolean
}

export function addPolicies(program: Command, { terminal }: Surroundings): void {
  addSetOptions(
    program
      .command('policies')
      .description('How long records are kept, and who says so: all retention policies, or one in full.')
      .argument('[id]', 'one of them, such as hipaa or sec.17a4b4'),
  )
    .addOption(jsonOption())
    .action((id: string | undefined, options: Options) => {
      const set = readSet(options)
      const chosen = id === undefined ? undefined : policyIn(set, id, 'id')
      if (options.json === true) terminal.out(jsonDocument(chosen ?? documentOf(set)))
      else if (chosen === undefined) printAll(set, terminal)
      else printOne(chosen, terminal)
    })
}

function documentOf({ revision, digest, calendar, fiscal_year_end, time_source, policies }: PolicySet): object {
  const said = { fiscal_year_end, time_source }
  return { revision, digest, time_zone: calendar.zone, ...said, policies }
}

function printAll({ policies, revision, calendar }: PolicySet, terminal: Terminal): void {
  const rows = policies.map((policy) => [
    policy.id,
    policy.basis,
    policy.confidence,
    policy.applies_to === 'when-adopted' ? 'adopt' : 'applies',
    printable(lengthWords(policy)),
  ])
  terminal.out(table([['ID', 'BASIS', 'SEEN', '', 'HOW LONG'], ...rows], terminal.width))
  terminal.err(
    `${policies.length} policies, revision ${printable(revision)}, days of ${calendar.zone}; affidavit policies ID tells one in full\n`,
  )
}

function printOne(policy: RetentionPolicy, terminal: Terminal): void {
  const { id, title, regime, jurisdiction, part, availability, worm, at_end, note, overridden } = policy
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['says', lengthWords(policy)],
    ['source', sourceWords(policy)],
    ['regime', jurisdiction === '-' ? regime : `${regime}, ${jurisdiction}`],
    ['status', statusWords(policy.status)],
    ['for', scopeWords(policy.applies_to)],
    ['clock', part === 'record' ? 'of the whole record' : `of its ${part} alone`],
    ['at hand', availability === undefined ? undefined : availabilityWords(availability)],
    ['storage', worm === undefined ? undefined : WORM_WORDS[worm]],
    ['then', at_end === undefined ? undefined : END_WORDS[at_end]],
    ['note', note],
    ['decided', overridden === undefined ? undefined : `by ${overridden.decided_by}: ${overridden.reason}`],
  ]
  terminal.out(`${terminal.style('bold', id)}  ${printable(title)}\n\n`)
  for (const [name, text] of lines) {
    if (text !== undefined) terminal.out(`  ${name.padEnd(8)} ${printable(text)}\n`)
  }
}

function availabilityWords(availability: NonNullable<RetentionPolicy['availability']>): string {
  return availability === 'whole_period'
    ? 'for the whole period, without a restore'
    : `${periodWords(availability)}, without a restore`
}

const WORM_WORDS = {
  required: 'that cannot be rewritten',
  'one-way': 'that cannot be rewritten, or a complete audit trail',
} as const

const END_WORDS = {
  destroy: 'destroyed, once it was planned and approved',
  keep: 'kept',
} as const
