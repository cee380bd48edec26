import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { promisify } from 'node:util'

import { KMS } from '@aws-sdk/client-kms'

import { LedgerError } from '../errors/ledger-error.ts'
import { keyWrapperContract } from '../testing/contract-key-wrapper.ts'
import { type FakeKms, fakeKms, type RequestFault } from '../testing/fake-kms.ts'
import type { FakeKey } from '../testing/fake-kms-keys.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import type { KmsClient } from './kms-client.ts'
import { kmsName } from './kms-name.ts'
import { kmsWrapper } from './kms-wrapper.ts'

const LEDGER = 'clinic.example/agents'
const CONTEXT = `${LEDGER} 1`
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const DAY = 86_400_000

const clock = fixedClock()
const servers: FakeKms[] = []
after(() => Promise.all(servers.map((server) => server.close())))

async function freshServer(place = 'arn:aws:kms:eu-central-1:111122223333'): Promise<FakeKms> {
  const server = await fakeKms(place, clock.now)
  servers.push(server)
  return server
}

function clientOf({ endpoint }: FakeKms): KmsClient {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'an example, no secret' }
  return new KMS({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 3 })
}

function open(server: FakeKms, ledger: string = LEDGER) {
  return kmsWrapper({ ledger, client: clientOf(server) })
}

keyWrapperContract('AWS KMS', async () => {
  const server = await freshServer()
  return { open: async () => open(server), cleanup: () => server.close() }
})

async function oneVersion() {
  const server = await freshServer()
  const wrapper = open(server)
  const version = await wrapper.create()
  const wrapped = await wrapper.wrap(version, KEY, CONTEXT)
  return { server, wrapper, version, wrapped, unwrap: () => wrapper.unwrap(version, wrapped, CONTEXT) }
}

describe('a version in KMS', () => {
  test('is a key of its own, tagged and named for people; its name here is its ARN', async () => {
    const { server, version } = await oneVersion()
    const [key] = [...server.keys.values()]
    assert.match(version, /^arn:aws:kms:eu-central-1:111122223333:key\/[0-9a-f-]{36}$/)
    assert.equal(key?.arn, version)
    assert.deepEqual([...(key?.tags ?? [])], [['affidavit-ledger', 'clinic_2eexample/agents']])
    const [alias] = [...server.aliases.keys()]
    assert.match(alias ?? '', /^alias\/affidavit\/clinic_2eexample\/agents\/0001-[0-9a-f]{16}$/)
  })

  test('is waited for where KMS does not know it yet', async () => {
    const server = await freshServer()
    server.hideNewKeys([false, false, true, false, false])
    const wrapper = open(server)
    const version = await wrapper.create()
    assert.deepEqual(await wrapper.unwrap(version, await wrapper.wrap(version, KEY, CONTEXT), CONTEXT), KEY)
  })

  test('is listed only for its own ledger, also where one name continues the other', async () => {
    const { server, version, wrapped } = await oneVersion()
    const other = open(server, `${LEDGER}/more`)
    const theirs = await other.create()
    assert.deepEqual(await other.versions(), [{ version: theirs, state: 'usable' }])
    await assert.rejects(other.unwrap(version, wrapped, CONTEXT), refusal('wrong-key'))
  })

  test('is listed by its time where processes that created at once chose one number', async () => {
    const server = await freshServer()
    const wrapper = open(server)
    const created: string[] = []
    const aliases: [string, string][] = []
    for (let i = 0; i < 6; i++) {
      created.push(await wrapper.create())
      clock.pass(1)
      aliases.push(...server.aliases)
      server.aliases.clear()
    }
    for (const [alias, id] of aliases) server.aliases.set(alias, id)
    assert.ok(aliases.every(([alias]) => alias.includes('/0001-')))
    assert.deepEqual(
      (await wrapper.versions()).map(({ version }) => version),
      created,
    )
  })

  test('is found among more aliases than one page has, in the order of creation', async () => {
    const server = await freshServer()
    const wrapper = open(server)
    const created: string[] = []
    for (let i = 0; i < 13; i++) {
      created.push(await wrapper.create())
      clock.pass(1)
    }
    assert.deepEqual(
      (await wrapper.versions()).map(({ version }) => version),
      created,
    )
  })
})

