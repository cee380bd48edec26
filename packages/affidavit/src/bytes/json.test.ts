import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import vm from 'node:vm'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { sharedFolder } from '../../test/shared-vectors.ts'
import {
  canonicalJson,
  canonicalNumber,
  canonicalValue,
  ENTRY_JSON,
  JsonFault,
  type JsonRules,
  memberPath,
  PLAIN_JSON,
  parseJson,
} from './json.ts'

// Negative zero is the one value that canonical JSON does not give back; the native writer takes it away.
const json = fc
  .jsonValue({ maxDepth: 5, stringUnit: 'binary' })
  .map((value): unknown => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')))
  .filter((value) => JSON.stringify(value).isWellFormed() && !/\\ud/.test(JSON.stringify(value)))

function faultOf(run: () => unknown): JsonFault {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof JsonFault, `threw ${error}`)
    return error
  }
  return assert.fail('nothing was refused')
}

function assertRefused(run: () => unknown, path: string, problem: string): void {
  const fault = faultOf(run)
  assert.equal(fault.path, path)
  assert.ok(fault.message.includes(problem), `${fault.message} does not say: ${problem}`)
}

test('what was written is read back, and writing it again gives the same text', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value, PLAIN_JSON)
      const read = parseJson(text, PLAIN_JSON)
      assert.deepEqual(read, value)
      assert.equal(canonicalJson(read, PLAIN_JSON), text)
    }),
  )
})

test('every finite double is read back as it was written', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = canonicalNumber(value)
      assert.equal(parseJson(text, PLAIN_JSON), value === 0 ? 0 : value)
      assert.equal(text, canonicalize(value))
    }),
  )
})

test('another implementation of RFC 8785 writes every value alike', () => {
  fc.assert(fc.property(json, (value) => assert.equal(canonicalJson(value, PLAIN_JSON), canonicalize(value))))
})

test('a member’s value written alone is written as in its object', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), json, (key, value) => {
      fc.pre(key !== '__proto__')
      const text = `{${canonicalJson(key, PLAIN_JSON)}:${canonicalValue(key, value, PLAIN_JSON)}}`
      assert.equal(text, canonicalJson({ [key]: value }, PLAIN_JSON))
    }),
  )
})

test('white space and the order of keys leave no trace', () => {
  const spaced = ' {\t"b" : [ 1 , {"z":2,\r\n"y" : 3} ] ,\n"a"\n:null }\n'
  assert.equal(canonicalJson(parseJson(spaced, ENTRY_JSON), ENTRY_JSON), '{"a":null,"b":[1,{"y":3,"z":2}]}')
})

test('keys stand in the order of UTF-16 code units, not of code points', () => {
  const keys = { '\ufb33': 1, '\u{1f600}': 2, a: 3, A: 4, '': 5, '10': 6, '9': 7, é: 8 }
  assert.equal(canonicalJson(keys, ENTRY_JSON), '{"":5,"10":6,"9":7,"A":4,"a":3,"é":8,"\u{1f600}":2,"\ufb33":1}')
})

test('text is escaped where RFC 8785 says so, and nowhere else', () => {
  for (let code = 0; code < 0x20; code++) {
    const short = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r' }[code]
    const written = short ?? `\\u00${code.toString(16).padStart(2, '0')}`
    assert.equal(canonicalJson(String.fromCharCode(code), PLAIN_JSON), `"${written}"`)
  }
  assert.equal(canonicalJson('"\\/', ENTRY_JSON), '"\\"\\\\/"')
  for (const raw of [
    '\u007f',
    '\u0080',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\uffff',
    '</script>',
    'e\u0301',
    '\u{10ffff}',
  ]) {
    assert.equal(canonicalJson(raw, ENTRY_JSON), `"${raw}"`)
  }
})

// Doubles by their bits, with the text that ECMAScript prescribes: around the places where its notation changes.
const doubles: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
  ['3ff0000000000000', '1'],
  ['3fb999999999999a', '0.1'],
]

