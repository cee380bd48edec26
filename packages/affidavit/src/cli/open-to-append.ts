// A ledger to write to, wherever --ledger says that it is.

import type { RemoteLedger } from '../client/remote-ledger.ts'
import { openFolder } from '../embedded/open.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { openOnServer } from './on-server/open.ts'
import { type LedgerOptions, placeIn, readActions } from './options.ts'
import { readRegistry } from './read-registry.ts'
import type { Surroundings } from './surroundings.ts'

interface Options extends LedgerOptions {
  readonly actions?: string
  readonly registry?: string
}

type Opened = RemoteLedger | Awaited<ReturnType<typeof openFolder>>

/** @throws LedgerError `invalid-query` for what a server alone decides; as openFolder and openOnServer do */
export async function openToAppend(options: Options, env: Surroundings['env']): Promise<Opened> {
  const registry = options.registry === undefined ? {} : { registry: readRegistry('--registry', options.registry) }
  const remote = await openOnServer(options, env)
  if (remote === undefined) return openFolder(placeIn(options), { actions: readActions(options.actions), ...registry })
  for (const name of ['actions', 'registry'] as const) {
    if (options[name] === undefined) continue
    await remote.close()
    throw new LedgerError('invalid-query', {
      problem: `--${name} says nothing of a ledger on a server: it has its own`,
      cure: `leave it out; affidavit serve --${name} FILE is where it is named`,
      path: `--${name}`,
    })
  }
  return remote
}
