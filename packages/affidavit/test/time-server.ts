// An NTP server of our own on this machine, as far ahead or behind as a test wants it.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface TimeServer extends AsyncDisposable {
  /** As the retention policies name it. */
  readonly url: string
  /** From now on it is so much behind the clock of this machine. */
  behind(millis: number): void
}

const FROM_1900_TO_1970_SECONDS = 2_208_988_800

export async function startTimeServer(): Promise<TimeServer> {
  const server = createSocket('udp4')
  let behindMillis = 0
  server.on('message', (question, { port }) => {
    const packet = Buffer.alloc(48)
    packet[0] = (4 << 3) | 4
    packet[1] = 2
    question.copy(packet, 24, 40, 48)
    const seconds = (Math.floor((Date.now() - behindMillis) / 1000) + FROM_1900_TO_1970_SECONDS) % 2 ** 32
    packet.writeUInt32BE(seconds, 32)
    packet.writeUInt32BE(seconds, 40)
    server.send(packet, port, '127.0.0.1')
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `ntp://127.0.0.1:${server.address().port}`,
    behind(millis) {
      behindMillis = millis
    },
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
