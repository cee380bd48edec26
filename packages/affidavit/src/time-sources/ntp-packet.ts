// A question to a time server, and its answer (RFC 4330 §4 and §5). Pure.

import type { UnixMillis } from '../clock/clock.ts'

const PACKET_BYTES = 48

/** 8 random bytes in the place of our time: the answer repeats them, and nobody learns what our clock shows. */
export const NONCE_BYTES = 8

export function encodeQuestion(nonce: Uint8Array): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES)
  packet[0] = (4 << 3) | CLIENT
  packet.set(nonce, TRANSMITTED)
  return packet
}

export interface NtpAnswer {
  readonly received: UnixMillis
  readonly sent: UnixMillis
  /** How far the server itself may be off. */
  readonly dispersion_millis: number
}

const [CLIENT, SERVER] = [3, 4]
const [ORIGINATED, RECEIVED, TRANSMITTED] = [24, 32, 40]
const UNSYNCHRONISED = 3
const WORST_DISPERSION_MILLIS = 1_000

/** What it says; or what is wrong with it, in words. */
export function parseAnswer(bytes: Uint8Array, nonce: Uint8Array): NtpAnswer | string {
  if (bytes.length !== PACKET_BYTES) return `its answer has ${bytes.length} bytes, not ${PACKET_BYTES}`
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint8(0)
  if ((flags & 7) !== SERVER || ((flags >> 3) & 7) !== 4) return 'its answer is no answer of an NTP server'
  if (Buffer.compare(bytes.subarray(ORIGINATED, ORIGINATED + NONCE_BYTES), nonce) !== 0)
    return 'its answer is to no question of ours'
  const stratum = view.getUint8(1)
  if (stratum === 0) return `it refuses: ${kissCode(bytes)}`
  if (stratum > 15 || flags >> 6 === UNSYNCHRONISED) return 'it does not know the time itself'
  const [received, sent] = [timestamp(view, RECEIVED), timestamp(view, TRANSMITTED)]
  if (received === undefined || sent === undefined || sent < received) return 'its answer names no time'
  const dispersion_millis = shortMillis(view, 4) / 2 + shortMillis(view, 8)
  if (dispersion_millis > WORST_DISPERSION_MILLIS) return 'it does not know the time to the second itself'
  return { received, sent, dispersion_millis }
}

/** `RATE`, `DENY`: four letters where other answers name what the server follows. */
function kissCode(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(12, 16))
    .toString('latin1')
    .replace(/[^A-Z]/g, '?')
}

const FROM_1900_TO_1970_SECONDS = 2_208_988_800
const ERA_SECONDS = 2 ** 32

// Seconds since 1900; where the first bit is 0, since the same second of 2036 (RFC 4330 §3).
function timestamp(view: DataView, at: number): UnixMillis | undefined {
  const [seconds, fraction] = [view.getUint32(at), view.getUint32(at + 4)]
  if (seconds === 0 && fraction === 0) return undefined
  const since1900 = seconds >= ERA_SECONDS / 2 ? seconds : seconds + ERA_SECONDS
  return (since1900 - FROM_1900_TO_1970_SECONDS) * 1_000 + (fraction / ERA_SECONDS) * 1_000
}

function shortMillis(view: DataView, at: number): number {
  return (Math.abs(view.getInt32(at)) / 65_536) * 1_000
}
