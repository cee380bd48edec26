import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ActorType } from '../formats/fields.ts'
import { parseRegistry } from './parse.ts'
import { type Personal, personalIds } from './personal-ids.ts'

function judged(section: string, actor: ActorType, type: string | undefined): Personal {
  return personalIds(
    parseRegistry(`version: 1\nrevision: test\n${section}`, 'yaml', 'test.yaml').personal_ids,
    actor,
    type,
  )
}

for (const [actor, personal] of [
  ['user', true],
  ['admin', true],
  ['agent', false],
  ['system', false],
] as const) {
  test(`where nothing is said, the id of a ${actor} is ${personal ? '' : 'not '}personal, and every other id is`, () => {
    assert.deepEqual(judged('', actor, 'flight'), { actor_id: personal, on_behalf_of: true, resource_id: true })
  })
}

test('a record without a resource has no personal resource', () => {
  assert.equal(judged('', 'user', undefined).resource_id, false)
})

const SAID =
  'personal_ids: { actor_types: [agent], on_behalf_of: false, impersonal_resource_types: [flight, schedule] }\n'

test('what a registry says of ids holds instead', () => {
  assert.deepEqual(judged(SAID, 'user', 'flight'), { actor_id: false, on_behalf_of: false, resource_id: false })
  assert.deepEqual(judged(SAID, 'agent', 'reservation'), { actor_id: true, on_behalf_of: false, resource_id: true })
})

test('what a registry leaves out stays as it is where nothing is said', () => {
  const said = 'personal_ids: { impersonal_resource_types: [flight] }\n'
  assert.deepEqual(judged(said, 'user', 'flight'), { actor_id: true, on_behalf_of: true, resource_id: false })
})

test('the prompt and the model of an agent stand under its name, whatever a registry says', () => {
  for (const type of ['agent_prompt', 'agent_model']) {
    assert.equal(judged('', 'user', type).resource_id, false)
    assert.equal(judged(SAID, 'user', type).resource_id, false)
  }
})
