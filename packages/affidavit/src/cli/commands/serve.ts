import { type Command, InvalidArgumentError, Option } from 'commander'

import { type Place, placeOf } from '../../embedded/place.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { parseRegistry } from '../../registry/parse.ts'
import type { Registry } from '../../registry/registry.ts'
import type { ListenAt } from '../../server/listen.ts'
import type { Watching } from '../../server/open-ledgers.ts'
import type { Serving } from '../../server/serve.ts'
import { DEFAULT_COMPLETE_EVERY_MILLIS } from '../../watch/schedule.ts'
import { jsonOfEvent } from '../describe-watch.ts'
import {
  addReaderOptions,
  anchorOption,
  jsonOption,
  keysOption,
  type ReaderOptions,
  readActions,
  readerOf,
  registryOption,
  trustOf,
  vkeyOption,
  wholeNumber,
} from '../options.ts'
import { jsonLine, type Terminal } from '../output.ts'
import { readDocumentFile } from '../read-document.ts'
import { readTls, type Tls } from '../read-tls.ts'
import type { Surroundings } from '../surroundings.ts'
import { interval, webhookSecret } from './watch.ts'

interface Options extends ReaderOptions {
  readonly ledger: readonly string[]
  readonly keys?: string
  readonly listen: ListenAt
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly actions?: string
  readonly registry?: string
  readonly drain: number
  readonly bodyLimit?: number
  readonly requestsPerMinute?: number
  readonly verifyEvery?: number
  readonly completeEvery?: number
  readonly webhook?: string
  readonly vkey: readonly string[]
  readonly anchor: readonly string[]
  readonly json?: boolean
}

const DEFAULT_PLACE: ListenAt = { host: '127.0.0.1', port: 8645 }

export function addServe(program: Command, { terminal, env }: Surroundings): void {
  const serve = program
    .command('serve')
    .description(
      'Answer for ledgers over HTTP: agents write, people read by role. Every read is on record before it is answered.',
    )
    .option(
      '--ledger <place>',
      'folder of a ledger, or URL of its database with --keys; may stand several times',
      collect,
      [],
    )
    .addOption(keysOption())
  addReaderOptions(serve, 'verifies')
    .addOption(
      new Option('--listen <host:port>', 'where to answer; port 0 is one that is free')
        .argParser(hostAndPort)
        .default(DEFAULT_PLACE, '127.0.0.1:8645'),
    )
    .option('--tls-cert <file>', 'answer HTTPS: the certificate, with its chain (PEM)')
    .option('--tls-key <file>', 'the key of the certificate (PEM)')
    .option('--actions <file>', 'your own actions: {"clinic.referral_sent": {"description": "…"}}')
    .addOption(registryOption())
    .option('--drain <seconds>', 'how long at the end whoever still talks is waited for', wholeNumber(0), 30)
    .option('--body-limit <bytes>', 'bytes of a request, packed and unpacked (default: 64 MiB)', wholeNumber(1024))
    .option(
      '--verify-every <time>',
      'verify each ledger on a schedule: 90s, 15m, 24h; as affidavit watch does',
      interval,
    )
    .option('--complete-every <time>', 'with --verify-every: how often everything is read (default: 24h)', interval)
    .option('--webhook <url>', 'with --verify-every: where alerts are sent (default: AFFIDAVIT_WEBHOOK)')
    .addOption(vkeyOption())
    .addOption(anchorOption())
    .option('--requests-per-minute <n>', 'of one credential (default: 600000)', wholeNumber(1))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEach request leaves one line of JSON on standard error, without its content. SIGTERM and Ctrl-C drain: what was taken is committed.\nWith --json: {"url", "ledgers": [NAME], "first_keys": [{"ledger", "key"}]} once it answers.',
    )
    .action(async (options: Options) => {
      const { serve } = await import('../../server/serve.ts')
      const serving = await serve({
        places: placesOf(options, env.AFFIDAVIT_LEDGER),
        at: options.listen,
        actions: readActions(options.actions),
        ...registryIn(options.registry),
        ...tlsIn(options),
        ...watchingIn(options, env, terminal),
        ...limitsIn(options),
        log: (line) => terminal.err(`${line}\n`),
      })
      tell(serving, options.json === true, terminal)
      await untilEnded(serving, options.drain, terminal)
    })
}

