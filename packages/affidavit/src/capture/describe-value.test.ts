import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import vm from 'node:vm'

import fc from 'fast-check'

import { describeValue } from './describe-value.ts'

/** The value that the text says, and what it does not hold. */
function shown(value: unknown): { value: unknown; uncaptured: readonly string[] } {
  const { text, media_type, uncaptured } = describeValue(value, 'arguments')
  return { value: media_type === 'text/plain' ? text : JSON.parse(text), uncaptured }
}

function assertShown(value: unknown, expected: unknown, uncaptured: readonly string[] = []): void {
  assert.deepEqual(shown(value), { value: expected, uncaptured })
}

const MIB = 1_048_576

test('the text of any JSON value is JSON of the same value, and nothing is missing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8, noUnicodeString: false, stringUnit: 'grapheme' }), (value) => {
      const { text, media_type, uncaptured } = describeValue({ value })
      assert.equal(media_type, 'application/json')
      assert.deepEqual(JSON.parse(text), { value })
      assert.deepEqual(uncaptured, [])
    }),
  )
})

test('whatever the value is, there is a text that parses, of 8 MiB at most', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withObjectString: true,
    withNullPrototype: true,
    stringUnit: 'binary',
  })
  fc.assert(
    fc.property(anything, (value) => {
      const { text, media_type } = describeValue(value)
      assert.ok(text.isWellFormed())
      if (media_type === 'application/json') JSON.parse(text)
      else assert.equal(typeof value, 'string')
    }),
  )
})

describe('what is shown', () => {
  test('a text is plain text, as it is', () => {
    assert.deepEqual(describeValue('{"a": 1}\n'), { text: '{"a": 1}\n', media_type: 'text/plain', uncaptured: [] })
    assert.deepEqual(describeValue(''), { text: '', media_type: 'text/plain', uncaptured: [] })
  })

  test('members in their order, with the names that JavaScript treats otherwise', () => {
    const value = JSON.parse('{"z": 1, "__proto__": {"a": -0.0}, "constructor": [null, true]}')
    assert.equal(describeValue(value).text, '{"z":1,"__proto__":{"a":-0},"constructor":[null,true]}')
    assertShown(Object.assign(Object.create(null), { a: 1 }), { a: 1 })
  })

  test('what is undefined is absent, or null where a place is counted', () => {
    assertShown({ a: undefined, b: [undefined, 1] }, { b: [null, 1] })
    assertShown(undefined, null)
    assertShown(Object.assign(new Array(3), { 1: 1 }), [null, 1, null])
  })

  test('numbers beyond doubles as their digits', () => {
    assertShown({ n: 12345678901234567890n, boxed: Object(-1n) }, { n: '12345678901234567890', boxed: '-1' })
  })

  test('dates, addresses, patterns and boxed values as what they stand for', () => {
    const value = [new Date(0), new URL('http://h/p?q#f'), /a\/b/giu, Object('t'), Object(1), Object(false)]
    assertShown(value, ['1970-01-01T00:00:00.000Z', 'http://h/p?q#f', '/a\\/b/giu', 't', 1, false])
  })

  test('collections as lists', () => {
    assertShown(
      new Map<unknown, unknown>([
        ['a', 1],
        [{ b: 1 }, new Set([2])],
      ]),
      [
        ['a', 1],
        [{ b: 1 }, [2]],
      ],
    )
    assertShown(new Float64Array([0.5, -1]), [0.5, -1])
    assertShown(new BigInt64Array([3n]), ['3'])
  })

  test('bytes as base64', () => {
    const bytes = Buffer.from('hello world')
    const view = new DataView(bytes.buffer, bytes.byteOffset + 6, 5)
    assertShown(
      [bytes, bytes.subarray(0, 5), new Uint8ClampedArray(bytes), view],
      ['aGVsbG8gd29ybGQ=', 'aGVsbG8=', 'aGVsbG8gd29ybGQ=', 'd29ybGQ='],
    )
    assertShown(Uint8Array.from(bytes).buffer, 'aGVsbG8gd29ybGQ=')
  })

  test('errors with their name, message, cause and members, and without their stack', () => {
    class Refused extends Error {
      override name = 'Refused'
      readonly status = 403
    }
    const error = new Refused('no', { cause: new AggregateError([new TypeError('inner')], 'many') })
    assertShown(error, {
      name: 'Refused',
      message: 'no',
      status: 403,
      cause: { name: 'AggregateError', message: 'many', errors: [{ name: 'TypeError', message: 'inner' }] },
    })
    assertShown(new DOMException('gone', 'AbortError'), { name: 'AbortError', message: 'gone' })
  })

  test('instances of classes by their own members', () => {
    class Patient {
      readonly id = 'p1'
      #secret = 1
      get age(): number {
        return this.#secret
      }
    }
    assertShown(new Patient(), { id: 'p1' })
  })

  test('objects of another realm as those of ours', () => {
    const value = vm.runInNewContext(
      '({ date: new Date(0), list: [1], map: new Map([[1, 2]]), error: new Error("e") })',
    )
    assertShown(value, {
      date: '1970-01-01T00:00:00.000Z',
      list: [1],
      map: [[1, 2]],
      error: { name: 'Error', message: 'e' },
    })
  })

  test('the same object in two places, in both', () => {
    const shared = { a: 1 }
    assertShown([shared, { shared }], [{ a: 1 }, { shared: { a: 1 } }])
  })
})

