// Who signs in with tokens of an OpenID Connect issuer, as an access policy says it (spec/sign-in.md §2). Pure.

import { idProblem } from '../bytes/label.ts'
import { Flaw } from '../documents/fault.ts'
import { flagOf, isAbsent, labelOf, membersOf, type Place, textOf } from '../documents/place.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'

export interface OidcSettings {
  /** The `iss` of its tokens, to the letter. */
  readonly issuer: string
  /** What tokens for this ledger name in `aud`. */
  readonly audience: string
  /** The claim that has the name by which the policy knows somebody. */
  readonly actor_claim: string
  /** Whether whoever is not named has the roles of everybody else. */
  readonly everybody_else: boolean
}

export function readOidc(place: Place): OidcSettings {
  const member = membersOf(place, ['issuer', 'audience', 'actor_claim', 'everybody_else'])
  const claim = member('actor_claim')
  const others = member('everybody_else')
  return {
    issuer: issuerIn(member('issuer')),
    audience: labelOf(member('audience')),
    actor_claim: isAbsent(claim) ? 'sub' : labelOf(claim),
    everybody_else: isAbsent(others) ? false : flagOf(others),
  }
}

function issuerIn(place: Place): string {
  const issuer = textOf(place)
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  const isPlain = url !== undefined && url.username === '' && url.password === '' && !/[?#]/.test(issuer)
  if (isPlain && mayGiveKeys(url)) return issuer
  throw new Flaw(
    place.path,
    'is no issuer: an https URL without user, query and fragment; http on this machine alone',
    'write the issuer as its discovery document has it',
  )
}

/** Whether keys from there are those of whom the URL names: nobody in between can change them. */
export function mayGiveKeys({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** The name that a claim gives, where somebody can have it: no API key is called so, and nobody who is nobody. */
export function nameInClaim(claim: unknown): string | undefined {
  if (typeof claim !== 'string' || idProblem(claim, MAX_LABEL_BYTES) !== undefined) return undefined
  return isTakenName(claim) ? undefined : claim
}

/** Names that the ledger itself gives. */
export function isTakenName(name: string): boolean {
  return name === 'affidavit' || name === 'unknown' || name.startsWith('key:')
}
