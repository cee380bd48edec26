import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { LedgerError } from '../../errors/ledger-error.ts'
import { formatLedgerUrl, isLocal, isUrl, type LedgerUrl, parseKeyringUrl, parseLedgerUrl, sslModeOf } from './url.ts'

describe('the URL of a ledger', () => {
  test('is read part by part', () => {
    assert.deepEqual(
      parseLedgerUrl(
        'postgresql://server%40eu:p%40ss%2Fword@db.example:6543/audit%20log?ledger=clinic.example/agents&sslmode=require&application_name=x',
      ),
      {
        host: 'db.example',
        port: 6543,
        database: 'audit log',
        user: 'server@eu',
        password: 'p@ss/word',
        ledger: 'clinic.example/agents',
        parameters: { sslmode: 'require', application_name: 'x' },
      },
    )
  })

  test('needs no more than host and database', () => {
    assert.deepEqual(parseLedgerUrl('postgres://db.example/audit'), {
      host: 'db.example',
      port: 5432,
      database: 'audit',
      parameters: {},
    })
  })

  const sockets = [
    ['postgres:///audit?host=/var/run/postgresql', '/var/run/postgresql'],
    ['postgres://me@/audit?host=/tmp', '/tmp'],
    ['postgres://%2Fvar%2Frun/audit', '/var/run'],
    ['postgres://[::1]:5433/audit', '::1'],
  ] as const
  for (const [text, host] of sockets)
    test(`names the host ${host}: ${text}`, () => assert.equal(parseLedgerUrl(text).host, host))

  test('is written so that it is read the same, and without its password', () => {
    const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((text) => !text.includes('\0'))
    const host = fc.oneof(fc.constantFrom('db.example', '127.0.0.1', '::1', '/var/run/postgresql'), fc.domain())
    const parameters = fc.record(
      {
        sslmode: fc.constantFrom('disable', 'require', 'verify-full'),
        sslrootcert: word,
        sslcert: word,
        sslkey: word,
        application_name: word,
        options: word,
      },
      { requiredKeys: [] },
    )
    const url = fc.record(
      { host, port: fc.integer({ min: 1, max: 65_535 }), database: word, user: word, ledger: word, parameters },
      { requiredKeys: ['host', 'port', 'database', 'parameters'] },
    )
    fc.assert(
      fc.property(url, fc.option(word, { nil: undefined }), (given, password) => {
        const whole: LedgerUrl = { ...given, ...(password === undefined ? {} : { password }) }
        assert.deepEqual(parseLedgerUrl(formatLedgerUrl(whole)), structuredClone(given))
      }),
    )
  })

  test('never shows its password', () => {
    const shown = formatLedgerUrl(parseLedgerUrl('postgres://me:hunter2@db.example/audit?ledger=a'))
    assert.equal(shown, 'postgres://me@db.example:5432/audit?ledger=a')
  })
})

const WRONG: readonly (readonly [lie: string, url: string, says: RegExp])[] = [
  ['another scheme', 'mysql://me:hunter2@db/audit', /the scheme of the URL is mysql/],
  ['a web address', 'https://db.example/audit', /the scheme of the URL is https/],
  ['no database', 'postgres://me:hunter2@db.example', /no URL of a database/],
  ['an empty database', 'postgres://me:hunter2@db.example/', /no URL of a database/],
  ['a folder below the database', 'postgres://db.example/audit/log', /no URL of a database/],
  ['a slash in the password', 'postgres://me:hunter2/x@db.example/audit', /no URL of a database/],
  ['an @ in the password', 'postgres://me:hunter2@x@db.example/audit', /no URL of a database/],
  ['a # in the password', 'postgres://me:hunter2#x@db.example/audit', /no URL of a database/],
  ['a ? in the password', 'postgres://me:hunter2?x@db.example/audit', /no URL of a database/],
  ['a fragment', 'postgres://db.example/audit#x', /no URL of a database/],
  ['one slash', 'postgres:/db.example/audit', /no URL of a database/],
  ['no host', 'postgres:///audit', /names no host/],
  ['two hosts', 'postgres://db.example/audit?host=/tmp', /names two hosts/],
  ['several hosts', 'postgres://one,two/audit', /names several hosts/],
  ['several sockets', 'postgres:///audit?host=/a,/b', /names several hosts/],
  ['a port of zero', 'postgres://db.example:0/audit', /port 0/],
  ['a port beyond', 'postgres://db.example:65536/audit', /port 65536/],
  ['a port in words', 'postgres://db.example:http/audit', /no URL of a database/],
  ['a percent sign by itself', 'postgres://db.example/au%dit', /the database of the URL/],
  ['bytes that are no UTF-8', 'postgres://db.example/%ff', /the database of the URL/],
  ['a NUL', 'postgres://db.example/a%00b', /the database of the URL/],
  ['an unknown parameter', 'postgres://db.example/audit?sslmod=require', /unknown parameter "sslmod"/],
  ['a password as a parameter', 'postgres://db.example/audit?password=hunter2', /unknown parameter "password"/],
  ['a parameter twice', 'postgres://db.example/audit?ledger=a&ledger=b', /parameter ledger twice/],
  ['an empty parameter', 'postgres://db.example/audit?ledger=', /parameter ledger of the URL is empty/],
  ['a parameter without a value', 'postgres://db.example/audit?ledger', /parameter ledger of the URL is empty/],
  ['a mode that falls back', 'postgres://db.example/audit?sslmode=prefer', /sslmode=prefer/],
  ['any authority', 'postgres://db.example/audit?sslmode=verify-ca', /which authority/],
]

