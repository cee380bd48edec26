// The keys of an OpenID Connect issuer, from its discovery document: fetched when they are needed, and kept for a while
// (spec/sign-in.md §2).

import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'

import { mayGiveKeys } from '../access/oidc.ts'
import { type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { Clock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'

/** Keys are fetched again once they are so old: one that the issuer withdrew opens nothing any more. */
const MAX_AGE_MILLIS = 600_000
/** A token under a key that is not known asks for them anew, but not more often: anybody can write such a token. */
const COOLDOWN_MILLIS = 30_000
/** An issuer that did not answer is not asked again for so long. */
const PAUSE_MILLIS = 5_000
const PATIENCE_MILLIS = 5_000
const MAX_BYTES = 512 * 1024

interface Known {
  readonly find: JWTVerifyGetKey
  readonly since: number
}

/**
 * Finds the key of a token.
 * @throws (what is returned) LedgerError `key-unavailable` where the issuer cannot be asked; JOSEError where it has no such key
 */
export function createIssuerKeys(issuer: string, clock: Clock): JWTVerifyGetKey {
  let known: Known | undefined
  let failed: { readonly error: unknown; readonly at: number } | undefined
  let fetching: Promise<Known> | undefined

  async function refresh(): Promise<Known> {
    if (failed !== undefined && clock.elapsed() - failed.at < PAUSE_MILLIS) throw failed.error
    try {
      known = { find: createLocalJWKSet(await keysOf(issuer)), since: clock.elapsed() }
      failed = undefined
      return known
    } catch (cause) {
      const error = cause instanceof LedgerError ? cause : unavailable(issuer, 'its keys are no key set', cause)
      failed = { error, at: clock.elapsed() }
      throw error
    }
  }

  /** Those that wait at once wait for one answer. */
  function fetched(): Promise<Known> {
    fetching ??= refresh().finally(() => {
      fetching = undefined
    })
    return fetching
  }

  return async (header, token) => {
    const keys = known !== undefined && clock.elapsed() - known.since < MAX_AGE_MILLIS ? known : await fetched()
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || clock.elapsed() - keys.since < COOLDOWN_MILLIS) throw error
      return (await fetched()).find(header, token)
    }
  }
}

async function keysOf(issuer: string): Promise<Parameters<typeof createLocalJWKSet>[0]> {
  const discovery = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const found = await fetchObject(issuer, discovery)
  if (found.issuer !== issuer) throw unavailable(issuer, `${discovery} is of another issuer`)
  const uri = typeof found.jwks_uri === 'string' && URL.canParse(found.jwks_uri) ? new URL(found.jwks_uri) : undefined
  if (uri === undefined || !mayGiveKeys(uri)) throw unavailable(issuer, `${discovery} names no jwks_uri under https`)
  const { keys } = await fetchObject(issuer, uri.href)
  if (!Array.isArray(keys)) throw unavailable(issuer, `${uri.href} is no key set`)
  return { keys: keys.filter(isObject) }
}

async function fetchObject(issuer: string, url: string): Promise<{ readonly [name: string]: JsonValue }> {
  const value = parsed(await fetchBytes(issuer, url))
  if (value === undefined || !isObject(value)) throw unavailable(issuer, `${url} answers no JSON object`)
  return value
}

async function fetchBytes(issuer: string, url: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    // Where it is sent on, somebody else answers.
    const options = { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MILLIS) } as const
    const answer = await fetch(url, { ...options, headers: { accept: 'application/json' } })
    if (answer.status !== 200) throw unavailable(issuer, `${url} answers ${answer.status}`)
    for await (const part of answer.body ?? []) {
      size += part.length
      if (size > MAX_BYTES) throw unavailable(issuer, `${url} answers more than ${MAX_BYTES} bytes`)
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof LedgerError ? error : unavailable(issuer, `${url} does not answer`, error)
  }
  return Buffer.concat(parts)
}

function parsed(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(decodeUtf8(bytes) ?? '', PLAIN_JSON)
  } catch (error) {
    if (error instanceof Error && error.name === 'JsonFault') return undefined
    throw error
  }
}

function isObject(value: JsonValue): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unavailable(issuer: string, what: string, cause?: unknown): LedgerError {
  return new LedgerError('key-unavailable', {
    problem: `the keys of the issuer ${issuer} cannot be had: ${what}`,
    cure: 'see that the issuer answers from this machine; until then nobody can tell whether a token of it holds',
    cause,
  })
}
