// Times that messages claim: RFC 3339, or seconds since 1970 as OpenAI writes `created_at`.

import type { JsonValue } from '../bytes/json.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { ImportFault } from './fault.ts'

const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/
/** 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: entries write years with four digits. */
const FIRST_MILLIS = -62_167_219_200_000
const LAST_MILLIS = 253_402_300_799_999

/**
 * The instant that a message claims, decimals beyond milliseconds cut off.
 * @throws ImportFault where the value names no instant
 */
export function parseMessageTime(value: JsonValue, path: string): UnixMillis {
  const at = typeof value === 'number' ? fromSeconds(value) : typeof value === 'string' ? fromText(value) : undefined
  if (at !== undefined) return at
  throw new ImportFault(path, 'is no time; write RFC 3339 (2026-11-21T09:30:00Z) or seconds since 1970')
}

function fromSeconds(seconds: number): UnixMillis | undefined {
  const at = Math.round(seconds * 1000)
  return at >= 0 && at <= LAST_MILLIS ? at : undefined
}

function fromText(text: string): UnixMillis | undefined {
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  local.setUTCHours(hour, minute, second, Number((match[7] ?? '').padEnd(3, '0').slice(0, 3)))
  // A day or an hour that does not exist rolls over into another one: 30 February becomes 2 March.
  const read = [local.getUTCMonth() + 1, local.getUTCDate(), local.getUTCHours(), local.getUTCMinutes()]
  if (`${read}` !== `${[month, day, hour, minute]}` || second > 59) return undefined
  const at = local.getTime() - offsetMillis(match[8], Number(match[9] ?? 0), Number(match[10] ?? 0))
  return at >= FIRST_MILLIS && at <= LAST_MILLIS ? at : undefined
}

function offsetMillis(sign: string | undefined, hours: number, minutes: number): number {
  if (hours > 23 || minutes > 59) return Number.NaN
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
