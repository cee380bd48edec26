// The description of the server is true: it is OpenAPI, every route answers as it says, and a client that is generated from it works.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { OpenAPIClientAxios } from 'openapi-client-axios'
import { Compile } from 'typebox/schema'

import type { ApiRole } from '../src/access/api-roles.ts'
import { makeArchiveFolder } from '../src/embedded/archive-place.ts'
import { writeArchive } from '../src/embedded/settings.ts'
import type { Draft } from '../src/formats/fields.ts'
import { type Answer, type ServedLedger, serveLedger } from './served-ledger.ts'
import { startTimeServer } from './time-server.ts'

const time = await startTimeServer()
const RETENTION = `version: 1
revision: 2026-11
time_source: ${time.url}
policies:
  - id: clinic.accounts
    title: Accounts
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`
const PROMPT = { name: 'instructions', media_type: 'text/plain', body: 'Be kind.' }
const noted = (conversation_id: string, more: Partial<Draft> = {}): Draft => ({
  ...{ action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent', agent_name: 'triage' },
  ...{ conversation_id, subject_ids: [`PT-${conversation_id}`] },
  content: [{ name: 'message', media_type: 'text/plain', body: `About ${conversation_id}.` }],
  ...more,
})

const served: ServedLedger = await serveLedger({
  prepare(home) {
    writeFileSync(join(home, 'retention.yaml'), RETENTION)
    makeArchiveFolder(`${home}-archive`)
    writeArchive(home, `${home}-archive`)
  },
  drafts: [
    noted('closed', { retention_class: 'accounts' }),
    noted('free'),
    {
      ...{ action: 'prompt_changed', actor_id: 'lee', actor_type: 'user', agent_name: 'triage' },
      ...{ details: { version: 'a'.repeat(64) }, content: [PROMPT] },
    },
    {
      ...{ action: 'retention_anchor_recorded', actor_id: 'lee', actor_type: 'user', conversation_id: 'closed' },
      details: { anchor: 'account_closed', day: '2020-02-29', reason: 'closed by the patient' },
    },
  ],
})
after(async () => {
  await served[Symbol.asyncDispose]()
  await time[Symbol.asyncDispose]()
})

type Json = { readonly [name: string]: unknown }
const described = (await served.as('reader')('GET /openapi.json')).json()
const operations = Object.entries(described.paths as Json).flatMap(([path, methods]) =>
  Object.entries(methods as Json).map(([method, said]) => ({ method: method.toUpperCase(), path, said: said as Json })),
)

test('the description is OpenAPI 3.1, and names every operation once', async () => {
  assert.equal(described.openapi, '3.1.0')
  const { valid, errors } = await new Validator().validate(structuredClone(described))
  assert.ok(valid, JSON.stringify(errors)?.slice(0, 1000))
  const ids = operations.map(({ said }) => said.operationId)
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.every((id) => typeof id === 'string'))
})

const PREFIX = '/v1/ledgers/{ledger}/'

function operationOf(request: string): (typeof operations)[number] {
  const [method, asked = ''] = request.split(' ')
  const [path = ''] = asked.split('?')
  const whole = path.startsWith('/') ? path : PREFIX + path
  const fits = operations.filter((one) => one.method === method && patternOf(one.path).test(whole))
  // What is named by its words comes before what is named by anything.
  const [found] = fits.sort((one, other) => one.path.split('{').length - other.path.split('{').length)
  return found ?? assert.fail(`${request} is not described`)
}

function patternOf(path: string): RegExp {
  const pattern = path
    .replace(/[.]/g, '\\.')
    .replace(/\{\*\}/g, '.*')
    .replace(/\{[^}]*\}/g, '[^/]+')
  return new RegExp(`^${pattern}$`)
}

const told = new Set<string>()

/** Holds an answer against what is described of its operation. */
function expectAsDescribed(request: string, { status, headers, text }: Answer): void {
  const { said } = operationOf(request)
  const answers = said.responses as Json
  const answer = (answers[String(status)] ?? answers[`${String(status)[0]}XX`]) as Json | undefined
  assert.ok(answer !== undefined, `${request}: ${status} is not described`)
  if (status < 300) told.add(String(said.operationId))
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  const contents = answer.content as { readonly [type: string]: { readonly schema: Json } } | undefined
  if (contents === undefined) {
    assert.equal(text, '', `${request}: an answer is described without content`)
    return
  }
  const content = contents[type]
  assert.ok(content !== undefined, `${request}: ${type} is not described, but ${Object.keys(contents)}`)
  const schema = Compile(content.schema)
  for (const value of valuesIn(type, text)) {
    const [fits, errors] = schema.Errors(value)
    assert.ok(fits, `${request}: ${JSON.stringify(errors[0])} in ${JSON.stringify(value).slice(0, 400)}`)
  }
}

