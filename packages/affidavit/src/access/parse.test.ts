import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { anyText } from '../../test/any-text.ts'
import { type DocumentLie, documentFault, documentLies } from '../../test/document-lies.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { DocumentFault } from '../documents/fault.ts'
import { signerKeyFromSeed } from '../formats/signer-key.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import { parseAccessPolicy } from './parse.ts'
import { APPROVER_ROLES, ROLE_NAMES } from './roles.ts'

const folder = join(import.meta.dirname, '../../testdata/access')
const WHOLE = readFileSync(join(folder, 'whole.yaml'), 'utf8')

const LIES = documentLies(folder)

function faultOf(text: string, format: 'yaml' | 'json', file: string): DocumentFault {
  return documentFault(() => parseAccessPolicy(text, format, file))
}

function faultOfLie({ file }: DocumentLie): DocumentFault {
  return faultOf(readFileSync(join(folder, file), 'utf8'), file.endsWith('.json') ? 'json' : 'yaml', file)
}

for (const lie of LIES) {
  test(`refused as an access policy: ${lie.name}`, () => {
    const fault = faultOfLie(lie)
    const { code, path, file } = fault
    assert.deepEqual({ code, path, file }, { code: 'invalid-access-policy', path: lie.path, file: lie.file })
    if (lie.line !== null) assert.equal(fault.line, lie.line)
    assert.ok(fault.problem.includes(lie.problem), `${fault.problem} does not say: ${lie.problem}`)
    assert.ok(fault.cure !== '' && fault.message.endsWith(`; ${fault.cure}`))
  })
}

test('no fault of a policy tells a secret', () => {
  const lie = LIES.find(({ name }) => name === 'a secret key') ?? assert.fail()
  assert.match(readFileSync(join(folder, lie.file), 'utf8'), /PRIVATE\+KEY\+.*\+AQcHBwcH/)
  assert.doesNotMatch(faultOfLie(lie).message, /PRIVATE|AQcH/)
})

test('every file of lies is told of, and every lie has a file', () => {
  const files = readdirSync(folder).filter((name) => !/^(lies|whole)\./.test(name))
  assert.deepEqual(LIES.map(({ file }) => file).toSorted(), files.toSorted())
})

function keyOf(name: string, seed: number): string {
  return formatVerifierKey(signerKeyFromSeed(name, 'ed25519', new Uint8Array(32).fill(seed)).verifierKey)
}

test('all that a policy can say is read', () => {
  const { revision, people, everybody_else } = parseAccessPolicy(WHOLE, 'yaml', 'whole.yaml')
  assert.equal(revision, '2026-11-21')
  assert.deepEqual(everybody_else, ['reader'])
  const told = [...people].map(([name, { roles, approval_key }]) => [
    name,
    roles,
    approval_key === undefined ? undefined : formatVerifierKey(approval_key),
  ])
  assert.deepEqual(told, [
    ['dr.lee', ['privacy_officer'], keyOf('approver/lee', 9)],
    ['kim', ['auditor', 'erasure_approver'], keyOf('approver/kim', 7)],
    ['ops', ['operator'], undefined],
    ['Zoë 🦊', ['content_reader'], undefined],
    ['gone', [], undefined],
  ])
})

test('a policy that says nothing allows nobody anything', () => {
  const { people, everybody_else } = parseAccessPolicy('affidavit_access: 1\nrevision: r\n', 'yaml', 'r')
  assert.deepEqual([people.size, everybody_else], [0, []])
})

const DIGEST = '031ef508c8f9393b05ebb654fe71fd8a1e94545724fdeb4b5b4e0d8e585b8fbe'

test('the digest of a policy is that of another implementation', () => {
  const json = readFileSync(join(folder, 'whole.json'), 'utf8')
  assert.equal(parseAccessPolicy(WHOLE, 'yaml', 'whole.yaml').digest, DIGEST)
  assert.deepEqual(parseAccessPolicy(json, 'json', 'r'), parseAccessPolicy(WHOLE, 'yaml', 'r'))
})

const policies = fc.record({
  affidavit_access: fc.constant(1),
  revision: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 }).filter((text) => text.trim() !== ''),
  people: fc.dictionary(
    fc.stringMatching(/^[a-z][a-z.]{0,20}$/),
    fc.record({
      roles: fc.uniqueArray(fc.constantFrom(...ROLE_NAMES.filter((role) => !APPROVER_ROLES.includes(role)))),
    }),
  ),
})

test('the digest is of what a policy says, however it is written', () => {
  fc.assert(
    fc.property(policies, fc.boolean(), (policy, flow) => {
      const digest = sha256Hex(canonicalize(policy) ?? assert.fail())
      const yaml = stringify(policy, { collectionStyle: flow ? 'flow' : 'block' })
      assert.equal(parseAccessPolicy(yaml, 'yaml', 'r').digest, digest)
      assert.equal(parseAccessPolicy(JSON.stringify(policy, null, 2), 'json', 'r').digest, digest)
      const other = { ...policy, people: { ...policy.people, 'one more': { roles: [] } } }
      assert.notEqual(parseAccessPolicy(JSON.stringify(other), 'json', 'r').digest, digest)
    }),
    { numRuns: 100 },
  )
})

test('no text makes the reader of policies throw anything but its fault', () => {
  const put = fc.oneof(
    fc.constantFrom('\n', ': ', '[', ']', '{', '}', '"', "'", '&a', '*a', '!t', '|', '---\n', '~', '<<'),
    anyText({ maxLength: 5 }),
  )
  const mutated = fc
    .tuple(fc.nat(WHOLE.length), fc.nat(20), put)
    .map(([at, length, by]) => WHOLE.slice(0, at) + by + WHOLE.slice(at + length))
  fc.assert(
    fc.property(mutated, fc.constantFrom('yaml', 'json'), (text, format) => answersOrFaults(text, format)),
    { numRuns: 500 },
  )
})

test('no value in a policy makes the reader throw anything but its fault', () => {
  const whole: unknown = parse(WHOLE)
  fc.assert(
    fc.property(fc.nat(25), fc.jsonValue({ maxDepth: 3 }), (left, value) => {
      answersOrFaults(JSON.stringify(replaceAt(whole, { left }, value)), 'json')
    }),
    { numRuns: 300 },
  )
})

function answersOrFaults(text: string, format: 'yaml' | 'json'): void {
  try {
    parseAccessPolicy(text, format, 'r')
  } catch (error) {
    assert.ok(error instanceof DocumentFault, `threw ${error}`)
    assert.equal(error.message.includes('\n'), false)
  }
}

// The value with its n-th part, counted from outside in, replaced.
function replaceAt(value: unknown, count: { left: number }, by: unknown): unknown {
  if (count.left-- === 0) return by
  if (Array.isArray(value)) return value.map((item) => replaceAt(item, count, by))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaceAt(inner, count, by)]))
}