describe('destroying a version in KMS', () => {
  test('is scheduled for the seventh day, and answered with it as often as it is asked for', async () => {
    const { wrapper, version, unwrap } = await oneVersion()
    const until = new Date(clock.now() + 7 * DAY).toISOString()
    const scheduled = { state: 'scheduled', until }
    assert.deepEqual(await wrapper.destroy(version), scheduled)
    clock.pass(3 * DAY)
    assert.deepEqual(await wrapper.destroy(version), scheduled)
    assert.deepEqual(await wrapper.versions(), [{ version, state: 'destroying', until }])
    await assert.rejects(unwrap(), refusal('key-destroyed'))
  })

  test('is done when the days are over: the key is gone, and its name is known for a destroyed one', async () => {
    const { wrapper, version, unwrap } = await oneVersion()
    await wrapper.destroy(version)
    const next = await wrapper.create()
    clock.pass(7 * DAY)
    assert.deepEqual(await wrapper.versions(), [{ version: next, state: 'usable' }])
    assert.equal(await wrapper.destroy(version), 'destroyed')
    await assert.rejects(unwrap(), refusal('key-destroyed'))
  })

  for (const place of ['arn:aws:kms:eu-west-1:111122223333', 'arn:aws:kms:eu-central-1:444455556666']) {
    test(`is not claimed from elsewhere, ${place}: what is not found there may be somewhere`, async () => {
      const { version, wrapped } = await oneVersion()
      const elsewhere = open(await freshServer(place))
      for (const aliases of ['none', 'some']) {
        if (aliases === 'some') await elsewhere.create()
        await assert.rejects(elsewhere.destroy(version), refusal('key-unavailable', /region and credentials/))
        await assert.rejects(elsewhere.unwrap(version, wrapped, CONTEXT), refusal('key-unavailable', /region and/))
      }
    })
  }

  test('spares keys that are not of this ledger', async () => {
    const { server, version } = await oneVersion()
    await assert.rejects(
      open(server, 'other.example/agents').destroy(version),
      refusal('wrong-key', /nothing was destr/),
    )
    assert.equal(server.keys.get(version.slice(-36))?.deletion, undefined)
  })

  test('works for a key that somebody disabled', async () => {
    const { server, wrapper, version } = await oneVersion()
    setState(server, version, 'Disabled')
    assert.notEqual(await wrapper.destroy(version), 'destroyed')
    assert.equal((await wrapper.versions())[0]?.state, 'destroying')
  })
})

