import type { Command } from 'commander'

import { type DueFound, retentionDue } from '../../retention/due.ts'
import type { RetentionPolicy } from '../../retention/policy.ts'
import { lengthWords, sourceWords } from '../describe-retention.ts'
import { inOptions } from '../in-options.ts'
import { jsonOption } from '../options.ts'
import { jsonLine, type Terminal } from '../output.ts'
import { addSetOptions, policyIn, readSet, type SetOptions } from '../read-retention.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends SetOptions {
  readonly policy: string
  readonly anchor: string
  readonly zone?: string
  readonly json?: boolean
}

export function addRetentionDue(retention: Command, { terminal }: Surroundings): void {
  addSetOptions(
    retention
      .command('due')
      .description('Until when a policy keeps what is counted from a day. Needs no ledger.')
      .requiredOption('--policy <id>', 'the policy, such as hipaa')
      .requiredOption('--anchor <day>', 'the day that is counted from: YYYY-MM-DD; of several anchors, the latest')
      .option(
        '--zone <zone>',
        'the time zone whose days are counted, such as America/New_York (default: that of the set)',
      ),
  )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { policy: id, anchor, zone, json } = options
      const set = readSet(options)
      const policy = policyIn(set, id, '--policy')
      const shown = await inOptions({ anchor: '--anchor', zone: '--zone' }, () =>
        retentionDue(set, { policy: id, anchor, ...(zone === undefined ? {} : { zone }) }),
      )
      if (json === true) terminal.out(jsonLine(shown))
      else print(policy, zone ?? set.calendar.zone, shown, terminal)
    })
}

function print(policy: RetentionPolicy, zone: string, { min_until, max_until }: DueFound, terminal: Terminal): void {
  terminal.out(`${policy.id}: ${lengthWords(policy)}\n  ${sourceWords(policy)}\n`)
  terminal.out(`  kept until      ${min_until ?? 'the policy gives no minimum'}\n`)
  terminal.out(`  destroyed by    ${max_until ?? 'the policy gives no maximum'}\n`)
  terminal.err(`days of ${zone}; each ends with the instant named\n`)
}