function placesOf({ ledger, keys }: Options, named: string | undefined): readonly Place[] {
  const places = ledger.length > 0 || named === undefined ? ledger : [named]
  if (places.length === 0) throw usage('--ledger', 'no ledger is named', 'name one: --ledger DIR')
  if (keys !== undefined && places.length > 1) {
    throw usage('--keys', '--keys is the home of one ledger, and several are named', 'name each by its home folder')
  }
  return places.map((place) => placeOf(place, keys))
}

function registryIn(file: string | undefined): {
  registry?: Registry
  registryText?: { format: 'yaml' | 'json'; text: string }
} {
  if (file === undefined) return {}
  const { text, format } = readDocumentFile('--registry', file)
  return { registry: parseRegistry(text, format, file), registryText: { format, text } }
}

function limitsIn({ bodyLimit, requestsPerMinute }: Options): { bodyLimit?: number; requestsPerMinute?: number } {
  return {
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
  }
}

function tlsIn({ tlsCert, tlsKey }: Options): { tls?: Tls } {
  if (tlsCert === undefined && tlsKey === undefined) return {}
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usage('--tls-cert', 'a certificate and its key belong together', 'name both: --tls-cert FILE --tls-key FILE')
  }
  return { tls: readTls(tlsCert, tlsKey) }
}

function watchingIn(
  { verifyEvery, completeEvery = DEFAULT_COMPLETE_EVERY_MILLIS, ...options }: Options,
  env: Surroundings['env'],
  terminal: Terminal,
): { watching?: Watching } {
  const url = options.webhook ?? (env.AFFIDAVIT_WEBHOOK || undefined)
  if (verifyEvery === undefined) {
    if (options.webhook === undefined && options.vkey.length + options.anchor.length === 0) return {}
    throw usage(
      '--verify-every',
      '--webhook, --vkey and --anchor are for verifications, and none is asked for',
      'add --verify-every 15m, or leave them out',
    )
  }
  const watching: Watching = {
    schedule: { kind: 'every', millis: verifyEvery },
    completeEveryMillis: completeEvery,
    reader: readerOf(options, env),
    against: { trust: trustOf(options.vkey), anchors: options.anchor },
    ...(url === undefined ? {} : { webhook: { url, secret: webhookSecret(env) } }),
    tell: (ledger, event) => terminal.err(jsonLine({ ledger, ...jsonOfEvent(event) })),
  }
  return { watching }
}

function tell({ listening: { url }, ledgers, firstKeys }: Serving, json: boolean, terminal: Terminal): void {
  if (json) {
    terminal.out(jsonLine({ url, ledgers, first_keys: firstKeys }))
    return
  }
  terminal.out(`Answering at ${url} for ${ledgers.join(', ')}\n`)
  for (const { ledger, key } of firstKeys) {
    terminal.out(
      `\nNobody can sign in to ${ledger} yet. Until somebody can, this key of an admin opens it, from this machine alone:\n\n  ${key}\n\nMake others beside the ledger: affidavit keys create --ledger PLACE --role ROLE\n`,
    )
  }
}

async function untilEnded({ listening }: Serving, seconds: number, terminal: Terminal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      process.off('SIGTERM', end)
      process.off('SIGINT', end)
      resolve()
    }
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
  })
  const cut = await listening.drain(seconds * 1000)
  terminal.err(
    cut === 0 ? 'Drained: everything that was taken is committed.\n' : `Drained; ${cut} connections were cut off.\n`,
  )
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}

/** `HOST:PORT`, `[::1]:PORT`, or a port on loopback. */
function hostAndPort(text: string): ListenAt {
  const found = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535) throw new InvalidArgumentError('it is HOST:PORT, such as 127.0.0.1:8645')
  return { host: found[1] ?? found[2] ?? DEFAULT_PLACE.host, port }
}

function usage(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure, path })
}