describe('when KMS fails', () => {
  let given: Awaited<ReturnType<typeof oneVersion>>
  beforeEach(async () => {
    given = await oneVersion()
  })

  for (const fault of ['throttled', 'broken', 'reset-before', 'reset-after'] as const) {
    test(`once, ${fault}: the SDK asks again, and it works`, async () => {
      given.server.break('Decrypt', fault)
      assert.deepEqual(await given.unwrap(), KEY)
    })

    test(`each time, ${fault}: the key is unavailable, not destroyed and not wrong`, async () => {
      given.server.break('Decrypt', fault, fault, fault)
      await assert.rejects(given.unwrap(), refusal('key-unavailable'))
      assert.deepEqual(await given.unwrap(), KEY)
    })
  }

  const cures: readonly [fault: RequestFault, cure: RegExp][] = [
    ['denied', /allow it in the policy/],
    ['throttled', /do it again later/],
  ]
  for (const [fault, cure] of cures) {
    test(`${fault}: the cure is said`, async () => {
      given.server.break('Encrypt', fault, fault, fault)
      await assert.rejects(given.wrapper.wrap(given.version, KEY, CONTEXT), refusal('key-unavailable', cure))
    })
  }

  test('a disabled key is unavailable, and opens again when it is enabled', async () => {
    setState(given.server, given.version, 'Disabled')
    await assert.rejects(given.unwrap(), refusal('key-unavailable', /enable the key/))
    setState(given.server, given.version, 'Enabled')
    assert.deepEqual(await given.unwrap(), KEY)
  })

  test('a key in another state that KMS does not use keys in is unavailable, by that state', async () => {
    setState(given.server, given.version, 'Unavailable')
    await assert.rejects(given.unwrap(), refusal('key-unavailable', /in the state Unavailable/))
  })

  test('a list that fails is no empty list', async () => {
    given.server.break('ListAliases', 'denied')
    await assert.rejects(given.wrapper.versions(), refusal('key-unavailable'))
    given.server.break('DescribeKey', 'denied')
    await assert.rejects(given.wrapper.versions(), refusal('key-unavailable'))
  })

  for (const operation of ['ListResourceTags', 'ScheduleKeyDeletion']) {
    test(`a destruction whose ${operation} fails is said to have failed, and destroys nothing`, async () => {
      given.server.break(operation, 'denied')
      await assert.rejects(given.wrapper.destroy(given.version), refusal('key-unavailable'))
      assert.deepEqual(await given.unwrap(), KEY)
    })
  }

  test('a destruction whose answer was lost is answered when it is asked for again', async () => {
    given.server.break('ScheduleKeyDeletion', 'reset-after')
    const answer = await given.wrapper.destroy(given.version)
    assert.deepEqual(answer, { state: 'scheduled', until: new Date(clock.now() + 7 * DAY).toISOString() })
  })

  test('a key whose making was answered too late is merely unused, and so is one without a name', async () => {
    given.server.break('CreateKey', 'reset-after')
    const second = await given.wrapper.create()
    given.server.break('CreateAlias', 'denied')
    await assert.rejects(given.wrapper.create(), refusal('key-unavailable', /schedule the deletion of this one/))
    assert.equal(given.server.keys.size, 4)
    const listed = (await given.wrapper.versions()).map(({ version }) => version)
    assert.deepEqual(listed.toSorted(), [given.version, second].toSorted())
    assert.deepEqual(await given.unwrap(), KEY)
  })

  test('a name that KMS gave without our hearing of it counts', async () => {
    given.server.break('CreateAlias', 'reset-after')
    const version = await given.wrapper.create()
    assert.equal((await given.wrapper.versions()).length, 2)
    await given.wrapper.wrap(version, KEY, CONTEXT)
  })

  test('nobody there at all is unavailable', async () => {
    await given.server.close()
    await assert.rejects(given.unwrap(), refusal('key-unavailable', /check network/))
  })

  test('no error shows the key', async () => {
    given.server.break('Encrypt', 'denied')
    await assert.rejects(given.wrapper.wrap(given.version, KEY, CONTEXT), (error: Error) => {
      const shown = `${error.stack}${JSON.stringify(error)}${JSON.stringify(error.cause)}`
      return !shown.includes(Buffer.from(KEY).toString('base64'))
    })
  })
})

test('the name of a ledger in KMS has only what KMS allows, and is never that of another ledger', () => {
  const names = ['clinic.example/agents', 'clinic_2eexample/agents', 'clinic-example/agents', 'κλινική/agents']
  const long = ['.'.repeat(200), `${'.'.repeat(199)}-`]
  const inKms = [...names, ...long].map(kmsName)
  for (const name of inKms) assert.match(`alias/affidavit/${name}/123456789-0123456789abcdef`, /^alias\/[\w/-]{1,250}$/)
  assert.equal(new Set(inKms).size, inKms.length)
  assert.equal(kmsName('clinic.example/agents'), 'clinic_2eexample/agents')
})

test('without a client of its own, region, credentials and place are those of the environment', async () => {
  const server = await freshServer()
  const env = {
    PATH: process.env.PATH,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_KMS: server.endpoint,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'an example, no secret',
  }
  const child = join(import.meta.dirname, '../../test/kms-child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, LEDGER], { env, timeout: 20_000 })
  assert.deepEqual(
    [...server.keys.values()].map(({ arn }) => arn),
    [stdout.trim()],
  )
})

function setState(server: FakeKms, version: string, state: FakeKey['state']): void {
  const key = server.keys.get(version.slice(-36))
  assert.ok(key !== undefined)
  key.state = state
}

function refusal(code: LedgerError['code'], problem = /./): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code && problem.test(error.message)
}
