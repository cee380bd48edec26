// The source of time that a URL names (spec/time.md).

import { type Alarm, backgroundAlarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import type { TimeSource } from '../clock/time-source.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { httpsTimeSource } from './https.ts'
import { ntpTimeSource } from './ntp.ts'

/**
 * `https://HOST[:PORT][/PATH]` or `ntp://HOST[:PORT]`.
 * @param clock what runs forward measures how long an answer takes; what the wall clock shows is of no account
 * @throws LedgerError `invalid-query`
 */
export function timeSource(url: string, clock: Clock, alarm: Alarm = backgroundAlarm): TimeSource {
  const { protocol, hostname, port, pathname, username, password, search, hash } = parsed(url)
  if (username !== '' || password !== '') throw notOfItsForm('it holds a name or a password')
  if (hostname === '' || hash !== '') throw notOfItsForm(JSON.stringify(url))
  if (protocol === 'https:') return httpsTimeSource(new URL(url), clock, alarm)
  if (protocol !== 'ntp:' || search !== '' || !/^\/?$/.test(pathname)) throw notOfItsForm(JSON.stringify(url))
  return ntpTimeSource(
    { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 123 : Number(port) },
    clock,
    alarm,
  )
}

function parsed(url: string): URL {
  if (!URL.canParse(url)) throw notOfItsForm(JSON.stringify(url))
  return new URL(url)
}

function notOfItsForm(problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    path: 'time_source',
    problem: `no source of time: ${problem}`,
    cure: 'for example https://www.example.org or ntp://ntp.example.org',
  })
}
