// The ledgers that a server answers for, opened each from its home.

import { systemClock } from '../clock/clock.ts'
import { readAccess } from '../embedded/access.ts'
import { createUnknownDenials } from '../embedded/denied.ts'
import { type OpenOptions, openFolder } from '../embedded/open.ts'
import { nameOf } from '../embedded/origin.ts'
import type { Place } from '../embedded/place.ts'
import { createSignIn } from '../embedded/sign-in.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fewAtOnce } from '../ledger/few-at-once.ts'
import { createReceiver } from '../otlp/receive.ts'
import { createWatch, type WatchOptions } from '../watch/watch.ts'
import type { WatchEvent } from '../watch/watch-event.ts'
import { closeServed, type Served } from './served.ts'

export interface Watching extends Omit<WatchOptions, 'place' | 'ledger' | 'tell' | 'recording'> {
  readonly tell: (name: string, event: WatchEvent) => void
}

export interface ServeOptions extends Pick<OpenOptions, 'actions' | 'registry' | 'clock'> {
  readonly registryText?: NonNullable<Served['registryText']>
  /** How each is verified; by nobody where left out. */
  readonly watching?: Watching
  /** What was taken could not be recorded in the background: it waits on. */
  readonly onFault: (error: LedgerError) => void
}

/** Drafts that a ledger's queue takes, and of these those of requests: what the ledger records itself finds room, too. */
const QUEUE = 20_000
const OF_REQUESTS = 18_000

/** @throws LedgerError `invalid-query` (two of one name), and as openFolder does; what was opened by then is closed */
export async function openLedgers(
  places: readonly Place[],
  { registryText, ...options }: ServeOptions,
): Promise<ReadonlyMap<string, Served>> {
  const ledgers = new Map<string, Served>()
  try {
    for (const place of places) {
      const served = await openServed(place, options)
      if (ledgers.has(served.name)) {
        await closeServed(served)
        throw sameName(served.name)
      }
      ledgers.set(served.name, registryText === undefined ? served : { ...served, registryText })
    }
    return ledgers
  } catch (error) {
    await Promise.all([...ledgers.values()].map(closeServed))
    throw error
  }
}

async function openServed(
  place: Place,
  { watching, onFault, ...options }: Omit<ServeOptions, 'registryText'>,
): Promise<Served> {
  const { home } = place
  const access = readAccess(home)
  const ledger = await openFolder(place, {
    ...options,
    queueCapacity: QUEUE,
    ...(access === undefined ? {} : { access }),
  })
  const { clock } = options
  const signIn = createSignIn({ ledger: ledger.origin, home, ...(clock === undefined ? {} : { clock }) })
  const unknown = createUnknownDenials(ledger, clock === undefined ? {} : { clock })
  const telemetry = createReceiver({ ledger, clock: clock ?? systemClock, onFault })
  const drafts = fewAtOnce(OF_REQUESTS)
  const name = nameOf(ledger.origin)
  const served = { name, place, ledger, signIn, unknown, telemetry, access, drafts }
  if (watching === undefined) return served
  const tell = (event: WatchEvent): void => watching.tell(name, event)
  return { ...served, watch: createWatch({ ...watching, place, ledger, recording: 'recorded', tell }) }
}

function sameName(name: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `two ledgers are called ${name}, and requests name a ledger by that`,
    cure: 'serve one of them, or each by a server of its own',
    path: '--ledger',
  })
}
