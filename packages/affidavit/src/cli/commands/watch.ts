import { type Command, InvalidArgumentError } from 'commander'

import { systemClock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import {
  cronSchedule,
  DEFAULT_COMPLETE_EVERY_MILLIS,
  DEFAULT_EVERY,
  parseInterval,
  type Schedule,
} from '../../watch/schedule.ts'
import type { Watch, WatchOptions } from '../../watch/watch.ts'
import type { WatchEvent } from '../../watch/watch-event.ts'
import { approversOf } from '../approvers.ts'
import { describeEvent, exitCodeOfRun, jsonOfEvent } from '../describe-watch.ts'
import {
  addReaderOptions,
  anchorOption,
  approverOption,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
  trustOf,
  vkeyOption,
} from '../options.ts'
import { jsonLine } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly every?: number
  readonly cron?: string
  readonly completeEvery?: number
  readonly webhook?: string
  readonly once?: boolean
  readonly record: boolean
  readonly vkey: readonly string[]
  readonly anchor: readonly string[]
  readonly archive?: string
  readonly approver: readonly string[]
  readonly json?: boolean
}

export function addWatch(program: Command, { terminal, env, exit }: Surroundings): void {
  const watch = program
    .command('watch')
    .description(
      'Verify a ledger on a schedule: what is new each time, everything once a day. Records each run, and raises what it finds.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--every <time>', 'how often: 90s, 15m, 24h, 7d (default: 15m)', interval)
    .option('--cron <pattern>', 'when instead: five fields, in UTC')
    .option(
      '--complete-every <time>',
      'how often everything is read, and what stands is raised again (default: 24h)',
      interval,
    )
    .option(
      '--webhook <url>',
      'where alerts are sent, signed with AFFIDAVIT_WEBHOOK_SECRET (default: AFFIDAVIT_WEBHOOK)',
    )
    .option('--once', 'verify now, and end with the exit code that says what is found')
    .addOption(vkeyOption())
    .addOption(anchorOption())
    .option(
      '--archive <place>',
      'its archive, for archived records and their checkpoints (default: that of the settings)',
    )
    .addOption(approverOption())
    .option('--no-record', 'do not record it in the ledger: for a copy, and for whoever must not write')
  addReaderOptions(watch, 'verifies')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const tell = (event: WatchEvent): void => {
        if (options.json === true) terminal.out(jsonLine(jsonOfEvent(event)))
        else if (event.kind === 'run') terminal.out(describeEvent(event))
        else terminal.err(describeEvent(event))
      }
      const { createWatch } = await import('../../watch/watch.ts')
      const watching = createWatch(watchOptions(options, env, tell))
      if (options.once === true) exit(exitCodeOfRun(await watching.runOnce()))
      else await untilStopped(watching)
    })
}

function watchOptions(options: Options, env: Surroundings['env'], tell: WatchOptions['tell']): WatchOptions {
  const place = placeIn(options)
  const { vkey, anchor, archive, approver, record, completeEvery = DEFAULT_COMPLETE_EVERY_MILLIS } = options
  const url = options.webhook ?? (env.AFFIDAVIT_WEBHOOK || undefined)
  return {
    place,
    schedule: scheduleOf(options),
    completeEveryMillis: completeEvery,
    reader: readerOf(options, env),
    recording: record ? 'recorded' : 'left out',
    against: {
      trust: trustOf(vkey),
      anchors: anchor,
      ...(approver.length === 0 ? {} : { approvers: approversOf(approver) }),
      ...(archive === undefined ? {} : { archive }),
    },
    ...(url === undefined ? {} : { webhook: { url, secret: webhookSecret(env) } }),
    tell,
  }
}

function scheduleOf({ every, cron }: Options): Schedule {
  if (cron === undefined) return every === undefined ? DEFAULT_EVERY : { kind: 'every', millis: every }
  if (every === undefined) return cronSchedule(cron, systemClock.now())
  throw new LedgerError('invalid-query', {
    problem: '--every and --cron both say when it runs',
    cure: 'give one of them',
    path: '--every',
  })
}

export function webhookSecret({ AFFIDAVIT_WEBHOOK_SECRET: secret }: Surroundings['env']): string {
  if (secret !== undefined && secret !== '') return secret
  throw new LedgerError('invalid-query', {
    problem: '--webhook needs a secret that alerts are signed with, and AFFIDAVIT_WEBHOOK_SECRET is not set',
    cure: 'make one: echo "whsec_$(openssl rand -base64 32)"; give the same to whoever receives the alerts',
    path: 'AFFIDAVIT_WEBHOOK_SECRET',
  })
}

export function interval(text: string): number {
  const millis = parseInterval(text)
  if (millis !== undefined) return millis
  throw new InvalidArgumentError('it must be a time, such as 90s, 15m, 24h or 7d')
}

// The run that is under way is finished; a second signal ends the process, and what it would have said is found next time.
async function untilStopped(watching: Watch): Promise<void> {
  const stopping = Promise.withResolvers<void>()
  const stop = (): void => stopping.resolve()
  for (const signal of SIGNALS) process.once(signal, stop)
  try {
    await watching.start()
    await Promise.race([stopping.promise, watching.ended()])
    await watching.stop()
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
