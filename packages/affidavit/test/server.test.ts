// What a server answers for a ledger (spec/http.md §1 to §5), asked over HTTP.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'

import { aDraft, answered, json, lines, linesOf, NAME, serveClinic } from './served.ts'

describe('a server', () => {
  test('records a draft, and answers the same draft with the same place', async () => {
    await using clinic = await serveClinic()
    const first = await clinic.ask('writer', 'records', json(aDraft(1)))
    const again = await clinic.ask('writer', 'records', json(aDraft(1)))
    assert.deepEqual([first.status, again.status], [201, 200])
    const [recorded, duplicate] = [await answered(first), await answered(again)]
    assert.deepEqual({ ...duplicate, state: 'recorded' }, recorded)
    const other = await clinic.ask('writer', 'records', json(aDraft(1, { purpose: 'another' })))
    assert.deepEqual([other.status, (await answered(other)).code], [409, 'id-conflict'])
    const onRecord = (await clinic.records()).filter(({ id }) => id === aDraft(1).id)
    assert.deepEqual(
      onRecord.map(({ seq, integrity_hash }) => ({ seq, integrity_hash })),
      [{ seq: recorded.seq, integrity_hash: recorded.integrity_hash }],
    )
  })

  test('answers each line of many, in their order, and goes on behind one that is refused', async () => {
    await using clinic = await serveClinic()
    const sent = [aDraft(1), '{"action":', aDraft(2), { ...aDraft(3), action: 'records_viewed' }, aDraft(1), aDraft(4)]
    const answer = await clinic.ask('writer', 'records', lines(sent))
    const outcomes = await linesOf(answer)
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson')
    assert.deepEqual(
      outcomes.map(({ line, state, id }) => [line, state, id]),
      [
        [1, 'recorded', aDraft(1).id],
        [2, 'refused', undefined],
        [3, 'recorded', aDraft(2).id],
        [4, 'refused', undefined],
        [5, 'duplicate', aDraft(1).id],
        [6, 'recorded', aDraft(4).id],
      ],
    )
    const ids = (await clinic.records()).filter(({ action }) => action === 'tool_invoked').map(({ id }) => id)
    assert.deepEqual(
      ids,
      [1, 2, 4].map((n) => aDraft(n).id),
    )
  })

  test('answers a line when its record is durable, while the next one is not written yet', async () => {
    await using clinic = await serveClinic()
    const key = await clinic.key('writer')
    const asked = request(`${clinic.at}/records`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/x-ndjson' },
    })
    asked.write(`${JSON.stringify(aDraft(1))}\n`)
    const [answer] = await once(asked, 'response')
    const outcomes = createInterface({ input: answer })[Symbol.asyncIterator]()
    const states: unknown[] = []
    for (const n of [1, 2, 3]) {
      if (n > 1) asked.write(`${JSON.stringify(aDraft(n))}\n`)
      const { state, id } = JSON.parse((await outcomes.next()).value ?? '{}')
      states.push([state, id])
    }
    asked.end()
    assert.deepEqual(
      states,
      [1, 2, 3].map((n) => ['recorded', aDraft(n).id]),
    )
    assert.equal((await outcomes.next()).done, true)
  })

  test('takes bytes in base64, and opens them for a reason alone', async () => {
    await using clinic = await serveClinic()
    const body = Buffer.from([0xff, 0x00, 0x80])
    const content = [{ name: 'scan', media_type: 'image/png', encoding: 'base64', body: body.toString('base64') }]
    const [recorded] = await clinic.append(aDraft(1, { content }))
    const without = await clinic.ask('auditor', `records/${recorded?.seq}/reveal`, json({ reason: ' ' }))
    assert.deepEqual([without.status, (await answered(without)).code], [400, 'invalid-query'])
    const revealed = await clinic.ask('auditor', `records/${recorded?.seq}/reveal`, json({ reason: 'review' }))
    const [{ revealed: contents }] = (await answered(revealed)).records
    assert.deepEqual(contents, [
      { name: 'scan', media_type: 'image/png', state: 'bytes', base64: body.toString('base64'), plain_size: 3 },
    ])
    const last = (await clinic.records()).at(-1)
    assert.deepEqual([last?.action, last?.outcome_reason], ['content_revealed', 'review'])
  })

  test('repeats a search as of a seq, to the byte, whatever came since', async () => {
    await using clinic = await serveClinic()
    await clinic.append(...[1, 2, 3].map((n) => aDraft(n)))
    const search = 'records?conversation_id=visit-1'
    const { as_of_seq, records } = await answered(clinic.ask('reader', search))
    assert.equal(records.length, 3)
    await clinic.append(aDraft(4))
    const repeated = await (await clinic.ask('reader', `${search}&as_of=${as_of_seq}`)).text()
    assert.equal(repeated, JSON.stringify({ as_of_seq, records }))
    const now = await answered(clinic.ask('reader', search))
    assert.equal(now.records.length, 4)
  })

  for (const order of ['ascending', 'descending'] as const) {
    test(`goes on with a search by its cursor, each record once, while others are recorded: ${order}`, async () => {
      await using clinic = await serveClinic()
      await clinic.append(...[1, 2, 3, 4, 5].map((n) => aDraft(n)))
      const found: unknown[] = []
      let path = `records?conversation_id=visit-1&order=${order}&limit=2`
      for (let n = 10; ; n++) {
        const { records, next, as_of_seq } = await answered(clinic.ask('reader', path))
        assert.equal(typeof as_of_seq, 'number')
        found.push(...records.map(({ id }: { id: string }) => id))
        if (next === undefined) break
        await clinic.append(aDraft(n))
        path = `records?cursor=${next}`
      }
      const ids = [1, 2, 3, 4, 5].map((n) => aDraft(n).id)
      assert.deepEqual(found, order === 'ascending' ? ids : ids.toReversed())
    })
  }

  test('puts a read on record in the name of whoever signed in, with why', async () => {
    await using clinic = await serveClinic()
    await clinic.append(aDraft(1))
    const headers = { 'Affidavit-Purpose': 'quarterly review' }
    await clinic.ask('reader', 'records?action=tool_invoked', { headers })
    const read = (await clinic.records()).at(-1)
    assert.deepEqual([read?.action, read?.purpose], ['records_viewed', 'quarterly review'])
    const resolved = await clinic.ask('privacy', 'resolve', json({ token: read?.actor_id, reason: 'who read?' }))
    assert.equal((await answered(resolved)).id, 'reader-1')
  })

  test('knows nobody without a credential, and says on record how many came with one that is none', async () => {
    await using clinic = await serveClinic()
    const statuses: number[] = []
    for (const authorization of [
      undefined,
      'Bearer nonsense',
      'Basic YTpi',
      `Bearer affidavit_000000000000_${'A'.repeat(43)}`,
    ]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await fetch(`${clinic.at}/records`, { headers })
      statuses.push(answer.status)
      assert.equal((await answered(answer)).code, 'not-signed-in')
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/)
    }
    assert.deepEqual(statuses, [401, 401, 401, 401])
    await clinic.serving.listening.drain(0)
    const denials = (await clinic.records()).filter(({ action }) => action === 'access_denied')
    const attempts = denials.map(({ details }) => Object(details).attempts)
    assert.equal(
      attempts.reduce((sum, one) => sum + one, 0),
      3,
    )
  })

  test('refuses what a role may not, on record, before it has read a body', async () => {
    await using clinic = await serveClinic()
    const refused = await clinic.ask('reader', 'records', { ...json({}), body: 'not even JSON' })
    assert.deepEqual([refused.status, (await answered(refused)).code], [403, 'not-allowed'])
    const read = await clinic.ask('writer', 'records')
    assert.equal(read.status, 403)
    const denials = (await clinic.records()).filter(({ action }) => action === 'access_denied')
    assert.deepEqual(
      denials.map(({ outcome, details }) => [outcome, Object(details).operation, Object(details).status]),
      [
        ['denied', 'appendRecords', 403],
        ['denied', 'searchRecords', 403],
      ],
    )
  })

  test('has no other ledger for a credential, whether it is there or not', async () => {
    await using clinic = await serveClinic()
    for (const other of ['nobody.example%2Fhere', encodeURIComponent(`${NAME}/0000000000000000`)]) {
      const answer = await clinic.ask('auditor', `/v1/ledgers/${other}/records`)
      assert.deepEqual([answer.status, (await answered(answer)).code], [404, 'not-found'])
    }
    const denials = (await clinic.records()).filter(({ action }) => action === 'access_denied')
    assert.deepEqual(
      denials.map(({ details }) => Object(details).status),
      [404, 404],
    )
  })

  test('lets nobody but whoever signed in state a late fact, whatever the draft says', async () => {
    await using clinic = await serveClinic()
    const [about] = await clinic.append(aDraft(1))
    const fact = {
      action: 'record_amended',
      actor_type: 'agent',
      parent_id: about?.id,
      details: { reason: 'typed wrongly', amends: ['purpose'] },
      purpose: 'treatment',
    }
    const byWriter = await clinic.ask('writer', 'records', json({ ...fact, actor_id: 'writer-1' }))
    const forged = await clinic.ask('privacy', 'records', json({ ...fact, actor_id: 'somebody-else' }))
    const own = await clinic.ask('privacy', 'records', json(fact))
    const draft = await clinic.ask('privacy', 'records', json(aDraft(2)))
    assert.deepEqual([byWriter.status, forged.status, own.status, draft.status], [403, 403, 201, 403])
    const { seq } = await answered(own)
    const { actor_id: token, actor_type } = await answered(clinic.ask('privacy', `records/${seq}`))
    const resolved = await clinic.ask('privacy', 'resolve', json({ token, reason: 'whose word is it?' }))
    assert.deepEqual([(await answered(resolved)).id, actor_type], ['privacy-1', 'user'])
    const denials = (await clinic.records()).filter(({ action }) => action === 'access_denied')
    assert.equal(denials.length, 3)
  })

  test('takes drafts of certain agents alone from a key that is for these', async () => {
    await using clinic = await serveClinic()
    const key = await clinic.key('writer', { scope: { agents: ['triage'] } })
    const send = (agent_name?: string): Promise<Response> =>
      fetch(`${clinic.at}/records`, {
        ...json(aDraft(1, agent_name === undefined ? {} : { agent_name })),
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
      })
    const statuses = [(await send('billing')).status, (await send()).status, (await send('triage')).status]
    assert.deepEqual(statuses, [403, 403, 201])
  })

  test('names its ledger as it is written, with slashes or percent-encoded, and by its incarnation', async () => {
    await using clinic = await serveClinic()
    const [{ origin }] = (await answered(clinic.ask('reader', '/v1/ledgers'))).ledgers
    for (const name of [NAME, encodeURIComponent(NAME), origin, encodeURIComponent(origin)]) {
      const answer = await clinic.ask('reader', `/v1/ledgers/${name}/health`)
      assert.deepEqual([name, answer.status], [name, 200])
      assert.equal(answer.headers.get('affidavit-ledger'), origin)
    }
  })
})