describe('what cannot be captured is named by its place, and the rest is kept', () => {
  test('cycles', () => {
    const value: { a: number; list: unknown[] } = { a: 1, list: [] }
    value.list.push({ back: value })
    assertShown(value, { a: 1, list: [{ back: null }] }, ['arguments.list[0].back: a cycle: it stands within itself'])
  })

  test('functions, symbols, promises, files, and members under symbols', () => {
    const value = {
      run() {},
      s: [Symbol('s')],
      p: Promise.resolve(1),
      f: new Blob(['x']),
      m: { [Symbol('k')]: 1, a: 1 },
    }
    assertShown(value, { run: null, s: [null], p: null, f: null, m: { a: 1 } }, [
      'arguments.run: a function',
      'arguments.s[0]: a symbol',
      'arguments.p: a promise',
      'arguments.f: an object that shows none of what it holds',
      'arguments.m: members under symbols',
    ])
    assertShown(assertShown, null, ['arguments: a function'])
  })

  test('numbers that are not finite, dates that are none, integers that are endless', () => {
    assertShown(
      { a: [Number.NaN, Infinity, 1], d: new Date(Number.NaN), n: 1n << 500_000_000n },
      { a: [null, null, 1], d: null, n: null },
      [
        'arguments.a[0]: not a finite number',
        'arguments.a[1]: not a finite number',
        'arguments.d: an invalid date',
        'arguments.n: more than 1000 digits',
      ],
    )
  })

  test('halves of surrogate pairs, also in names', () => {
    assertShown({ 'a\ud800': '\udc00b😀' }, { 'a\ufffd': '\ufffdb😀' }, [
      'arguments.a: halves of surrogate pairs, kept as U+FFFD',
      'arguments.a: halves of surrogate pairs, kept as U+FFFD',
    ])
    assertShown('x\ud83d', 'x\ufffd', ['arguments: halves of surrogate pairs, kept as U+FFFD'])
  })

  test('getters that throw', () => {
    const value = {
      a: 1,
      get b(): never {
        throw new Error('no')
      },
      list: Object.defineProperty([1, 2], 0, {
        get() {
          throw new Error('no')
        },
      }),
    }
    assertShown(value, { a: 1, b: null, list: [null, 2] }, [
      'arguments.b: reading it threw',
      'arguments.list[0]: reading it threw',
    ])
  })

  test('what is nested deeper than 64 levels', () => {
    let value: unknown = 'innermost'
    for (let i = 0; i < 64; i++) value = [value]
    assertShown(value, value)
    const { uncaptured } = shown({ value })
    assert.equal(uncaptured.length, 1)
    assert.match(String(uncaptured[0]), /^arguments\.value(\[0\])+.*…(.*\[0\])+: nested deeper than 64$/)
  })
})

describe('whatever it throws', () => {
  const traps: ProxyHandler<object> = new Proxy(
    {},
    {
      get() {
        throw new Error('trap')
      },
    },
  )

  test('a proxy whose every trap throws', () => {
    assertShown(
      { a: new Proxy({}, traps), b: new Proxy([], traps), c: new Proxy(() => {}, traps), d: 1 },
      { a: null, b: null, c: null, d: 1 },
      ['arguments.a: reading it threw', 'arguments.b: reading it threw', 'arguments.c: a function'],
    )
  })

  test('a proxy that was revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    assertShown([proxy], [null], ['arguments[0]: reading it threw'])
  })

  for (const trap of ['getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor', 'get'] as const) {
    test(`a proxy whose ${trap} throws`, () => {
      const handler = {
        [trap]() {
          throw new Error('trap')
        },
      }
      const { value } = shown({ a: new Proxy({ x: 1 }, handler), b: 2 })
      assert.deepEqual(value, { a: trap === 'get' ? { x: null } : null, b: 2 })
    })
  }

  test('a proxy of a list that lies about its length', () => {
    for (const length of [-1, Number.NaN, 'many', 1.5]) {
      shown(new Proxy([1, 2], { get: (list, key) => (key === 'length' ? length : Reflect.get(list, key)) }))
    }
  })

  test('a stack that is nearly full', () => {
    const deep = (): string => {
      try {
        return deep()
      } catch {
        return describeValue({ a: [1] }).text
      }
    }
    assert.ok(['{"a":[1]}', '{"a":null}', 'null'].includes(deep()))
  })
})

