// Which ledger of a server a token is for (spec/http.md §9).

import { LedgerError } from '../errors/ledger-error.ts'
import { ACTOR_TYPES, type ActorType } from '../formats/fields.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { Address } from './address.ts'
import { type Ask, unreadable } from './ask.ts'
import { isObject, textIn } from './members.ts'

export interface ServedLedger {
  /** NAME. */
  readonly name: string
  /** NAME/INCARNATION. */
  readonly origin: string
  /** That signs its checkpoints now, by its own word. */
  readonly verifier_key: VerifierKey
  /** In whose name everything is done with this token. */
  readonly actor_id: string
  readonly actor_type: ActorType
  /** What it is for (spec/access.md §2). */
  readonly acts: ReadonlySet<string>
}

/** @throws LedgerError `not-found`, `invalid-query` (several, and none is named), `not-signed-in`, `server-unavailable` */
export async function findServedLedger(ask: Ask, { base, ledger }: Address): Promise<ServedLedger> {
  const answer = await ask.json({ path: '/v1/ledgers' })
  if (!isObject(answer) || !Array.isArray(answer.ledgers)) throw unreadable('no list of ledgers')
  const served = answer.ledgers.map(readServed)
  const found = served.filter(({ name, origin }) => ledger === undefined || ledger === name || ledger === origin)
  const [one, another] = found
  if (one === undefined) throw notServed(base, ledger)
  if (another !== undefined) throw several(base, found)
  return one
}

function readServed(value: unknown): ServedLedger {
  if (!isObject(value) || !Array.isArray(value.acts)) throw unreadable('no list of ledgers')
  const actor_type = ACTOR_TYPES.find((type) => type === value.actor_type)
  const verifier_key = parseVerifierKey(textIn(value, 'verifier_key'))
  if (actor_type === undefined || 'code' in verifier_key) throw unreadable('no list of ledgers')
  const [name, origin, actor_id] = [textIn(value, 'ledger'), textIn(value, 'origin'), textIn(value, 'actor_id')]
  return { name, origin, verifier_key, actor_id, actor_type, acts: new Set(value.acts.map(String)) }
}

function notServed(base: string, ledger: string | undefined): LedgerError {
  return new LedgerError('not-found', {
    problem: `${base} has no ledger ${ledger ?? ''} for this token`,
    cure: 'name it as the operator does; a token is for one ledger',
    path: 'ledger',
  })
}

function several(base: string, found: readonly ServedLedger[]): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${base} has several ledgers for this token: ${found.map(({ name }) => name).join(', ')}`,
    cure: `name one: ${base}/v1/ledgers/NAME`,
    path: 'ledger',
  })
}
