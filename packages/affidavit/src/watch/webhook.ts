// Sending an alert, as Standard Webhooks (standardwebhooks.com) has it: a POST of JSON, signed with a secret that the receiver
// knows. The URL may hold a secret too: nothing that is said of a delivery shows more of it than its host.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

import { fromBase64 } from '../bytes/base64.ts'
import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'

const PATIENCE_MILLIS = 10_000
/** As the specification of Standard Webhooks asks. */
const SECRET_BYTES = { least: 24, most: 64 }
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

export interface Webhook {
  /** For people: its host. */
  readonly where: string
  /** Whether a receiver has taken it, and else why not. */
  send(id: string, text: string): Promise<'taken' | { readonly problem: string }>
}

export interface WebhookPlace {
  readonly url: string
  /** `whsec_` and base64 of 24 to 64 bytes. */
  readonly secret: string
}

/** @throws LedgerError `invalid-query` */
export function openWebhook(place: WebhookPlace, { clock, alarm }: { clock: Clock; alarm: Alarm }): Webhook {
  const url = parseWebhookUrl(place.url)
  const key = parseSecret(place.secret)
  return {
    where: url.host,
    async send(id, text) {
      const timestamp = String(Math.floor(clock.now() / 1000))
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')
      const patience = new AbortController()
      const waiting = alarm(PATIENCE_MILLIS, () => patience.abort())
      try {
        const response = await fetch(url, {
          method: 'POST',
          body: text,
          // Whoever answers with another place may be nobody who should be told.
          redirect: 'manual',
          signal: patience.signal,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'affidavit',
            'webhook-id': id,
            'webhook-timestamp': timestamp,
            'webhook-signature': `v1,${signature}`,
          },
        })
        await response.body?.cancel()
        return response.ok ? 'taken' : { problem: `${url.host} answered ${response.status}` }
      } catch (error) {
        if (patience.signal.aborted) return { problem: `${url.host} did not answer within ${PATIENCE_MILLIS / 1000} s` }
        return { problem: `${url.host} cannot be reached (${reasonOf(error)})` }
      } finally {
        waiting.stop()
      }
    },
  }
}

function parseWebhookUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw wrong('--webhook', 'is no URL of a web server', 'it looks like https://alerts.example/affidavit')
  if (url.username !== '' || url.password !== '')
    throw wrong('--webhook', 'holds a name or a password', 'leave them out: each alert is signed')
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname))
    throw wrong('--webhook', 'is not encrypted, and leads to another machine', 'use https')
  return url
}

function parseSecret(text: string): KeyObject {
  const bytes = text.startsWith('whsec_') ? fromBase64(text.slice('whsec_'.length)) : undefined
  if (bytes !== undefined && bytes.length >= SECRET_BYTES.least && bytes.length <= SECRET_BYTES.most)
    return createSecretKey(bytes)
  throw wrong(
    'AFFIDAVIT_WEBHOOK_SECRET',
    `is no secret: "whsec_" and base64 of ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes`,
    'make one: echo "whsec_$(openssl rand -base64 32)"; give the same to whoever receives the alerts',
  )
}

function wrong(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path} ${problem}`, cure, path })
}

// The words of an error may quote the URL; its code does not.
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection'
}
