// The time that a web server puts on its answers: the Date header (RFC 9110 §6.6.1). Its certificate is checked, so nobody on the way tells another time.

import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'

import type { Alarm } from '../clock/alarm.ts'
import type { Clock, UnixMillis } from '../clock/clock.ts'
import type { TimeSource } from '../clock/time-source.ts'
import { plausible, timeUnavailable } from './time-unavailable.ts'

const PATIENCE_MILLIS = 10_000
/** An answer that was long on its way tells little. */
const SLOWEST_MILLIS = 5_000

export function httpsTimeSource(url: URL, clock: Clock, alarm: Alarm): TimeSource {
  const where = url.origin
  return {
    where,
    async read() {
      const asked = clock.elapsed()
      const { headers } = await ask(url, alarm).catch((cause: Error) => {
        throw timeUnavailable(where, cause.message, cause)
      })
      const took = clock.elapsed() - asked
      if (headers.age !== undefined && headers.age !== '0') throw timeUnavailable(where, 'a cache answered')
      const date = parseHttpDate(headers.date ?? '')
      if (date === undefined) throw timeUnavailable(where, 'its answer has no Date header, or no date in it')
      if (took > SLOWEST_MILLIS) throw timeUnavailable(where, `its answer took ${Math.round(took)} ms`)
      // It was that second at some time since it was asked.
      const uncertainty = (1_000 + took) / 2
      return plausible(where, date + uncertainty, uncertainty)
    },
  }
}

/** Whatever is answered has a date, also a refusal. */
function ask(url: URL, alarm: Alarm): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: 'HEAD', agent: false, headers: { 'cache-control': 'no-cache, no-store' } })
    const patience = alarm(PATIENCE_MILLIS, () => asking.destroy(new Error('no answer came')))
    asking.once('response', (answer) => {
      resolve(answer)
      answer.destroy()
    })
    asking.once('error', reject)
    asking.once('close', () => {
      patience.stop()
      reject(new Error('the connection was closed without an answer'))
    })
    asking.end()
  })
}

/** IMF-fixdate alone (RFC 9110 §5.6.7): nobody has sent the older forms for decades. */
function parseHttpDate(text: string): UnixMillis | undefined {
  const at = Date.parse(text)
  return new Date(Number.isNaN(at) ? 0 : at).toUTCString() === text ? at : undefined
}
