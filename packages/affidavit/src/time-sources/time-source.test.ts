import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import tls from 'node:tls'

import { systemClock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { handAlarm } from '../testing/hand-alarm.ts'
import { timeSource } from './time-source.ts'

const AT = Date.UTC(2026, 10, 21, 9, 30, 7)

describe('a source of time is named by a URL', () => {
  for (const url of [
    '',
    'time.example',
    'http://time.example',
    'ftp://time.example',
    'https://kim:secret@time.example',
    'ntp://kim@time.example',
    'ntp://time.example/path',
    'ntp://time.example?a=b',
    'https://time.example#now',
    'ntp://',
  ]) {
    test(`not by ${url || 'nothing'}`, () => {
      assert.throws(
        () => timeSource(url, systemClock),
        (error: LedgerError) => error.code === 'invalid-query' && !error.message.includes('secret'),
      )
    })
  }

  test('and shown by its host and port', () => {
    const shown = ['https://time.example/a?b', 'ntp://time.example', 'ntp://[::1]:1123'].map(
      (url) => timeSource(url, systemClock).where,
    )
    assert.deepEqual(shown, ['https://time.example', 'ntp://time.example:123', 'ntp://[::1]:1123'])
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe('a web server', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-time-'))
  let answer: RequestListener
  let port = 0
  const trusted = tls.getCACertificates()
  const server = createServer()
  before(async () => {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', ['req', '-x509', ...curve, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    server.setSecureContext({ key: readFileSync(key), cert: readFileSync(cert) })
    tls.setDefaultCACertificates([...trusted, readFileSync(cert, 'utf8')])
    server.on('request', (request, response) => {
      response.sendDate = false
      answer(request, response)
    })
    port = await listening(server)
  })
  after(() => {
    tls.setDefaultCACertificates(trusted)
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })

  const clock = fixedClock(0)
  const source = (alarm = handAlarm().alarm) => timeSource(`https://localhost:${port}/`, clock, alarm)
  const date = (text: string, status = 200): RequestListener => {
    return (_, response) => response.writeHead(status, { date: text }).end()
  }

  for (const status of [200, 204, 301, 404, 503]) {
    test(`tells the second that it answered in, also with ${status}`, async () => {
      answer = date('Sat, 21 Nov 2026 09:30:07 GMT', status)
      assert.deepEqual(await source().read(), { at: AT + 500, uncertainty_millis: 500 })
    })
  }

  test('is asked for its head, by a path of its own, past caches', async () => {
    const seen: unknown[] = []
    answer = (request, response) => {
      seen.push(request.method, request.url, request.headers['cache-control'])
      date('Sat, 21 Nov 2026 09:30:07 GMT')(request, response)
    }
    await timeSource(`https://localhost:${port}/time?now`, clock, handAlarm().alarm).read()
    assert.deepEqual(seen, ['HEAD', '/time?now', 'no-cache, no-store'])
  })

  test('tells less surely what was long on its way, and nothing that was too long', async () => {
    for (const [took, uncertainty_millis] of [
      [3_000, 2_000],
      [5_001, undefined],
    ] as const) {
      answer = (request, response) => {
        clock.pass(took)
        date('Sat, 21 Nov 2026 09:30:07 GMT')(request, response)
      }
      if (uncertainty_millis === undefined) await assert.rejects(source().read(), unavailable(/took 5001 ms/))
      else assert.deepEqual(await source().read(), { at: AT + uncertainty_millis, uncertainty_millis })
    }
  })

  const lies: readonly [name: string, answer: RequestListener, told: RegExp][] = [
    ['no Date header', (_, response) => response.writeHead(200).end(), /no Date header/],
    ['an empty date', date(''), /no Date header/],
    ['a date in words', date('today'), /no Date header/],
    ['a date of RFC 850', date('Saturday, 21-Nov-26 09:30:07 GMT'), /no Date header/],
    ['a date of asctime', date('Sat Nov 21 09:30:07 2026'), /no Date header/],
    ['a date in another zone', date('Sat, 21 Nov 2026 09:30:07 +0100'), /no Date header/],
    ['another day of the week', date('Sun, 21 Nov 2026 09:30:07 GMT'), /no Date header/],
    ['a day that is not in the calendar', date('Mon, 30 Feb 2026 09:30:07 GMT'), /no Date header/],
    ['1970', date('Thu, 01 Jan 1970 00:00:00 GMT'), /1970-01-01/],
    ['2155', date('Tue, 21 Jan 2155 00:00:00 GMT'), /2155-01-21/],
    [
      'a date from a cache',
      (_, response) => response.writeHead(200, { date: 'Sat, 21 Nov 2026 09:30:07 GMT', age: '7' }).end(),
      /a cache/,
    ],
    ['nothing, and hangs up', (request) => request.socket.destroy(), /./],
  ]
  for (const [name, lie, told] of lies) {
    test(`that answers with ${name} tells no time`, async () => {
      answer = lie
      await assert.rejects(source().read(), unavailable(told))
    })
  }

  test('that never answers is waited for no longer than ten seconds', async () => {
    const { alarm, ring, waiting } = handAlarm()
    answer = () => {
      assert.deepEqual(waiting(), [10_000])
      ring()
    }
    await assert.rejects(source(alarm).read(), unavailable(/no answer came/))
  })

  test('with a certificate of nobody we trust, or for another name, tells no time', async () => {
    answer = date('Sat, 21 Nov 2026 09:30:07 GMT')
    await assert.rejects(timeSource(`https://127.0.0.1:${port}/`, clock).read(), unavailable(/./))
    const mine = tls.getCACertificates('default')
    tls.setDefaultCACertificates(trusted)
    await assert.rejects(source().read(), unavailable(/certificate/))
    tls.setDefaultCACertificates(mine)
  })
})

describe('an NTP server', () => {
  const clock = fixedClock(0)
  let answer: (question: Buffer) => Buffer | undefined
  let port = 0
  const server = createSocket('udp4')
  before(async () => {
    server.on('message', (question, { port: to }) => {
      const bytes = answer(question)
      if (bytes !== undefined) server.send(bytes, to, '127.0.0.1')
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    port = server.address().port
  })
  after(() => server.close())

  const source = (alarm = handAlarm().alarm) => timeSource(`ntp://127.0.0.1:${port}`, clock, alarm)

  /** 2026-11-21T09:30:07Z: seconds since 1900, worked out by hand as 1795253407 + 2208988800. */
  const SECONDS = 4_004_242_207

  function honest(question: Buffer, change: (packet: Buffer) => void = () => undefined): Buffer {
    const packet = Buffer.alloc(48)
    packet[0] = (4 << 3) | 4
    packet[1] = 2
    packet.writeUInt32BE(0x0000_1000, 4)
    packet.writeUInt32BE(0x0000_0800, 8)
    question.copy(packet, 24, 40, 48)
    packet.writeUInt32BE(SECONDS, 32)
    packet.writeUInt32BE(SECONDS, 40)
    packet.writeUInt32BE(0x8000_0000, 44)
    change(packet)
    return packet
  }

  test('tells the time that it sent its answer at, and half of the way back', async () => {
    answer = (question) => {
      clock.pass(700)
      return honest(question)
    }
    // 500 ms of the 700 it kept the question; it says that it may be off by 31.25 + 31.25 ms.
    assert.deepEqual(await source().read(), { at: AT + 500 + 100, uncertainty_millis: 100 + 62.5 })
  })

  test('learns nothing of our clock, and no two questions are the same', async () => {
    const questions: string[] = []
    answer = (question) => {
      assert.deepEqual([question.length, question[0]], [48, 0x23])
      assert.ok(question.subarray(1, 40).every((byte) => byte === 0))
      questions.push(question.subarray(40).toString('hex'))
      return honest(question)
    }
    for (let i = 0; i < 3; i++) await source().read()
    assert.equal(new Set(questions).size, 3)
  })

  test('is still understood after its seconds begin anew in 2036', async () => {
    answer = (question) =>
      honest(question, (packet) => {
        for (const at of [32, 40]) packet.writeUInt32BE(0, at)
        packet[39] = 1
      })
    assert.equal(Math.floor((await source().read()).at), Date.UTC(2036, 1, 7, 6, 28, 16, 500))
  })

  const lies: readonly [name: string, lie: (question: Buffer) => Buffer, told: RegExp][] = [
    ['nothing in it', () => Buffer.alloc(0), /0 bytes/],
    ['a byte too little', (question) => honest(question).subarray(0, 47), /47 bytes/],
    ['a byte too much', (question) => Buffer.concat([honest(question), Buffer.alloc(1)]), /49 bytes/],
    ['as much as a datagram can hold', () => Buffer.alloc(60_000, 0x24), /60000 bytes/],
    ['our own question', (question) => question, /no answer of an NTP server/],
    ['another version', (question) => honest(question, (packet) => packet.writeUInt8(0x1c)), /no answer of an NTP/],
    [
      'another question',
      (question) => honest(question, (packet) => packet.writeUInt8(packet.readUInt8(31) ^ 1, 31)),
      /no question of ours/,
    ],
    [
      'a kiss of death',
      (question) => honest(question, (packet) => packet.fill('\0\0\0\0\0\0\0\0\0\0\0RATE', 1, 16)),
      /refuses: RATE/,
    ],
    [
      'a kiss of odd bytes',
      (question) => honest(question, (packet) => packet.fill('\0\0\0\0\0\0\0\0\0\0\0\x1b[2J', 1, 16)),
      /refuses: \?\?\?J/,
    ],
    ['stratum 16', (question) => honest(question, (packet) => packet.writeUInt8(16, 1)), /does not know the time/],
    ['the alarm bits', (question) => honest(question, (packet) => packet.writeUInt8(0xe4)), /does not know the time/],
    [
      'a dispersion of two seconds',
      (question) => honest(question, (packet) => packet.writeUInt32BE(0x2_0000, 8)),
      /to the second/,
    ],
    [
      'a root delay below zero',
      (question) => honest(question, (packet) => packet.writeInt32BE(-0x30_0000, 4)),
      /to the second/,
    ],
    ['no time', (question) => honest(question, (packet) => packet.fill(0, 40)), /names no time/],
    [
      'an answer before the question',
      (question) => honest(question, (packet) => packet.writeUInt32BE(SECONDS - 9, 40)),
      /names no time/,
    ],
    [
      '1999',
      (question) => honest(question, (packet) => [32, 40].map((at) => packet.writeUInt32BE(3_124_137_600, at))),
      /1999-01-01/,
    ],
  ]
  for (const [name, lie, told] of lies) {
    test(`that answers with ${name} tells no time`, async () => {
      answer = lie
      await assert.rejects(source().read(), unavailable(told))
    })
  }

  test('that stays silent is asked three times, two seconds each', async () => {
    const { alarm, ring, waiting } = handAlarm()
    let asked = 0
    answer = () => {
      asked++
      assert.deepEqual(waiting(), [2_000])
      ring()
      return undefined
    }
    await assert.rejects(source(alarm).read(), unavailable(/no answer came/))
    assert.equal(asked, 3)
  })

  test('whose first answer got lost is asked again', async () => {
    const { alarm, ring } = handAlarm()
    let asked = 0
    answer = (question) => {
      if (++asked > 1) return honest(question)
      ring()
      return undefined
    }
    assert.ok((await source(alarm).read()).at > AT)
  })

  test('that is not there tells no time', async () => {
    const nobody = createSocket('udp4')
    nobody.bind(0, '127.0.0.1')
    await once(nobody, 'listening')
    const { port: free } = nobody.address()
    nobody.close()
    await once(nobody, 'close')
    await assert.rejects(
      timeSource(`ntp://127.0.0.1:${free}`, systemClock).read(),
      unavailable(/ECONNREFUSED|no answer/),
    )
  })
})

function unavailable(told: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, 'time-unavailable')
    assert.match(error.message, told)
    return true
  }
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