function valuesIn(type: string, text: string): readonly unknown[] {
  if (/\/(problem\+)?json$/.test(type)) return [JSON.parse(text)]
  if (type === 'application/x-ndjson') {
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  return [text]
}

async function asked(role: ApiRole, request: string, body?: unknown): Promise<Json> {
  const answer = await served.as(role)(request, body === undefined ? {} : { body })
  expectAsDescribed(request, answer)
  assert.ok(answer.status < 300, `${request}: ${answer.status} ${answer.text.slice(0, 500)}`)
  return /json$/.test(answer.headers.get('content-type')?.split(';')[0] ?? '') && answer.text !== ''
    ? firstOf(answer)
    : {}
}

function firstOf({ text }: Answer): Json {
  const [line = ''] = text.split('\n')
  return JSON.parse(line.endsWith('}') ? line : text)
}

const approved = (paper: unknown): string => served.approved(Buffer.from(String(paper), 'base64'))

describe('every answer is as it is described:', () => {
  test('writing and reading', async () => {
    const { id } = await asked('writer', 'POST records', noted('c-1'))
    const lines = await served.as('writer')('POST records', {
      text: `${JSON.stringify(noted('c-1'))}\n{"action": 7}\n`,
      headers: { 'content-type': 'application/x-ndjson' },
    })
    expectAsDescribed('POST records', lines)
    for (const request of ['records', 'records?limit=1', `records/${id}`, `records/${id}/entry`, `records/${id}/proof`])
      await asked('reader', `GET ${request}`)
    for (const request of [`records/${id}/lineage`, 'grants', 'versions?agent_name=triage', 'gaps', 'holds'])
      await asked('reader', `GET ${request}`)
    await asked('reader', 'GET conversations/c-1')
    await asked('auditor', `POST records/${id}/reveal`, { reason: 'complaint' })
    await asked('auditor', 'POST conversations/c-1/reveal', { reason: 'complaint' })
    await asked('auditor', 'POST versions/reveal', { agent_name: 'triage', reason: 'complaint' })
    await asked('auditor', 'GET readers?conversation_id=c-1')
    const { subject_ids } = await asked('reader', `GET records/${id}`)
    await asked('privacy', 'POST resolve', { token: Object(subject_ids)[0], reason: 'request' })
  })

  test('what proves it', async () => {
    await asked('writer', 'POST checkpoint')
    await asked('writer', 'GET checkpoint')
    await asked('writer', 'GET checkpoints')
    await asked('reader', 'GET tile/0/000.p/2')
    await asked('reader', 'GET consistency?from=1&to=2')
    await asked('reader', 'GET health')
    await asked('auditor', 'POST verifications', {})
    const { id } = await asked('auditor', 'POST exports', {})
    let job = await asked('auditor', `GET exports/${id}`)
    while (job.state === 'running') job = await asked('auditor', `GET exports/${id}`)
    await asked('auditor', `GET exports/${id}/files/export.json`)
    await asked('auditor', `DELETE exports/${id}`)
  })

  test('a tail', async () => {
    const answer = await fetch(`${served.base}/tail`, { headers: { authorization: `Bearer ${served.keys.reader}` } })
    expectAsDescribed('GET tail', { status: answer.status, headers: answer.headers, text: '', json: assert.fail })
    await answer.body?.cancel()
  })

  test('keeping, holding and destroying', async () => {
    const { records } = await asked('reader', 'GET records?action=agent_response_generated')
    for (const request of ['policies', 'retention/due?policy=hipaa&anchor=2020-02-29', 'retention/plan'])
      await asked('records', `GET ${request}`)
    await asked('records', `GET records/${Object(records)[0].id}/retention`)
    const why = { matter: 'Docket 24-117', custodian: 'general counsel', reason: 'complaint served' }
    const { hold_id } = await asked('records', 'POST holds', { ...why, conversation_id: 'c-1' })
    await asked('records', 'GET holds')
    const { release } = await asked('records', `POST holds/${hold_id}/release-plans`, { reason: 'settled' })
    await asked('records', `POST holds/${hold_id}/releases`, { release, approval: approved(release) })
    const { plan } = await asked('privacy', 'POST erasures/plans', {
      ...{ subjects: ['PT-free'], basis: 'gdpr_17', reason: 'request 26-117' },
    })
    await asked('privacy', 'POST erasures', { plan, approval: approved(plan) })
    await asked('privacy', 'GET erasures')
    await asked('privacy', 'POST erasures/finish')
    const due = await asked('records', 'POST dispositions/plans', {})
    const papers = { plan: due.plan, manifest: due.manifest, approval: approved(due.plan) }
    await asked('records', 'POST dispositions', papers)
    await asked('records', 'GET dispositions')
    await asked('records', 'POST dispositions/finish')
    await asked('reader', 'GET certificates')
    await asked('reader', `GET certificates/${due.plan_sha256}`)
  })

  test('archiving, operating and administering', async () => {
    await asked('records', 'POST archive/runs')
    await asked('records', 'GET archive')
    await asked('records', 'POST archive/removals', { mode: 'trial' })
    await asked('records', 'POST archive/restores', { filter: { conversation_id: 'c-1' } })
    await asked('admin', 'POST key-rotations', { of: 'checkpoints' })
    await asked('admin', 'POST key-rotations', { of: 'keyring' })
    await asked('admin', 'POST clock-confirmations', { reason: 'none' })
    await asked('admin', 'GET access')
    await asked('admin', 'GET keys')
    const { id } = await asked('admin', 'POST keys', { role: 'reader' })
    await asked('admin', `DELETE keys/${id}`)
    await asked('writer', 'GET writer')
    await asked('writer', 'GET writer/records/01985f3a-0000-7000-8000-000000000001')
    await asked('writer', 'GET writer/versions?action=prompt_changed&agent_name=triage')
    await asked('reader', 'GET /v1/ledgers')
    for (const request of ['/healthz', '/readyz', '/openapi.json', '/metrics']) await asked('admin', `GET ${request}`)
    await asked('writer', 'POST /v1/traces', { resourceSpans: [] })
    await asked('writer', 'POST /v1/logs', { resourceLogs: [] })
  })

  test('what is refused', async () => {
    for (const [role, request, body] of [
      ['reader', 'GET records?limit=0', undefined],
      ['reader', 'GET records/999999', undefined],
      ['writer', 'GET records', undefined],
      ['writer', 'POST records', { action: 7 }],
      ['writer', 'POST /v1/traces', { resourceSpans: 7 }],
      ['reader', 'POST /v1/logs', {}],
      ['reader', 'GET tail?from_seq=-1', undefined],
      ['auditor', 'GET exports/none', undefined],
    ] as const) {
      const answer = await served.as(role)(request, body === undefined ? {} : { body })
      assert.ok(answer.status >= 400, request)
      expectAsDescribed(request, answer)
    }
    expectAsDescribed('GET records', await served.with(undefined)('GET records'))
  })

  test('no operation was left out', () => {
    const left = operations.map(({ said }) => String(said.operationId)).filter((id) => !told.has(id))
    assert.deepEqual(left, [])
  })
})

test('a client that is generated from the description appends, searches, reads a proof and places a hold', async () => {
  const clientOf = (role: ApiRole) =>
    new OpenAPIClientAxios({
      definition: structuredClone(described) as never,
      withServer: { url: served.url },
      axiosConfigDefaults: { headers: { authorization: `Bearer ${served.keys[role]}` } },
    }).init()
  const [writer, reader, records] = [await clientOf('writer'), await clientOf('reader'), await clientOf('records')]
  const ledger = 'clinic.example/agents'
  const appended = await writer.appendRecords?.({ ledger }, noted('generated'))
  const { id, seq, state } = appended?.data ?? {}
  assert.equal(state, 'recorded')
  const found = await reader.searchRecords?.({ ledger, conversation_id: 'generated' })
  assert.deepEqual(
    found?.data.records.map((record: Json) => record.id),
    [id],
  )
  const proof = await reader.getProof?.({ ledger, id: String(seq) })
  assert.match(proof?.data, new RegExp(`^index ${seq}$`, 'm'))
  const held = await records.placeHold?.(
    { ledger },
    { matter: 'Docket 24-118', custodian: 'general counsel', reason: 'complaint served', conversation_id: 'generated' },
  )
  assert.equal(held?.data.records, 1)
})
