// The time of an NTP server, asked once as SNTP does (RFC 4330). Nothing proves who answers: on a network that is not one's own, https is the better source.

import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'

import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import type { TimeSource } from '../clock/time-source.ts'
import { encodeQuestion, NONCE_BYTES, type NtpAnswer, parseAnswer } from './ntp-packet.ts'
import { plausible, timeUnavailable } from './time-unavailable.ts'

/** Datagrams get lost: each question waits so long for its answer. */
const PATIENCE_MILLIS = 2_000
const QUESTIONS = 3
const NO_ANSWER = 'no answer came'

export interface NtpServer {
  readonly host: string
  readonly port: number
}

export function ntpTimeSource({ host, port }: NtpServer, clock: Clock, alarm: Alarm): TimeSource {
  const where = `ntp://${isIPv6(host) ? `[${host}]` : host}:${port}`
  return {
    where,
    async read() {
      for (let question = 1; ; question++) {
        const answer = await askOnce({ host, port }, clock, alarm).catch((cause: Error) => {
          throw timeUnavailable(where, cause.message, cause)
        })
        if (answer === NO_ANSWER && question < QUESTIONS) continue
        if (typeof answer === 'string') throw timeUnavailable(where, answer)
        const { sent, received, dispersion_millis, took } = answer
        const underway = Math.max(0, took - (sent - received))
        return plausible(where, sent + underway / 2, underway / 2 + dispersion_millis)
      }
    },
  }
}

/** The answer and how long it took; or, in words, what is wrong with it. */
async function askOnce(
  { host, port }: NtpServer,
  clock: Clock,
  alarm: Alarm,
): Promise<(NtpAnswer & { readonly took: number }) | string> {
  const { address, family } = await lookup(host)
  const nonce = randomBytes(NONCE_BYTES)
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  try {
    await connected(socket, address, port)
    const asked = clock.elapsed()
    const answer = await exchange(socket, encodeQuestion(nonce), alarm)
    if (answer === undefined) return NO_ANSWER
    const parsed = parseAnswer(answer, nonce)
    return typeof parsed === 'string' ? parsed : { ...parsed, took: clock.elapsed() - asked }
  } finally {
    socket.close()
  }
}

// What comes from elsewhere is not seen.
function connected(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.connect(port, address, resolve)
  })
}

function exchange(socket: Socket, question: Uint8Array, alarm: Alarm): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const patience = alarm(PATIENCE_MILLIS, () => resolve(undefined))
    socket.once('message', (bytes) => {
      patience.stop()
      resolve(bytes)
    })
    socket.once('error', (error) => {
      patience.stop()
      reject(error)
    })
    socket.send(question)
  })
}
