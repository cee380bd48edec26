// A ledger that a server answers for: open, with what says who may ask it what.

import type { AccessPolicy } from '../access/policy.ts'
import type { Principal } from '../access/principal.ts'
import type { UnknownDenials } from '../embedded/denied.ts'
import type { Place } from '../embedded/place.ts'
import type { SignIn } from '../embedded/sign-in.ts'
import type { FewAtOnce } from '../ledger/few-at-once.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reader } from '../ledger/reader.ts'
import type { Reading } from '../ledger/reading.ts'
import type { Receiver } from '../otlp/receive.ts'
import type { Watch } from '../watch/watch.ts'

export interface Served {
  /** The NAME of its origin. */
  readonly name: string
  readonly place: Place
  readonly ledger: Ledger
  readonly signIn: SignIn
  /** What telemetry becomes records by. */
  readonly telemetry: Receiver
  /** Credentials that are none. */
  readonly unknown: UnknownDenials
  /** Verifies it on a schedule. */
  readonly watch?: Watch
  /** The access policy of its home. */
  readonly access: AccessPolicy | undefined
  /** What tools touch, as its author wrote it: for clients. */
  readonly registryText?: { readonly format: 'yaml' | 'json'; readonly text: string }
  /** Drafts of requests that are on their way into it: as many as its queue takes. */
  readonly drafts: FewAtOnce
}

/** Whom everything that is done stands on record with. */
export function readerOf({ actor_id, actor_type }: Principal, purpose?: string): Reader {
  return { actor_id, actor_type, ...(purpose === undefined ? {} : { purpose }) }
}

interface Asking {
  readonly principal: Principal
  readonly policy: AccessPolicy
  readonly reader: Reader
}

export function readingOf({ ledger }: Served, { principal: { scope }, policy, reader }: Asking): Reading {
  return ledger.as(reader, { policy, ...(scope === undefined ? {} : { scope }) })
}

/** Puts on record what waits or is only counted, commits what was taken, publishes, and lets go. */
export async function closeServed({ ledger, unknown, telemetry, watch }: Served): Promise<void> {
  await watch?.stop()
  const counted = await Promise.allSettled([telemetry.close(), unknown.close()])
  await ledger.close()
  for (const one of counted) if (one.status === 'rejected') throw one.reason
}
