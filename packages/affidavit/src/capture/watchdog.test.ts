import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { Agent, createServer, type RequestOptions, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'

import { type SeenRequest, watchProviders } from './watchdog.ts'

// A provider on loopback; `/moved` sends its callers on.
let server: Server
let host = ''
let connections = 0
before(async () => {
  server = createServer((asked, answer) => {
    if (asked.url?.startsWith('/moved')) answer.writeHead(307, { location: '/v1/chat/completions' })
    asked.resume().on('end', () => answer.end('{}'))
  })
  server.on('connection', () => connections++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const audited = new AsyncLocalStorage<string>()

/** What is reported while some work is done. */
async function seen(work: () => Promise<unknown>, hosts: readonly string[] = [host]): Promise<SeenRequest[]> {
  const reports: SeenRequest[] = []
  const isAudited = (): boolean => audited.getStore() !== undefined
  const watch = watchProviders({ hosts, isAudited, report: (one) => reports.push(one) })
  try {
    await work()
    return reports
  } finally {
    watch.stop()
  }
}

async function fetched(path: string, how: RequestInit = { method: 'POST', body: '{}' }): Promise<void> {
  await (await fetch(`http://${host}${path}`, how)).text()
}

async function requested(path: string, options: RequestOptions = {}): Promise<void> {
  const asking = request(`http://${host}${path}`, { method: 'POST', ...options })
  asking.write('{')
  asking.end('}')
  const [answer] = await once(asking, 'response')
  await once(answer.resume(), 'end')
}

const CHAT = '/v1/chat/completions'

for (const [client, call] of Object.entries({ fetch: fetched, 'node:http': requested })) {
  describe(`a request by ${client}`, () => {
    test('that no adapter makes is reported once, without its query', async () => {
      assert.deepEqual(await seen(() => call(`${CHAT}?key=secret`)), [{ host, method: 'POST', path: CHAT }])
    })

    test('that an adapter makes is not, however deep within', async () => {
      const nested = async (): Promise<void> => {
        await Promise.resolve()
        await Promise.all([call(CHAT), call(CHAT)])
      }
      assert.deepEqual(await seen(() => audited.run('adapter', nested)), [])
    })

    test('is judged by who makes it, not by who opened the connection', async () => {
      const reports = await seen(async () => {
        await audited.run('adapter', () => call('/audited'))
        await call('/unaudited')
        await audited.run('adapter', () => call('/audited'))
        await Promise.all([audited.run('adapter', () => call('/audited')), call('/unaudited')])
      })
      assert.deepEqual(
        reports.map(({ path }) => path),
        ['/unaudited', '/unaudited'],
      )
    })

    test('to another host, or that only reads what is offered, is not reported', async () => {
      assert.deepEqual(await seen(() => call(CHAT), []), [])
      assert.deepEqual(await seen(() => call(CHAT), ['127.0.0.1:1', 'localhost', '0.0.1', '27.0.0.1']), [])
    })
  })
}

test('reading what a provider offers is not reported', async () => {
  assert.deepEqual(
    await seen(async () => {
      await fetched('/v1/models', { method: 'GET' })
      await requested('/v1/models', { method: 'GET' })
    }),
    [],
  )
})

test('requests that wait for one connection are each reported once, by who made them', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const before = connections
  const reports = await seen(async () => {
    const calls = Array.from({ length: 6 }, (_, i) => {
      const call = (): Promise<void> => requested(`/${i}`, { agent })
      return i % 2 === 0 ? call() : audited.run('adapter', call)
    })
    await Promise.all(calls)
  })
  agent.destroy()
  assert.equal(connections - before, 1)
  assert.deepEqual(
    reports.map(({ path }) => path),
    ['/0', '/2', '/4'],
  )
})

test('a redirection is a request of its own, of whoever was redirected', async () => {
  assert.deepEqual(
    (await seen(() => fetched('/moved'))).map(({ path }) => path),
    ['/moved', CHAT],
  )
  assert.deepEqual(await seen(() => audited.run('adapter', () => fetched('/moved'))), [])
})

test('a request that fails is reported all the same', async () => {
  const closed = createServer()
  await once(closed.listen(0, '127.0.0.1'), 'listening')
  const nobody = `127.0.0.1:${(closed.address() as AddressInfo).port}`
  closed.close()
  await once(closed, 'close')
  const reports = await seen(async () => {
    await assert.rejects(fetch(`http://${nobody}/a`, { method: 'POST' }))
    const asking = request(`http://${nobody}/b`, { method: 'POST' })
    asking.end()
    await once(asking, 'error')
  }, [nobody])
  assert.deepEqual(
    reports.map(({ path }) => path),
    ['/a', '/b'],
  )
})

test('the begin of a WebSocket is reported', async () => {
  const reports = await seen(async () => {
    const socket = new WebSocket(`ws://${host}/v1/realtime?model=m`)
    await once(socket, 'error')
    const headers = { upgrade: 'websocket', connection: 'upgrade' }
    await requested('/v1/realtime', { method: 'GET', headers })
  })
  const expected = { host, method: 'GET', path: '/v1/realtime' }
  assert.deepEqual(reports, [expected, expected])
})

describe('providers', () => {
  // Nothing is sent: the request is destroyed as soon as it was made.
  async function made(url: string): Promise<SeenRequest[]> {
    return seen(async () => {
      const { hostname, port, pathname } = new URL(url)
      const asking = request({ hostname, port, path: pathname, method: 'POST', lookup: () => undefined })
      asking.on('error', () => undefined).destroy()
    })
  }

  for (const known of [
    'api.openai.com',
    'clinic.openai.azure.com',
    'api.anthropic.com',
    'generativelanguage.googleapis.com',
    'europe-west4-aiplatform.googleapis.com',
    'bedrock-runtime.us-east-1.amazonaws.com',
    'api.mistral.ai',
    'api.cohere.com',
    'api.groq.com',
    'api.deepseek.com',
    'openrouter.ai',
    'API.OpenAI.com.',
    'api.openai.com:8443',
  ]) {
    test(`${known} is one`, async () => {
      assert.equal((await made(`http://${known}/v1/x`)).length, 1)
    })
  }

  for (const other of [
    'example.com',
    'api.openai.com.example.com',
    'xapi.openai.com',
    'apixopenai.com',
    'openai.azure.com',
    'a.b.openai.azure.com',
    's3.us-east-1.amazonaws.com',
    'storage.googleapis.com',
  ]) {
    test(`${other} is none`, async () => {
      assert.deepEqual(await made(`http://${other}/v1/x`), [])
    })
  }

  test('a Host header hides nobody, and accuses nobody', async () => {
    const options = { lookup: () => undefined, method: 'POST', path: '/' }
    const reports = await seen(async () => {
      for (const [hostname, told] of [
        ['api.openai.com', 'example.com'],
        ['example.com', 'api.openai.com'],
      ]) {
        request({ ...options, hostname, headers: { host: told } })
          .on('error', () => undefined)
          .destroy()
      }
    })
    assert.deepEqual(
      reports.map((one) => one.host),
      ['api.openai.com'],
    )
  })
})

test('after it was stopped nothing is reported', async () => {
  const reports: SeenRequest[] = []
  const watch = watchProviders({ hosts: [host], isAudited: () => false, report: (one) => reports.push(one) })
  watch.stop()
  await fetched(CHAT)
  await requested(CHAT)
  assert.deepEqual(reports, [])
})
