// What is thrown at a server: it answers with a problem, does nothing by halves, tells nothing, and goes on (spec/http.md §2).

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'

import { aDraft, answered, json, type ServedClinic, serveClinic } from './served.ts'

const SECRET = 'the-patient-said-this'
const LIMIT = 1_000_000

describe('a server answers with a problem, and goes on:', () => {
  let shared: Promise<ServedClinic> | undefined
  const clinicOf = (): Promise<ServedClinic> => {
    shared ??= serveClinic({ bodyLimit: LIMIT })
    return shared
  }
  after(async () => (await shared)?.[Symbol.asyncDispose]())

  const bodies: readonly [name: string, init: RequestInit, status: number, code: string][] = [
    ['a body that is no JSON', { ...json({}), body: `{"a": ${SECRET}` }, 400, 'invalid-request'],
    ['a body that is not UTF-8', { ...json({}), body: Buffer.from([0x22, 0xff, 0x22]) }, 400, 'invalid-request'],
    ['a name twice', { ...json({}), body: `{"action":"tool_invoked","action":"${SECRET}"}` }, 400, 'invalid-request'],
    ['nesting without end', { ...json({}), body: '['.repeat(100_000) }, 400, 'invalid-request'],
    [
      'a number that other languages read otherwise',
      { ...json({}), body: '{"producer_seq":9007199254740993}' },
      400,
      'invalid-request',
    ],
    ['a draft that is none', json([SECRET]), 400, 'invalid-draft'],
    ['an empty body', { ...json({}), body: '' }, 400, 'invalid-draft'],
    ['a member that no draft has', json(aDraft(1, { __proto__x: SECRET })), 400, 'invalid-draft'],
    ['a body that is too large', { ...json({}), body: `"${'a'.repeat(LIMIT)}"` }, 413, 'request-too-large'],
    [
      'another content type',
      { method: 'POST', body: '<a/>', headers: { 'Content-Type': 'text/xml' } },
      415,
      'unsupported-media-type',
    ],
    [
      'no content type',
      { method: 'POST', body: Buffer.from('{}'), headers: { 'Content-Type': '' } },
      415,
      'unsupported-media-type',
    ],
    [
      'an encoding that nobody knows',
      { ...json({}), headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'lzma' } },
      415,
      'unsupported-media-type',
    ],
    [
      'gzip that is none',
      { ...json({}), headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' } },
      400,
      'invalid-request',
    ],
    [
      'a bomb of gzip',
      {
        ...json({}),
        body: gzipSync(Buffer.alloc(50 * LIMIT, 0x20)),
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
      },
      413,
      'request-too-large',
    ],
    [
      'a bomb of zstd',
      {
        ...json({}),
        body: zstdCompressSync(Buffer.alloc(50 * LIMIT, 0x20)),
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'zstd' },
      },
      413,
      'request-too-large',
    ],
  ]
  for (const [name, init, status, code] of bodies) {
    test(name, async () => {
      const clinic = await clinicOf()
      const answer = await clinic.ask('writer', 'records', init)
      const problem = await answered(answer)
      assert.deepEqual([answer.status, problem.code], [status, code])
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal(answer.headers.get('x-request-id'), problem.request_id)
      assert.equal(JSON.stringify(problem).includes(SECRET), false)
      assert.equal((await clinic.ask('reader', 'health')).status, 200)
    })
  }

  test('a misspelt condition is named', async () => {
    const clinic = await clinicOf()
    const problem = await answered(await clinic.ask('reader', 'records?conversaton_id=v-1'))
    assert.deepEqual([problem.path, problem.detail], ['conversaton_id', 'conversaton_id is not known here'])
  })

  const paths: readonly [path: string, status: number][] = [
    ['/v1/ledgers/..%2f..%2fetc%2fpasswd/records', 404],
    ['/v1/ledgers/%00/records', 404],
    ['/v1/ledgers/%zz/records', 400],
    ['/v1/ledgers//records', 404],
    [`/v1/ledgers/${'a'.repeat(5000)}/records`, 400],
    ['records/../../../healthz/x', 404],
    ['records/-1', 404],
    ['records/99999999999999999999', 404],
    ['records?limit=0', 400],
    ['records?limit=1e9', 400],
    ['records?nonsense=1', 400],
    ['records?__proto__=1', 400],
    ['records?from=yesterday', 400],
    ['records?cursor=AAAA', 400],
    ['records?action=a&action=b', 400],
    ['tile/0/../../secret', 404],
    ['tile/99/000', 404],
    ['tile/entries/000', 404],
    ['consistency?from=0&to=1', 400],
    ['consistency?from=5&to=2', 400],
    ['nothing/here', 404],
  ]
  for (const [path, status] of paths) {
    test(`the path ${path.slice(0, 60)}`, async () => {
      const clinic = await clinicOf()
      const answer = await clinic.ask('reader', path)
      assert.equal(answer.status, status, await answer.clone().text())
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    })
  }

  test('a method that is none of a route', async () => {
    const clinic = await clinicOf()
    const answer = await clinic.ask('reader', 'records', { method: 'PATCH' })
    assert.equal([404, 405].includes(answer.status), true)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  })

  const talk: readonly [name: string, bytes: string][] = [
    ['bytes that are no HTTP', '\u0000\u0001\u0002\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`],
    [
      'two lengths of one body',
      'POST /v1/ledgers/a/records HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 9\r\n\r\na',
    ],
    [
      'a length and chunks at once',
      'POST /v1/ledgers/a/records HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header with a line break inside', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\nb: c\r\n\r\n'],
  ]
  for (const [name, bytes] of talk) {
    test(name, async () => {
      const clinic = await clinicOf()
      const said = await tell(clinic.url, bytes)
      assert.match(said, /^(HTTP\/1\.1 (4\d\d|200) |$)/)
      assert.equal((await clinic.ask('reader', 'health')).status, 200)
    })
  }

  test('whoever goes away in the midst of many lines leaves those that were acknowledged, and none by halves', async () => {
    const clinic = await clinicOf()
    const key = await clinic.key('writer')
    const whole = Array.from({ length: 50 }, (_, i) => `${JSON.stringify(aDraft(1000 + i))}\n`).join('')
    const head = `POST ${new URL(clinic.at).pathname}/records HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 999999\r\n\r\n`
    const answered = await tell(clinic.url, `${head}${whole}{"action":"tool_inv`, 'cut')
    const acknowledged = [...answered.matchAll(/"id":"([^"]+)","seq"/g)].map(([, id]) => id)
    assert.equal((await clinic.ask('reader', 'health')).status, 200)
    const ids = new Set((await clinic.records()).map(({ id }) => id))
    assert.deepEqual(
      acknowledged.filter((id) => !ids.has(id)),
      [],
    )
  })

  test('nothing of what was sent stands in the log', async () => {
    const clinic = await clinicOf()
    await clinic.ask('writer', 'records', json(aDraft(2, { details: { note: SECRET } })))
    await clinic.ask('reader', `records?actor_id=${SECRET}`)
    assert.equal(
      clinic.log.some((line) => line.includes(SECRET)),
      false,
    )
    assert.equal(
      clinic.log.every((line) => typeof JSON.parse(line) === 'object'),
      true,
    )
    assert.equal(
      clinic.log.some((line) => line.includes('affidavit_')),
      false,
    )
  })
})

/** Says bytes to a server, and hears what it answers until it hangs up, or for a moment where we cut the line. */
function tell(url: string, bytes: string, end: 'heard' | 'cut' = 'heard'): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let heard = ''
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      heard += text
      // Half of the lines are acknowledged: the line is cut.
      if (end === 'cut' && heard.split('"seq"').length > 25) socket.destroy()
    })
    socket.on('error', () => resolve(heard))
    socket.on('close', () => resolve(heard))
    socket.write(Buffer.from(bytes, 'latin1'))
    if (end === 'heard') socket.end()
  })
}
