import type { Command } from 'commander'

import { formatTimestamp, type UnixMillis } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { type Calendar, calendarOf, isCalendarDay, timeZoneNamed } from '../../retention/calendar.ts'
import { dueFrom } from '../../retention/due.ts'
import type { RetentionPolicy } from '../../retention/policy.ts'
import { lengthWords, sourceWords } from '../describe-retention.ts'
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

interface Shown {
  readonly min_until: string | null
  readonly max_until: string | null
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
    .action((options: Options) => {
      const set = readSet(options)
      const policy = policyIn(set, options.policy, '--policy')
      const calendar = options.zone === undefined ? set.calendar : readZone(options.zone)
      const due = dueFrom(policy, readDay(options.anchor), calendar)
      const shown = { min_until: shownAs(due.min_until), max_until: shownAs(due.max_until) }
      if (options.json === true) terminal.out(jsonLine(shown))
      else print(policy, calendar, shown, terminal)
    })
}

function readDay(text: string): string {
  if (isCalendarDay(text)) return text
  throw new LedgerError('invalid-query', {
    problem: `--anchor: ${JSON.stringify(text)} is no day of the calendar`,
    cure: 'write a day that there is: YYYY-MM-DD, such as 2026-11-22',
    path: '--anchor',
  })
}

function readZone(name: string): Calendar {
  const zone = timeZoneNamed(name)
  if (zone !== undefined) return calendarOf(zone)
  throw new LedgerError('invalid-query', {
    problem: `--zone: ${JSON.stringify(name)} is no time zone`,
    cure: 'write a name of the IANA time zone database, such as America/New_York or UTC',
    path: '--zone',
  })
}

// RFC 3339 has four digits for the year.
function shownAs(until: UnixMillis | undefined): string | null {
  if (until === undefined) return null
  if (until < YEAR_10000) return formatTimestamp(until)
  throw new LedgerError('invalid-query', {
    problem: '--anchor: the period ends behind the year 9999',
    cure: 'name an earlier day',
    path: '--anchor',
  })
}

const YEAR_10000 = Date.UTC(10_000, 0)

function print(policy: RetentionPolicy, { zone }: Calendar, { min_until, max_until }: Shown, terminal: Terminal): void {
  terminal.out(`${policy.id}: ${lengthWords(policy)}\n  ${sourceWords(policy)}\n`)
  terminal.out(`  kept until      ${min_until ?? 'the policy gives no minimum'}\n`)
  terminal.out(`  destroyed by    ${max_until ?? 'the policy gives no maximum'}\n`)
  terminal.err(`days of ${zone}; each ends with the instant named\n`)
}
