// A ledger, a receiver of alerts, and a watcher whose time a test lets go by.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { renameSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'

import { keysFolder } from '../src/embedded/folder.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import type { AuditRecord, Draft } from '../src/formats/fields.ts'
import { readHomeKeys } from '../src/keys/file.ts'
import { type FixedClock, fixedClock } from '../src/testing/fixed-clock.ts'
import { type HandAlarm, handAlarm } from '../src/testing/hand-alarm.ts'
import { createWatch, type Watch, type WatchOptions } from '../src/watch/watch.ts'
import type { WatchEvent } from '../src/watch/watch-event.ts'
import { tampered } from './manipulate.ts'

const SECRET_BYTES = Buffer.alloc(32, 7)
export const SECRET: string = `whsec_${SECRET_BYTES.toString('base64')}`
export const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 } as const
export const MINUTE = 60_000
export const DAY: number = 24 * 60 * MINUTE

export interface Received {
  readonly id: string
  readonly type: string
  readonly number: number
  readonly data: { readonly [name: string]: unknown }
  readonly text: string
  readonly headers: IncomingHttpHeaders
}

export interface Receiver extends AsyncDisposable {
  readonly url: string
  /** Each alert that was sent, and whose signature holds. */
  readonly received: Received[]
  /** What it answers from now on, 200 where it says nothing; `silence` answers nothing at all. */
  answers(status: (alert: Received) => number | 'silence'): void
  types(): readonly string[]
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  let statusOf: (alert: Received) => number | 'silence' = () => 200
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const id = String(request.headers['webhook-id'])
    const signed = `${id}.${String(request.headers['webhook-timestamp'])}.${body}`
    const expected = createHmac('sha256', SECRET_BYTES).update(signed).digest('base64')
    assert.equal(request.headers['webhook-signature'], `v1,${expected}`)
    const { type, data } = JSON.parse(body)
    const alert = { id, type, number: data.number, data, text: body, headers: request.headers }
    received.push(alert)
    const status = statusOf(alert)
    if (status !== 'silence') response.writeHead(status, { location: '/elsewhere' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/token-in-the-path`,
    received,
    answers(next) {
      statusOf = next
    },
    types: () => received.map(({ type }) => type),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

export interface Watched {
  readonly watch: Watch
  readonly clock: FixedClock
  readonly alarm: HandAlarm
  readonly events: WatchEvent[]
  /** What it ran, in order: `complete valid`, `fault store-unavailable`. */
  ran(): readonly string[]
}

export interface WatchedOptions extends Partial<Omit<WatchOptions, 'webhook' | 'clock' | 'alarm' | 'tell'>> {
  readonly receiver?: Receiver
  readonly clock?: FixedClock
  readonly told?: (event: WatchEvent) => void
}

export function watchOf(
  home: string,
  { receiver, clock = fixedClock(Date.now()), told = () => undefined, ...more }: WatchedOptions = {},
): Watched {
  const alarm = handAlarm()
  const events: WatchEvent[] = []
  const watch = createWatch({
    place: placeOf(home),
    against: { trust: { kind: 'first use' }, anchors: [] },
    schedule: { kind: 'every', millis: 15 * MINUTE },
    completeEveryMillis: DAY,
    reader: { actor_id: 'watcher' },
    recording: 'recorded',
    ...(receiver === undefined ? {} : { webhook: { url: receiver.url, secret: SECRET } }),
    ...more,
    clock,
    alarm: alarm.alarm,
    tell(event) {
      events.push(event)
      told(event)
    },
  })
  const ran = (): string[] =>
    events.flatMap((event) => {
      if (event.kind === 'fault') return [`fault ${event.code}`]
      return event.kind === 'run' ? [`${event.run.verdict.run} ${event.run.verdict.status}`] : []
    })
  return { watch, clock, alarm, events, ran }
}

/** Gives way until it is so: what a loop does, it does by itself. */
export async function until(isSo: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  while (!isSo()) {
    assert.ok(performance.now() < giveUpAt, 'it never came about')
    await turn()
  }
}

export const NOTE: Draft = { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' }

export async function appendTo(home: string, ...drafts: readonly Draft[]): Promise<void> {
  await using ledger = await openFolder(home, { publish: QUIET })
  for (const draft of drafts.length === 0 ? [NOTE] : drafts) await ledger.append(draft)
}

/** What is on record about watching. */
export async function watchedRecords(home: string): Promise<readonly AuditRecord[]> {
  await using ledger = await openFolder(home, { publish: QUIET })
  const found: AuditRecord[] = []
  for await (const record of ledger.search({ action: 'integrity_verified' })) found.push(record)
  return found
}

/** Somebody with the file changes a record: its bytes, and nothing that follows from them. */
export function alterEntry(home: string, seq: number): void {
  const file = join(home, 'ledger.db')
  tampered(file, `${file}.altered`, ({ run }) => {
    run(
      'UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), ?, ?) AS BLOB) WHERE seq = ?',
      'nic-a',
      'nic-b',
      seq,
    )
  })
  renameSync(`${file}.altered`, file)
}

export function originOf(home: string): string {
  return readHomeKeys(keysFolder(home)).ledger
}
