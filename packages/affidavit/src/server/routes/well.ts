// Whether the server lives, can commit, and how it does (spec/http.md §8); and what it answers.

import { setTimeout as delay } from 'node:timers/promises'

import Type from 'typebox'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { AppParts } from '../app-parts.ts'
import type { Metrics } from '../metrics.ts'
import type { Served } from '../served.ts'
import { about, answerSchema, type Routes, textAnswer } from './route.ts'

const READY_MILLIS = 5_000

const HEALTHZ = about(
  { operation: 'getHealthz', needs: 'nobody', summary: 'The process lives' },
  { response: { 200: Type.Object({ status: Type.Literal('ok') }) } },
)
const READYZ = about(
  { operation: 'getReadyz', needs: 'nobody', summary: 'Every ledger can commit now' },
  {
    response: {
      200: Type.Object({ status: Type.Literal('ready') }),
      503: Type.Object({ status: Type.Literal('not ready'), problems: Type.Array(Type.String()) }),
    },
  },
)
const OPENAPI = about(
  { operation: 'getOpenapi', needs: 'nobody', summary: 'This description' },
  { response: { 200: answerSchema } },
)
const METRICS = about(
  { operation: 'getMetrics', needs: 'loopback or administer', summary: 'Prometheus text' },
  { response: { 200: textAnswer('Prometheus text') } },
)

export function addWell(app: Routes, { ledgers, state, readyMillis = READY_MILLIS }: AppParts, metrics: Metrics): void {
  app.get('/healthz', HEALTHZ, async () => ({ status: 'ok' }))

  const proving = new Map<string, Promise<void>>()
  // Whoever asks while one waits waits for the same: of a database that hangs, asking takes nothing more.
  const prove = ({ name, ledger }: Served): Promise<void> => {
    const asked = proving.get(name) ?? ledger.canCommit().finally(() => proving.delete(name))
    proving.set(name, asked)
    return asked
  }

  app.get('/readyz', READYZ, async (_request, reply) => {
    const tried = await Promise.all([...ledgers.values()].map((served) => problemOf(prove(served), readyMillis)))
    const problems = [...(state.draining ? ['draining'] : []), ...tried.filter((one) => one !== undefined)]
    if (problems.length === 0) return { status: 'ready' }
    return reply.code(503).header('Retry-After', '1').send({ status: 'not ready', problems })
  })

  // The same bytes for everybody, packed for nobody: whoever asks needs no credential.
  let description: Buffer | undefined
  app.get('/openapi.json', { ...OPENAPI, compress: false }, async (_request, reply) => {
    description ??= Buffer.from(JSON.stringify(app.swagger()))
    return reply.type('application/json; charset=utf-8').send(description)
  })

  app.get('/metrics', METRICS, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}

/** A code of the library, which names nobody: whoever comes by may ask this. */
async function problemOf(committed: Promise<void>, patienceMillis: number): Promise<string | undefined> {
  const given = new AbortController()
  try {
    const late = delay(patienceMillis, 'not-committed', { signal: given.signal, ref: false })
    return await Promise.race([committed.then(() => undefined), late])
  } catch (error) {
    if (error instanceof LedgerError) return error.code
    throw error
  } finally {
    given.abort()
  }
}