describe('nothing of it is called', () => {
  test('toJSON is a member like others', () => {
    assertShown({ a: 1, toJSON: () => ({ a: 2 }) }, { a: 1, toJSON: null }, ['arguments.toJSON: a function'])
    const date = Object.assign(new Date(0), { toJSON: () => 'never' })
    assertShown(date, '1970-01-01T00:00:00.000Z')
  })

  test('a getter is called once', () => {
    let calls = 0
    const { value } = shown({
      get a() {
        return ++calls
      },
    })
    assert.deepEqual({ value, calls }, { value: { a: 1 }, calls: 1 })
  })

  test('methods and getters that a stranger put on a known object, or on a class of his, are not asked', () => {
    const lie = (): never => assert.fail('it was called')
    class Evil extends Date {
      override toISOString = lie
      override getTime = lie
    }
    class EvilMap extends Map {
      override entries = lie
      override [Symbol.iterator] = lie
    }
    class EvilUrl extends URL {
      override toString = lie
    }
    Object.defineProperty(EvilUrl.prototype, 'href', { get: lie })
    const bytes = Uint8Array.of(104, 105)
    for (const key of ['buffer', 'byteOffset', 'byteLength', 'length', Symbol.iterator])
      Object.defineProperty(bytes, key, { get: lie })
    const { value } = shown([new Evil(0), new EvilMap().set(1, 2), new EvilUrl('http://h/'), bytes])
    assert.deepEqual(value, ['1970-01-01T00:00:00.000Z', [[1, 2]], 'http://h/', 'aGk='])
  })
})

describe('more than 8 MiB', () => {
  function assertCut(value: unknown, why: RegExp): unknown {
    const { text, media_type, uncaptured } = describeValue(value, 'arguments')
    const size = Buffer.byteLength(text)
    assert.ok(size <= 8 * MIB && size > 7.8 * MIB, `${size} bytes`)
    assert.match(String(uncaptured[0]), why)
    return media_type === 'text/plain' ? text : JSON.parse(text)
  }

  test('a text is cut between characters', () => {
    const whole = '😀'.repeat(3 * MIB)
    const cut = assertCut(whole, /^arguments: its end, behind \d+ of 6291456 characters: more than 8 MiB in all$/)
    assert.ok(whole.startsWith(String(cut)))
    assertCut({ a: { b: '\u0001'.repeat(2 * MIB) } }, /^arguments\.a\.b: its end, behind/)
    assertCut([`${'\u0001'.repeat(MIB)}${'x'.repeat(20 * MIB)}`], /^arguments\[0\]: its end, behind/)
  })

  test('what comes behind is left out, and said to be', () => {
    const big = 'x'.repeat(3 * MIB)
    const cut = assertCut({ a: big, b: [big, big, 4, 5], c: 6 }, /^arguments\.b\[1\]: its end/)
    assert.deepEqual(Object.keys(Object(cut)), ['a', 'b'])
    assert.deepEqual(describeValue({ a: big, b: [big, big, 4, 5], c: 6 }).uncaptured.slice(1), [
      'value.b: its elements from 2 on: more than 8 MiB in all',
      'value: further members: more than 8 MiB in all',
    ])
  })

  test('bytes', () => {
    assertCut(
      [Buffer.alloc(9 * MIB, 1)],
      /^arguments\[0\]: its end, behind \d+ of 9437184 bytes: more than 8 MiB in all$/,
    )
  })

  test('a list of more elements than there is room for, also where none is there', () => {
    assertCut(new Array(4_000_000_000), /^arguments: its elements from \d+ on/)
  })

  test('a few objects that refer to each other many times', () => {
    let value: unknown = ['x'.repeat(100)]
    for (let i = 0; i < 40; i++) value = { a: value, b: value }
    assertCut(value, /^arguments(\.a)+…?/)
  })

  test('an endless proxy', () => {
    const keys = ['a', 'b'].map((letter) => letter.repeat(5_000))
    const endless = (): object =>
      new Proxy(Object.fromEntries(keys.map((key) => [key, undefined])), { get: () => endless() })
    const { text } = describeValue(endless())
    assert.ok(Buffer.byteLength(text) <= 8 * MIB)
    JSON.parse(text)
  })
})

describe('what is told', () => {
  test('is bounded, and says how many more there are', () => {
    const { uncaptured } = shown(Array.from({ length: 100 }, () => Number.NaN))
    assert.equal(uncaptured.length, 33)
    assert.equal(uncaptured.at(-1), '… and 68 more')
  })

  test('holds names of members, cut and without control characters, and nothing else of the value', () => {
    const { uncaptured } = shown({ 'a b\n\u202e': { ['k'.repeat(100)]: { [Symbol('secret')]: 'secret' } } })
    assert.deepEqual(uncaptured, [`arguments["a b"]["${'k'.repeat(64)}…"]: members under symbols`])
    let deep: unknown = Number.NaN
    for (let i = 0; i < 60; i++) deep = { ['long-name '.repeat(10)]: deep }
    const [told = ''] = shown(deep).uncaptured
    assert.ok(told.length < 200 && told.startsWith('arguments["long-name') && told.endsWith(': not a finite number'))
  })
})
