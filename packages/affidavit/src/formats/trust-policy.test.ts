import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { fromHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { evaluateQuorum, parseTrustPolicy, type TrustPolicy } from './trust-policy.ts'
import { createVerifierKey, formatVerifierKey, parseVerifierKey, type VerifierKey } from './verifier-key.ts'

interface PolicyVectors {
  cosigners: string[]
  policies: {
    name: string
    input: string
    expected: object
    quorums: { cosigners: number[]; met: boolean; required: number; counted: number }[]
  }[]
  lies: { name: string; input?: string; inputHex?: string; line: number; lie: string }[]
}

const vectors: PolicyVectors = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/trust-policy.json', import.meta.url), 'utf8'),
)

function parse(text: string): TrustPolicy {
  const policy = parseTrustPolicy(utf8(text))
  assert.ok(!('code' in policy), JSON.stringify(policy))
  return policy
}

function cosigner(index: number): VerifierKey {
  const key = parseVerifierKey(vectors.cosigners[index] ?? '')
  assert.ok(!('code' in key))
  return key
}

function withVkeys({ logs, witnesses, groups, quorum }: TrustPolicy): object {
  const named = <T extends { key: VerifierKey }>({ key, ...rest }: T): object => ({
    ...rest,
    vkey: formatVerifierKey(key),
  })
  return { logs: logs.map(named), witnesses: witnesses.map(named), groups, quorum }
}

for (const { name, input, expected, quorums } of vectors.policies) {
  test(`a trust policy is read, and its quorum weighed: ${name}`, () => {
    const policy = parse(input)
    assert.deepEqual(withVkeys(policy), expected)
    for (const { cosigners, ...tally } of quorums) {
      const { witnesses, ...weighed } = evaluateQuorum(policy, cosigners.map(cosigner))
      assert.deepEqual(weighed, tally)
      assert.ok(witnesses.length <= new Set(cosigners).size)
    }
  })
}

for (const { name, input, inputHex, line, lie } of vectors.lies) {
  test(`refused as a trust policy: ${name}`, () => {
    const bytes = input === undefined ? fromHex(inputHex ?? '') : utf8(input)
    assert.ok(bytes !== undefined)
    const policy = parseTrustPolicy(bytes)
    assert.ok('code' in policy)
    assert.deepEqual({ code: policy.code, line: policy.line }, { code: lie, line })
  })
}

test('the fault of a key says what is wrong with the key', () => {
  const policy = parseTrustPolicy(utf8('quorum none\nlog abc\n'))
  assert.deepEqual(policy, { line: 2, code: 'policy-key', cause: { code: 'vkey-parts' } })
})

test('a key of the same name that is not pinned counts for nothing', () => {
  const policy = parse(`witness a ${vectors.cosigners[0]}\nquorum a\n`)
  const pinned = cosigner(0)
  const other = createVerifierKey(pinned.name, 'cosignature/v1', new Uint8Array(32).fill(1))
  assert.equal(evaluateQuorum(policy, [other, { ...other, keyId: pinned.keyId }]).met, false)
  assert.equal(evaluateQuorum(policy, [{ ...pinned, type: 'ed25519' }]).met, false)
  assert.equal(evaluateQuorum(policy, [other, pinned]).met, true)
})

test('32 logs, 32 witnesses and 32 groups are read, and nested groups without end of stack', () => {
  const key = (kind: string, type: 'ed25519' | 'cosignature/v1', n: number): string =>
    formatVerifierKey(createVerifierKey(`${kind}${n}.test.example`, type, new Uint8Array(32).fill(n)))
  const numbers = Array.from({ length: 32 }, (_, n) => n)
  const logs = numbers.map((n) => `log ${key('log', 'ed25519', n)}\n`)
  const witnesses = numbers.map((n) => `witness w${n} ${key('w', 'cosignature/v1', n)}\n`)
  const groups = numbers.map((n) => `group g${n} all w${n}${n === 0 ? '' : ` g${n - 1}`}\n`)
  const policy = parse([...logs, ...witnesses, ...groups, 'quorum g31\n'].join(''))
  const all = policy.witnesses.map((witness) => witness.key)
  assert.equal(evaluateQuorum(policy, all).met, true)
  assert.equal(evaluateQuorum(policy, all.slice(1)).met, false)

  const deep = ['group g0 all w0\n', ...Array.from({ length: 20_000 }, (_, n) => `group g${n + 1} all g${n}\n`)]
  const tower = parse([...witnesses, ...deep, 'quorum g20000\n'].join(''))
  assert.equal(evaluateQuorum(tower, all).met, true)
  assert.equal(evaluateQuorum(tower, all.slice(1)).met, false)
})

interface Tree {
  readonly threshold: number
  readonly members: readonly (Tree | number)[]
}

const { tree } = fc.letrec<{ tree: Tree; leaf: number }>((tie) => ({
  leaf: fc.integer({ min: 0, max: 9 }),
  tree: fc
    .array(fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('tree')), { minLength: 1, maxLength: 4 })
    .chain((members) => fc.integer({ min: 1, max: members.length }).map((threshold) => ({ threshold, members }))),
}))

// The rule as the specification words it, member by member.
function witnessed(node: Tree | number, cosigned: readonly number[], seen: { leaves: number }): boolean {
  if (typeof node === 'number') return cosigned.includes(seen.leaves++)
  const answers = node.members.map((member) => witnessed(member, cosigned, seen))
  return answers.filter((answer) => answer).length >= node.threshold
}

function writePolicy(root: Tree): { text: string; keys: VerifierKey[] } {
  const lines: string[] = []
  const keys: VerifierKey[] = []
  const write = (node: Tree | number): string => {
    if (typeof node === 'number') {
      const raw = new Uint8Array(32)
      new DataView(raw.buffer).setUint32(0, keys.length)
      keys.push(createVerifierKey(`w${keys.length}.test.example`, 'cosignature/v1', raw))
      lines.push(`witness w${keys.length - 1} ${formatVerifierKey(keys[keys.length - 1] ?? cosigner(0))}\n`)
      return `w${keys.length - 1}`
    }
    const members = node.members.map(write)
    lines.push(`group g${lines.length} ${node.threshold} ${members.join(' ')}\n`)
    return `g${lines.length - 1}`
  }
  const quorum = write(root)
  return { text: `${lines.join('')}quorum ${quorum}\n`, keys }
}

test('the quorum of any tree of groups is met exactly where the rule, followed naively, says so', () => {
  fc.assert(
    fc.property(tree, fc.infiniteStream(fc.boolean()), (root, coin) => {
      const { text, keys } = writePolicy(root)
      const chosen = keys.map((_, index) => index).filter(() => coin.next().value)
      const { met } = evaluateQuorum(
        parse(text),
        chosen.flatMap((index) => keys[index] ?? []),
      )
      assert.equal(met, witnessed(root, chosen, { leaves: 0 }))
    }),
    { numRuns: 300 },
  )
})

test('hostile bytes are refused without a throw, on a line that the file has', () => {
  fc.assert(
    fc.property(hostileBytes(vectors.policies.map(({ input }) => utf8(input))), (bytes) => {
      const policy = parseTrustPolicy(bytes)
      if (!('code' in policy)) return
      assert.ok(policy.line >= 0 && policy.line <= Buffer.from(bytes).toString('latin1').split('\n').length)
    }),
    { numRuns: 500 },
  )
})
