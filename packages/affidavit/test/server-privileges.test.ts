// Every route for every role, as the table of spec/http.md §1 says: what is not granted is refused and on record, what is granted is not.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { API_ROLE_NAMES, API_ROLES, type ApiRole } from '../src/access/api-roles.ts'
import { ACTS, type Act, ROLES } from '../src/access/roles.ts'
import { holderOf, recordedBy, serveLedger } from './served-ledger.ts'

interface Row {
  readonly method: string
  /** Below the ledger; of the server where it begins with `/`. What it names is `{}`. */
  readonly path: string
  readonly act: Act | 'any' | 'none'
}

/** The rows of the table in §1. A path without a method has that of the one before. */
function rowsOfPage(): readonly Row[] {
  const page = readFileSync(join(import.meta.dirname, '../../../spec/http.md'), 'utf8')
  const table = page.slice(page.indexOf('## 1 '), page.indexOf('## 2 '))
  return table.split('\n').flatMap((line) => {
    const [, routes = '', act = ''] = line.split('|').map((cell) => cell.trim())
    let method = ''
    return [...routes.matchAll(/`([^`]+)`/g)].flatMap(([, said = '']) => {
      const [first = '', second] = said.split(' ')
      const path = second ?? first
      if (second !== undefined) method = first
      // Anybody on this machine may ask for it.
      return method === '' || path === '/metrics' ? [] : [{ method, path: inBraces(path), act: actIn(act) }]
    })
  })
}

function actIn(cell: string): Row['act'] {
  const [, word = cell] = /^`([a-z-]+)`$/.exec(cell) ?? []
  const act = [...ACTS, 'any' as const, 'none' as const].find((one) => one === word)
  return act ?? assert.fail(`no act is called ${cell}`)
}

function inBraces(path: string): string {
  return path.replace(/\{[^}]*\}|…/g, '{}')
}

const rows = rowsOfPage()
const served = await serveLedger({ beside: 'other.example/agents' })
after(() => served[Symbol.asyncDispose]())

const PREFIX = '/v1/ledgers/{ledger}/'
type Described = { readonly [path: string]: { readonly [method: string]: { readonly operationId: string } } }
const { paths } = (await served.as('admin')('GET /openapi.json')).json() as { readonly paths: Described }
const operations = new Map(
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => {
      const below = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path
      return [`${method.toUpperCase()} ${inBraces(below)}`, operationId] as const
    }),
  ),
)

test('the routes are those of the page', () => {
  assert.ok(rows.length > 50)
  const onPage = rows.map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(onPage.toSorted(), [...operations.keys()].filter((route) => route !== 'GET /metrics').toSorted())
})

function mayDo(role: ApiRole, act: Row['act']): boolean {
  return act === 'any' || act === 'none' || API_ROLES[role].some((one) => ROLES[one].includes(act))
}

/** Asks for nothing that is there, with a body that has nothing. */
async function statusOf({ method, path }: Row, key: string): Promise<number> {
  const asked = path.replaceAll('{}', 'nothing')
  const answer = await fetch(path.startsWith('/') ? `${served.url}${asked}` : `${served.base}/${asked}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) },
    ...(method === 'POST' ? { body: '{}' } : {}),
  })
  await answer.body?.cancel()
  return answer.status
}

const nameOf = ({ method, path }: Row): string => operations.get(`${method} ${path}`) ?? `${method} ${path}`

describe('what a role may not is refused, on record, and nothing else is:', { concurrency: true }, () => {
  for (const role of API_ROLE_NAMES) {
    test(role, async () => {
      const refused: string[] = []
      for (const row of rows) {
        const status = await statusOf(row, served.keys[role])
        assert.ok(status < 500 || status === 503, `${nameOf(row)} answered ${status}`)
        assert.notEqual(status, 401, nameOf(row))
        assert.equal(status === 403, !mayDo(role, row.act), `${nameOf(row)} answered ${status}`)
        if (status === 403) refused.push(nameOf(row))
      }
      const denied = (await recordedBy(served, holderOf(role))).filter(({ action }) => action === 'access_denied')
      assert.deepEqual(
        denied.map(({ outcome, details }) => [outcome, details.status, details.operation]),
        refused.map((operation) => ['denied', 403, operation]),
      )
    })
  }
})

test('what a role may is not refused: each act is somebody’s', () => {
  for (const { act } of rows)
    assert.ok(
      API_ROLE_NAMES.some((role) => mayDo(role, act)),
      act,
    )
})

test('what is refused to a credential for a part of the ledger, where it is done, is on record once', async () => {
  const key = await served.makeKey({ role: 'auditor', actor: 'a visitor', scope: { agents: ['triage'] } })
  for (const request of ['GET gaps', 'GET holds', 'POST verifications', 'GET certificates', 'POST exports'] as const) {
    const { status } = await served.with(key)(request, request.startsWith('POST') ? { body: {} } : {})
    assert.equal(status, 403, request)
  }
  assert.deepEqual(
    (await recordedBy(served, 'a visitor')).map(({ action, details }) => [action, details.operation]),
    ['getGaps', 'listHolds', 'verify', 'listCertificates', 'startExport'].map((one) => ['access_denied', one]),
  )
})

test('a ledger is not there for the credential of another, on record there', async () => {
  const keys = served.besideKeys ?? assert.fail()
  const own = rows.filter(({ path }) => !path.startsWith('/'))
  for (const row of own) assert.equal(await statusOf(row, keys.admin), 404, nameOf(row))
  const key = keys.admin
  const answer = await fetch(
    `${served.url}/v1/ledgers/other.example%2Fagents/records?action=access_denied&limit=1000`,
    {
      headers: { authorization: `Bearer ${key}` },
    },
  )
  const { records } = (await answer.json()) as { readonly records: readonly { readonly details: object }[] }
  assert.deepEqual(
    records
      .map(({ details }) => details)
      .map(({ operation, status }: { operation?: string; status?: number }) => [operation, status]),
    own.map((row) => [nameOf(row), 404]),
  )
})
