// What comes into a ledger on a server, as it comes (spec/http.md §7). Where the line is cut it goes on behind what was seen.

import type { Alarm } from '../clock/alarm.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { unreadable } from './ask.ts'
import type { Evidence } from './evidence.ts'
import { type Exchange, NoAnswer } from './exchange.ts'
import { isType, problemIn } from './media.ts'
import { errorOf } from './problem.ts'
import { readRecord } from './read-record.ts'

export interface FollowParts extends Pick<Evidence, 'path' | 'origin'> {
  readonly exchange: Exchange
  readonly alarm: Alarm
  readonly headers: Readonly<Record<string, string>>
  readonly patienceMillis: number
}

const AGAIN_MILLIS = 1_000
const EVENT_STREAM = 'text/event-stream'
/** Of an event that has not ended, and of an answer that is no stream: more than a record has. */
const MAX_UNREAD = 1_048_576

/**
 * Tells of each record from `from_seq` on, until `signal` ends it.
 * @throws LedgerError what the server says; where it only goes away, it is asked again
 */
export async function follow(
  { exchange, path, origin, alarm, headers, patienceMillis }: FollowParts,
  from_seq: number,
  tell: (record: AuditRecord) => void,
  signal: AbortSignal,
): Promise<void> {
  let next = from_seq
  while (!signal.aborted) {
    let text = ''
    const bytes: Uint8Array[] = []
    let unread = 0
    const decoder = new TextDecoder()
    try {
      const answer = await exchange.send(
        {
          ...{ method: 'GET', path: `${path}/tail?from_seq=${next}`, patienceMillis, signal },
          ...{ maxBytes: Number.MAX_SAFE_INTEGER, headers: { accept: EVENT_STREAM, ...headers } },
        },
        (answer, piece) => {
          if (answer.status !== 200 || !isType(answer, EVENT_STREAM)) {
            unread += piece.length
            if (unread > MAX_UNREAD) throw unreadable('an answer without end')
            bytes.push(piece)
            return 'more'
          }
          text += decoder.decode(piece, { stream: true })
          const events = text.split('\n\n')
          text = events.pop() ?? ''
          if (text.length > MAX_UNREAD) throw unreadable('an event without end')
          for (const event of events) {
            const record = recordIn(event, origin)
            if (record === undefined) continue
            next = record.seq + 1
            tell(record)
          }
          return 'more'
        },
      )
      const problem = problemIn(answer, Buffer.concat(bytes))
      if (problem !== undefined) throw errorOf(problem)
      if (answer.status !== 200) throw unreadable(`an answer with status ${answer.status}`)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof NoAnswer)) throw error
      if (error.cause instanceof LedgerError) throw error.cause
    }
    if (!signal.aborted) await new Promise<void>((ring) => alarm(AGAIN_MILLIS, ring))
  }
}

// Comments keep the line open; what has no data tells of nothing.
function recordIn(event: string, origin: string): AuditRecord | undefined {
  const data = event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n')
  return data === '' ? undefined : readRecord(JSON.parse(data), origin)
}