for (const [bits, text] of doubles) {
  test(`the double ${bits} is written ${text}`, () => {
    const value = Buffer.from(bits, 'hex').readDoubleBE()
    assert.equal(canonicalNumber(value), text)
    assert.equal(canonicalJson(value, PLAIN_JSON), text)
    assert.equal(parseJson(text, PLAIN_JSON), value === 0 ? 0 : value)
  })
}

const cycle: Record<string, unknown> = {}
cycle.self = cycle
const hole = [1, 2, 3]
delete hole[1]

/** Values that have no canonical form: name, value, path of the offence, what is said of it. */
const strangers: readonly (readonly [name: string, value: unknown, path: string, problem: string])[] = [
  ['NaN', Number.NaN, '', 'NaN is no JSON number'],
  ['infinity', { a: [Number.POSITIVE_INFINITY] }, 'a[0]', 'Infinity is no JSON number'],
  ['minus infinity', [Number.NEGATIVE_INFINITY], '[0]', '-Infinity is no JSON number'],
  ['an integer beyond 2^53 - 1', { n: 2 ** 53 }, 'n', 'write it as a string'],
  ['a negative integer beyond 2^53 - 1', { n: -(2 ** 53) }, 'n', 'write it as a string'],
  ['an integer that is written with an exponent', { n: 1e21 }, 'n', 'write it as a string'],
  ['U+0000', { text: 'a\0b' }, 'text', 'U+0000'],
  ['U+0000 in a key', { 'a\0b': 1 }, '["a\\u0000b"]', 'U+0000'],
  ['a lone high surrogate', { text: '\ud800' }, 'text', 'lone surrogate'],
  ['a lone low surrogate', { text: 'a\udc00' }, 'text', 'lone surrogate'],
  ['surrogates in the wrong order', { text: '\udc00\ud800' }, 'text', 'lone surrogate'],
  ['a lone surrogate in a key', { '\udfff': 1 }, '["\\udfff"]', 'lone surrogate'],
  ['the own key __proto__', JSON.parse('{"__proto__":{}}'), '__proto__', '__proto__ is refused'],
  ['the own key __proto__, deeper', { a: [JSON.parse('{"__proto__":1}')] }, 'a[0].__proto__', '__proto__ is refused'],
  ['undefined', undefined, '', 'undefined has no JSON form'],
  ['an undefined member', { a: { b: undefined } }, 'a.b', 'undefined has no JSON form'],
  ['a bigint', { n: 1n }, 'n', 'bigint has no JSON form'],
  ['a function', { f: () => 1 }, 'f', 'function has no JSON form'],
  ['a symbol', { s: Symbol('s') }, 's', 'symbol has no JSON form'],
  ['a symbol key', { a: { [Symbol('s')]: 1 } }, 'a', 'symbol key'],
  ['a Date', { at: new Date(0) }, 'at', 'an instance of Date has no JSON form'],
  ['a Map', { m: new Map() }, 'm', 'an instance of Map has no JSON form'],
  ['a Set', { s: new Set([1]) }, 's', 'an instance of Set has no JSON form'],
  ['a RegExp', { r: /x/ }, 'r', 'an instance of RegExp has no JSON form'],
  ['an Error', { e: new Error('x') }, 'e', 'an instance of Error has no JSON form'],
  ['a Promise', { p: Promise.resolve(1) }, 'p', 'an instance of Promise has no JSON form'],
  ['a boxed string', { s: Object('x') }, 's', 'an instance of String has no JSON form'],
  ['bytes', { b: new Uint8Array(2) }, 'b', 'an instance of Uint8Array has no JSON form'],
  ['a class instance', { o: new (class Patient {})() }, 'o', 'an instance of Patient has no JSON form'],
  ['an object with another prototype', { o: Object.create({ inherited: 1 }) }, 'o', 'give a plain object'],
  ['an object with toJSON', { o: { toJSON: () => 1 } }, 'o.toJSON', 'function has no JSON form'],
  ['a hole in an array', { list: hole }, 'list[1]', 'hole'],
  ['a cycle', cycle, 'self.'.repeat(31).concat('self'), 'nested deeper than 32'],
  [
    'a getter that throws',
    {
      a: {
        get b(): never {
          throw new Error('secret')
        },
      },
    },
    'a',
    'reading it threw',
  ],
  ['a proxy that throws', { a: new Proxy({}, { ownKeys: () => assert.fail('secret') }) }, 'a', 'reading it threw'],
  ['a revoked proxy', { a: revoked() }, 'a', 'reading it threw'],
]

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

