// An OpenID Connect issuer on this machine: it signs tokens, and answers for its keys.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

export async function issuerKey(kid: string, alg: string = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export interface Issuer extends AsyncDisposable {
  readonly url: string
  /** Those that its key set has now. */
  keys: readonly IssuerKey[]
  /** What it answers instead, by path. */
  readonly instead: Map<string, { readonly status: number; readonly body: string; readonly location?: string }>
  /** Requests until now. */
  asked(): number
  /** A token of its first key, unless another is named. */
  sign(claims: JWTPayload, key?: IssuerKey, header?: object): Promise<string>
  /** It does not answer any more; by the same address it never will. */
  stop(): Promise<void>
}

export const DISCOVERY = '/.well-known/openid-configuration'
export const KEY_SET = '/keys'

export async function startIssuer(first: IssuerKey): Promise<Issuer> {
  let asked = 0
  const instead: Issuer['instead'] = new Map()
  const server = createServer((request, response) => {
    asked++
    const other = instead.get(request.url ?? '')
    const documents: Record<string, object> = {
      [DISCOVERY]: { issuer: issuer.url, jwks_uri: `${issuer.url}${KEY_SET}` },
      [KEY_SET]: { keys: issuer.keys.map(({ publicJwk }) => publicJwk) },
    }
    const found = documents[request.url ?? '']
    const headers = other?.location === undefined ? {} : { location: other.location }
    response.writeHead(other?.status ?? (found === undefined ? 404 : 200), headers)
    response.end(other?.body ?? JSON.stringify(found ?? {}))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: [first],
    instead,
    asked: () => asked,
    sign: (claims, key = issuer.keys[0] ?? first, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
        .sign(key.privateKey, { crit: { x: true } }),
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return issuer
}
