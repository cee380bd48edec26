// What doctor finds of a ledger on a server: whether it answers, in whose name, can commit, and keeps to one history.

import { parseAddress } from '../../client/address.ts'
import { openRemote } from '../../client/open.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { type Finding, fail, ok, warn } from '../finding.ts'
import type { Surroundings } from '../surroundings.ts'
import { tokenIn } from './open.ts'

/** Between its clock and ours. */
const MAX_SKEW_MILLIS = 5_000
const PATIENCE_MILLIS = 10_000

export async function examineOnServer(url: string, env: Surroundings['env']): Promise<readonly Finding[]> {
  return [...(await examineServer(parseAddress(url).base)), ...(await examineLedger(url, env))]
}

async function examineServer(base: string): Promise<readonly Finding[]> {
  try {
    const asked = Date.now()
    const answer = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MILLIS) })
    const body: unknown = await answer.json()
    return [readiness(answer.status, body), clock(answer.headers.get('date'), asked)]
  } catch (cause) {
    const said = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : ''
    return [fail('server', `does not answer: ${said.trim()}`, cureOf(said))]
  }
}

function cureOf(said: string): string {
  if (/wrong version number/.test(said)) return 'it speaks no TLS: http:// on this machine, or serve --tls-cert FILE'
  if (!/certificate/.test(said)) return 'see that it runs, and that it can be reached from here'
  return 'where nobody known signed its certificate, trust it: NODE_EXTRA_CA_CERTS=FILE, the certificate or that of its authority'
}

function readiness(status: number, body: unknown): Finding {
  if (status === 200) return ok('server', 'answers, and can commit')
  const problems: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'problems') : undefined
  const why = Array.isArray(problems) ? problems.join(', ') : `status ${status}`
  return fail('server', `cannot commit: ${why}`, 'look where it runs: affidavit doctor --ledger DIR there')
}

function clock(date: string | null, asked: number): Finding {
  const off = Math.abs(Date.parse(date ?? '') - asked)
  if (!Number.isFinite(off)) return warn('clock', 'the server says no time', 'see what stands between here and there')
  if (off <= MAX_SKEW_MILLIS) return ok('clock', 'that of the server is ours, to seconds')
  return warn('clock', `that of the server is ${Math.round(off / 1000)} s off ours`, 'set both by a time server')
}

async function examineLedger(url: string, env: Surroundings['env']): Promise<readonly Finding[]> {
  try {
    await using ledger = await openRemote(url, { token: tokenIn(env) })
    const { size, published } = await ledger.health()
    return [
      ok('sign-in', `${ledger.signedIn.actor_id} (${ledger.signedIn.actor_type}), to ${ledger.origin}`),
      ok('history', `continues what was seen; ${published} of ${size} records are under a checkpoint`),
    ]
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    return [fail('ledger', error.problem, error.cure)]
  }
}