describe('a URL is refused without showing what it holds:', () => {
  for (const [lie, url, says] of WRONG)
    test(lie, () => {
      assert.throws(
        () => parseLedgerUrl(url),
        (error) => {
          assert.ok(error instanceof LedgerError)
          assert.equal(error.code, 'invalid-query')
          assert.equal(error.path, '--ledger')
          assert.match(error.problem, says)
          assert.ok(error.cure !== undefined && error.cure !== '')
          assert.doesNotMatch(`${error.problem}${error.cure}`, /hunter2/)
          return true
        },
      )
    })
})

describe('the URL of a keyring', () => {
  test('is that of a database', () => {
    const url = 'postgres://server@db.example:6543/keys?sslmode=require'
    assert.deepEqual(parseKeyringUrl(url), parseLedgerUrl(url))
  })

  const LIES = [
    ['a ledger', 'postgres://me:hunter2@db.example/keys?ledger=a', /names the ledger a/],
    ['no database', 'postgres://me:hunter2@db.example', /no URL of a database/],
    ['several hosts', 'postgres://me:hunter2@a,b/keys', /several hosts/],
  ] as const
  for (const [lie, url, says] of LIES)
    test(`is refused with ${lie}, said of --keyring, without its password`, () => {
      assert.throws(
        () => parseKeyringUrl(url),
        (error: unknown) => {
          assert.ok(error instanceof LedgerError)
          assert.deepEqual([error.code, error.path], ['invalid-query', '--keyring'])
          assert.match(error.problem, says)
          assert.doesNotMatch(`${error.message} ${error.cure}`, /hunter2/)
          return true
        },
      )
    })
})

describe('the connection', () => {
  const modes = [
    ['postgres://db.example/audit', 'verify-full'],
    ['postgres://10.0.0.7/audit', 'verify-full'],
    ['postgres://localhost.example/audit', 'verify-full'],
    ['postgres://127.0.0.1.example/audit', 'verify-full'],
    ['postgres://localhost/audit', 'disable'],
    ['postgres://127.0.0.1/audit', 'disable'],
    ['postgres://[::1]/audit', 'disable'],
    ['postgres:///audit?host=/tmp', 'disable'],
    ['postgres://localhost/audit?sslmode=verify-full', 'verify-full'],
    ['postgres://db.example/audit?sslmode=disable', 'disable'],
    ['postgres://db.example/audit?sslmode=require', 'require'],
  ] as const
  for (const [url, mode] of modes)
    test(`is protected by ${mode}: ${url}`, () => assert.equal(sslModeOf(parseLedgerUrl(url)), mode))

  test('is local to a socket and to addresses of the loopback alone', () => {
    assert.deepEqual(['/tmp', 'localhost', '::1', '127.1.2.3'].map(isLocal), [true, true, true, true])
    assert.deepEqual(['db', '::2', '128.0.0.1', '127.0.0.1.example'].map(isLocal), [false, false, false, false])
  })
})

test('what looks like a URL is one, and a folder is none', () => {
  for (const text of ['postgres://x/y', 'mysql://x', 'postgresql:x', 'POSTGRES://X/y']) assert.ok(isUrl(text), text)
  // Mistyped, and with a password in it: nobody shows them as the name of a folder.
  const mistyped = [' postgres://u:x@h/d', '"postgres://u:x@h/d"', 'postgres//u:x@h/d', 'host=h password=x dbname=d']
  for (const text of mistyped) {
    assert.ok(isUrl(text), text)
    assert.throws(() => parseLedgerUrl(text), { code: 'invalid-query' })
  }
  for (const text of ['./audit', '/var/audit', 'audit', 'C:\\audit', 'a:b', 'postgres', ''])
    assert.ok(!isUrl(text), text)
})