for (const [name, value, path, problem] of strangers) {
  test(`not written: ${name}`, () => assertRefused(() => canonicalJson(value, ENTRY_JSON), path, problem))
}

test('what a getter threw is kept as the cause, and out of the message', () => {
  const fault = faultOf(() =>
    canonicalJson(strangers.find(([name]) => name === 'a getter that throws')?.[1], ENTRY_JSON),
  )
  assert.ok(!fault.message.includes('secret'))
  assert.ok(fault.cause instanceof Error)
})

test('objects without a prototype are plain', () => {
  assert.equal(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 }), ENTRY_JSON), '{"a":2,"b":1}')
})

test('members that are not enumerable are not part of the value', () => {
  assert.equal(canonicalJson(Object.defineProperty({ a: 1 }, 'b', { value: 2 }), ENTRY_JSON), '{"a":1}')
})

test('each member is read once', () => {
  let reads = 0
  const value = {
    list: [
      {
        get n(): number {
          return ++reads
        },
      },
    ],
  }
  assert.equal(canonicalJson(value, ENTRY_JSON), '{"list":[{"n":1}]}')
  assert.equal(reads, 1)
})

test('32 levels are written and read, 33 are refused', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
  assert.equal(canonicalJson(parseJson(nested(32), ENTRY_JSON), ENTRY_JSON), nested(32))
  const path = '[0]'.repeat(32)
  assertRefused(() => parseJson(nested(33), ENTRY_JSON), path, 'nested deeper than 32')
  assertRefused(() => canonicalJson(JSON.parse(nested(33)), ENTRY_JSON), path, 'nested deeper than 32')
  assertRefused(() => parseJson(nested(100_000), PLAIN_JSON), '[0]'.repeat(512), 'nested deeper than 512')
})

test('a value whose text would fill the memory is refused soon', () => {
  let doubled: unknown = 'leaf'
  for (let level = 0; level < 31; level++) doubled = { left: doubled, right: doubled }
  const fault = faultOf(() => canonicalJson(doubled, ENTRY_JSON))
  assert.equal(fault.kind, 'too-long')
  const endless = new Proxy([], { get: (_, name) => (name === 'length' ? 2 ** 32 : 1), has: () => true })
  assert.equal(faultOf(() => canonicalJson(endless, ENTRY_JSON)).kind, 'too-long')
})

test('a text of the greatest length is written, one that is longer is too long', () => {
  const rules: JsonRules = { ...ENTRY_JSON, maxLength: 10 }
  assert.equal(canonicalJson(['123456'], rules), '["123456"]')
  for (const [value, path] of [
    [['x'.repeat(11)], '[0]'],
    [{ a: [1, 2, 3, 4, 5, 6] }, 'a'],
  ] as const) {
    const fault = faultOf(() => canonicalJson(value, rules))
    assert.deepEqual([fault.kind, fault.path], ['too-long', path])
  }
})

