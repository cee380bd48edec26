// What an operator's monitoring asks (spec/http.md §8): Prometheus text. No label is a person, a path or a content.

import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

import type { Served } from './served.ts'

export interface Metrics {
  text(): Promise<string>
  readonly contentType: string
  readonly registry: Registry
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Counts what `app` answers from now on. */
export function measure(app: FastifyInstance, ledgers: ReadonlyMap<string, Served>): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const labelNames = ['route', 'method', 'status'] as const
  const registers = [registry]
  const requests = new Counter({
    ...{ name: 'affidavit_http_requests_total', help: 'Requests that were answered', labelNames, registers },
  })
  const seconds = new Histogram({
    ...{ name: 'affidavit_http_request_seconds', help: 'How long an answer took', buckets: SECONDS, registers },
    labelNames: ['route', 'method'] as const,
  })
  const look = measureLedgers(registry, ledgers)
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    const route = routeOptions.url ?? 'unknown'
    requests.inc({ route, method, status: String(reply.statusCode) })
    seconds.observe({ route, method }, reply.elapsedTime / 1000)
  })
  return {
    async text() {
      await look()
      return registry.metrics()
    },
    contentType: registry.contentType,
    registry,
  }
}

// Asked when they are read: nothing is counted on the way of an append.
function measureLedgers(registry: Registry, ledgers: ReadonlyMap<string, Served>): () => Promise<void> {
  const gauge = (name: string, help: string): Gauge<'ledger'> =>
    new Gauge({ name, help, labelNames: ['ledger'], registers: [registry] })
  const up = gauge('affidavit_ledger_up', '1 where the ledger answers')
  const size = gauge('affidavit_ledger_size', 'Entries in the ledger')
  const unpublished = gauge('affidavit_ledger_unpublished', 'Entries that no checkpoint covers yet')
  const room = gauge('affidavit_ledger_queue_room', 'Drafts that the queue still takes')
  const failing = gauge('affidavit_ledger_publish_failing', '1 where the last publication failed')
  const verified = gauge('affidavit_verified_timestamp_seconds', 'When the ledger was last verified')
  const violated = gauge('affidavit_violation_timestamp_seconds', 'When a verification last found something')
  const tampered = gauge('affidavit_tampered', '1 where the last verdict that stands is tampered')
  const alerts = gauge('affidavit_alerts_waiting', 'Alerts that were not delivered yet')
  const faults = gauge('affidavit_verification_faults', 'Verifications that failed, one behind the other')
  return async () => {
    for (const { name, ledger, watch } of ledgers.values()) {
      const labels = { ledger: name }
      if (watch !== undefined) {
        const { last_run_at, last_violation_at, last_status, alerts_waiting, faults: failed } = watch.metrics()
        if (last_run_at !== undefined) verified.set(labels, Date.parse(last_run_at) / 1000)
        if (last_violation_at !== undefined) violated.set(labels, Date.parse(last_violation_at) / 1000)
        tampered.set(labels, last_status === 'tampered' ? 1 : 0)
        alerts.set(labels, alerts_waiting)
        faults.set(labels, failed)
      }
      try {
        const health = await ledger.health()
        size.set(labels, health.size)
        unpublished.set(labels, health.size - health.published)
        room.set(labels, health.room)
        failing.set(labels, health.publish_failure === undefined ? 0 : 1)
        up.set(labels, 1)
      } catch {
        // The gauge says that it does not answer; why is for readiness and the log to tell.
        up.set(labels, 0)
      }
    }
  }
}
