// Tokens of an OpenID Connect issuer: whom one names, and until when (spec/sign-in.md §2).

import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'

import { nameInClaim, type OidcSettings } from '../access/oidc.ts'
import type { Clock, UnixMillis } from '../clock/clock.ts'
import { createIssuerKeys } from './issuer-keys.ts'

/** Asymmetric alone: a key that everybody knows proves nothing. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']
/** How far the issuer's clock and this one may be apart. */
const TOLERANCE_SECONDS = 60
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/

export interface TokenHolder {
  readonly name: string
  readonly expires: UnixMillis
}

/**
 * Whom a token names; `undefined` for whatever is no token of this issuer, for this audience, at this time.
 * @throws (what is returned) LedgerError `key-unavailable` where the issuer cannot be asked for its keys
 */
export function createTokenCheck(
  { issuer, audience, actor_claim }: OidcSettings,
  clock: Clock,
): (token: string) => Promise<TokenHolder | undefined> {
  const findKey = createIssuerKeys(issuer, clock)

  async function claimsOf(token: string): Promise<JWTPayload | undefined> {
    // What another issuer signed asks nobody for keys.
    if (!COMPACT.test(token) || decodeJwt(token).iss !== issuer) return undefined
    const { payload } = await jwtVerify(token, findKey, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', actor_claim],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(clock.now()),
    })
    return payload
  }

  return async (token) => {
    const claims = await claimsOf(token).catch(refused)
    if (claims?.exp === undefined || !isOwnAddress(claims, actor_claim)) return undefined
    const name = nameInClaim(claims[actor_claim])
    return name === undefined ? undefined : { name, expires: (claims.exp + TOLERANCE_SECONDS) * 1_000 }
  }
}

// A key of the issuer that is too weak is a TypeError of jose: what cannot be checked is refused.
function refused(error: unknown): undefined {
  if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error
}

// Many issuers let people write an address into their profile that is somebody else's.
function isOwnAddress(claims: JWTPayload, actor_claim: string): boolean {
  return actor_claim !== 'email' || claims.email_verified === true
}