/** Texts that are no strict JSON: name, text, path of the offence, what is said of it. */
const lies: readonly (readonly [name: string, text: string, path: string, problem: string])[] = [
  ['nothing', '', '', 'expected a JSON value but found the end of the text at offset 0'],
  ['white space only', ' \n', '', 'offset 2'],
  ['a byte order mark', '\ufeff{}', '', 'expected a JSON value'],
  ['two values', '{} {}', '', 'expected the end of the text but found "{" at offset 3'],
  ['a no-break space', '{"a":\u00a01}', 'a', 'expected a JSON value'],
  ['a duplicate key', '{"a":1,"a":1}', 'a', 'stands twice'],
  ['a duplicate key, deeper', '{"x":[{"a":1,"b":2,"a":3}]}', 'x[0].a', 'stands twice'],
  ['a duplicate key that is spelt with an escape', '{"a":1,"\\u0061":2}', 'a', 'stands twice'],
  ['the key __proto__', '{"__proto__":{"admin":true}}', '__proto__', '__proto__ is refused'],
  ['the key __proto__, deeper', '{"a":{"__proto__":1}}', 'a.__proto__', '__proto__ is refused'],
  ['the key __proto__ that is spelt with an escape', '{"\\u005f_proto__":1}', '__proto__', '__proto__ is refused'],
  ['an integer beyond 2^53 - 1', '{"n":9007199254740992}', 'n', 'write it as a string'],
  ['an integer that no double gives back', '[9007199254740993]', '[0]', 'write it as a string'],
  ['a negative integer beyond 2^53 - 1', '[-9007199254740992]', '[0]', 'write it as a string'],
  ['an integer of a thousand digits', `[1${'0'.repeat(300)}]`, '[0]', 'write it as a string'],
  ['an integer beyond every double', `[1${'0'.repeat(400)}]`, '[0]', 'beyond the range of a double'],
  ['an unsafe integer with a point', '[9007199254740992.0]', '[0]', 'write it as a string'],
  ['an unsafe integer with an exponent', '[1e16]', '[0]', 'write it as a string'],
  ['an exponent beyond every double', '[1e309]', '[0]', 'beyond the range of a double'],
  ['NaN', '[NaN]', '[0]', 'expected a JSON value but found "N"'],
  ['Infinity', '[-Infinity]', '[0]', 'expected a JSON value'],
  ['a leading zero', '[01]', '', 'expected "," or "]" but found "1"'],
  ['a leading plus', '[+1]', '[0]', 'expected a JSON value'],
  ['a point without digits', '[1.]', '', 'expected "," or "]"'],
  ['digits without a whole', '[.5]', '[0]', 'expected a JSON value'],
  ['a hexadecimal number', '[0x1]', '', 'expected "," or "]"'],
  ['U+0000 as an escape', '{"a":"\\u0000"}', 'a', 'U+0000'],
  ['U+0000 as it is', '{"a":"\0"}', 'a', 'control character'],
  ['a raw newline in text', '{"a":"\n"}', 'a', 'control character or a broken escape'],
  ['a lone surrogate as an escape', '{"a":"\\ud800"}', 'a', 'lone surrogate'],
  ['a lone surrogate in a key', '{"\\udc00":1}', '', 'lone surrogate'],
  ['an escape that does not exist', '["\\x41"]', '[0]', 'broken escape'],
  ['a cut escape', '["\\u12"]', '[0]', 'broken escape'],
  ['text that is not closed', '["abc', '[0]', 'begins at offset 1 is not closed'],
  ['text whose closing quote is escaped', '["abc\\"]', '[0]', 'is not closed'],
  ['single quotes', "{'a':1}", '', 'expected a key in quotes'],
  ['a key without quotes', '{a:1}', '', 'expected a key in quotes'],
  ['a key without a value', '{"a"}', 'a', 'expected ":" but found "}"'],
  ['a comma at the end of an object', '{"a":1,}', '', 'expected a key in quotes'],
  ['a comma at the end of an array', '[1,]', '[1]', 'expected a JSON value'],
  ['an object that is not closed', '{"a":1', '', 'expected "," or "}" but found the end of the text'],
  ['an array that is not closed', '[1', '', 'expected "," or "]" but found the end of the text'],
  ['a comment', '[1 // one\n]', '', 'expected "," or "]"'],
  ['a word that JSON does not have', '[undefined]', '[0]', 'expected a JSON value'],
  ['half a word', '[tru]', '[0]', 'expected a JSON value'],
]

for (const [name, text, path, problem] of lies) {
  test(`not read: ${name}`, () => assertRefused(() => parseJson(text, ENTRY_JSON), path, problem))
}

test('plain JSON reads an unsafe integer where its digits come back, and no other', () => {
  for (const text of ['9007199254740992', '100000000000000000000', '-295147905179352830000']) {
    assert.equal(canonicalJson(parseJson(text, PLAIN_JSON), PLAIN_JSON), text)
  }
  for (const text of ['9007199254740993', '295147905179352825856', '1000000000000000000000']) {
    assertRefused(() => parseJson(text, PLAIN_JSON), '', 'write it as a string')
  }
})

test('a refused number is not repeated in the message', () => {
  for (const text of ['4111111111111111111', '4111111111111111111e999']) {
    assert.ok(!faultOf(() => parseJson(text, ENTRY_JSON)).message.includes('41111'))
  }
  assert.ok(!faultOf(() => canonicalJson(Number('4111111111111111111'), ENTRY_JSON)).message.includes('41111'))
})

test('what is read is what the native parser reads; what only that accepts is refused for a reason', () => {
  const reasons = /stands twice|lone surrogate|__proto__|write it as a string|beyond the range|nested deeper/
  fc.assert(
    fc.property(editedText(), (text) => {
      const native = nativelyRead(text)
      let strict: { value: unknown } | undefined
      try {
        strict = { value: parseJson(text, PLAIN_JSON) }
      } catch (error) {
        assert.ok(error instanceof JsonFault)
        if (native !== undefined) assert.match(error.message, reasons)
        return
      }
      assert.deepEqual(strict, native)
    }),
    { numRuns: 1000 },
  )
})

test('members are named as a program would write them', () => {
  assert.equal(memberPath('', 'details'), 'details')
  assert.equal(memberPath('details', 'tokens_2'), 'details.tokens_2')
  assert.equal(memberPath('details', 'a b'), 'details["a b"]')
  assert.equal(memberPath('', '2'), '["2"]')
})

/** JSON texts, with white space, and up to two characters put in or taken out. */
function editedText(): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.nat(2),
    insert: fc.constantFrom(
      '',
      '',
      '"',
      ',',
      ':',
      '{',
      '}',
      '[',
      ']',
      '0',
      '-',
      '.',
      'e9',
      '\\',
      '\\ud800',
      ' ',
      'true',
    ),
  })
  return fc
    .tuple(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(0, 1), fc.array(edit, { maxLength: 2 }))
    .map(([value, indent, edits]) =>
      edits.reduce(
        (text, { at, remove, insert }) => {
          const from = at % (text.length + 1)
          return text.slice(0, from) + insert + text.slice(from + remove)
        },
        JSON.stringify(value, undefined, indent),
      ),
    )
}

function nativelyRead(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

test('an object of another realm is no plain object of ours', () => {
  assertRefused(() => canonicalJson({ a: vm.runInNewContext('({})') }, ENTRY_JSON), 'a', 'give a plain object')
})

const shared = sharedFolder()
const skip = shared === undefined ? 'no folder of foreign vectors beside the checkout' : false

describe('foreign vectors of RFC 8785', { skip }, () => {
  const folder = join(shared ?? '', 'vectors/jcs')

  test('the six reference texts come out byte by byte', () => {
    const names = readdirSync(join(folder, 'input'))
    assert.equal(names.length, 6)
    for (const name of names) {
      const value = parseJson(readFileSync(join(folder, 'input', name), 'utf8'), PLAIN_JSON)
      const text = canonicalJson(value, PLAIN_JSON)
      assert.equal(text, readFileSync(join(folder, 'output', name), 'utf8').trimEnd())
      const hex = readFileSync(join(folder, 'outhex', name.replace('.json', '.txt')), 'utf8').replaceAll(/\s/g, '')
      assert.equal(Buffer.from(text).toString('hex'), hex)
    }
  })

  test('ten thousand doubles get their text', () => {
    const lines = readFileSync(join(folder, 'es6-numbers-10000.txt'), 'utf8').trimEnd().split('\n')
    assert.equal(lines.length, 10_000)
    for (const line of lines) {
      const [bits = '', text] = line.split(',')
      assert.equal(canonicalNumber(Buffer.from(bits.padStart(16, '0'), 'hex').readDoubleBE()), text)
    }
  })
})
