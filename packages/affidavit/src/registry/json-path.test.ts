import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { anyText } from '../../test/any-text.ts'
import { parseJsonPath, type Segment } from './json-path.ts'

const there = { kind: 'there' } as const

const READ: readonly [path: string, segments: readonly Segment[]][] = [
  ['$', []],
  ['$.patient.id', [name('patient'), name('id')]],
  [`$['a b']["c'd"]`, [name('a b'), name("c'd")]],
  [String.raw`$['it\'s \\ \u00e9\n"']`, [name('it\'s \\ é\n"')]],
  [String.raw`$["say \"so\" \/"]`, [name('say "so" /')]],
  ['$.été.😀', [name('été'), name('😀')]],
  ['$[0][-1][ 12 ]', [index(0), index(-1), index(12)]],
  ['$.*[*]', [every(), every()]],
  ['$..patient_id', [{ ...name('patient_id'), descend: true }]],
  ['$..*', [{ ...every(), descend: true }]],
  [`$..['id'].x`, [{ ...name('id'), descend: true }, name('x')]],
  ['$[?@.id]', [where([[{ steps: ['id'], is: there }]])]],
  ['$[?@]', [where([[{ steps: [], is: there }]])]],
  [
    `$.entry[?@.resource.type == 'Patient'].id`,
    [name('entry'), where([[{ steps: ['resource', 'type'], is: { kind: 'equal', literal: 'Patient' } }]]), name('id')],
  ],
  [
    '$[? @[0] != -1.5e2 && @.a==true || @["b"]==null ]',
    [
      where([
        [
          { steps: [0], is: { kind: 'unequal', literal: -150 } },
          { steps: ['a'], is: { kind: 'equal', literal: true } },
        ],
        [{ steps: ['b'], is: { kind: 'equal', literal: null } }],
      ]),
    ],
  ],
]

for (const [path, segments] of READ)
  test(`read as a path: ${path}`, () => assert.deepEqual(parseJsonPath(path), segments))

const LIES: readonly [name: string, path: string, problem: RegExp][] = [
  ['no root', 'patient.id', /begins with \$/],
  ['a lone surrogate', '$.\ud800', /lone surrogate/],
  ['nothing behind a dot', '$.', /from character 3/],
  ['a name that begins with a digit', '$.1a', /from character 3/],
  ['an open bracket', '$[0', /from character 4/],
  ['an index with a leading zero', '$[01]', /from character/],
  ['minus zero', '$[-0]', /from character/],
  ['two selectors in one bracket', '$[0,1]', /from character/],
  ['a slice', '$[0:2]', /from character/],
  ['.. twice', '$..a..b', /\.\. more than once/],
  ['a bomb', '$..*..*..*..*', /\.\. more than once/],
  ['.. and nothing', '$..', /from character/],
  ['a function', '$[?length(@.a) == 1]', /from character/],
  ['a match', "$[?match(@.a, 'x')]", /from character/],
  ['a comparison of order', '$[?@.a < 1]', /from character/],
  ['a comparison with the root', '$[?@.a == $.b]', /from character/],
  ['a comparison of many values', '$[?@.* == 1]', /from character/],
  ['a filter within a filter', '$[?@[?@.a]]', /from character/],
  ['a negation', '$[?!@.a]', /from character/],
  ['brackets in a filter', '$[?(@.a)]', /from character/],
  ['a word that is no literal', '$[?@.a == yes]', /from character/],
  ['a number beyond doubles', '$[?@.a == 1e999]', /from character/],
  ['an unknown escape', String.raw`$['\x41']`, /from character/],
  ['a quote of the other kind that is escaped', String.raw`$['\"']`, /from character/],
  ['half a surrogate pair that is escaped', String.raw`$['\ud83d']`, /from character/],
  ['blanks between segments', '$ .a', /from character 2/],
  ['code', '$[(@.length-1)]', /from character/],
]

for (const [name, path, problem] of LIES) {
  test(`not read as a path: ${name}`, () => {
    const read = parseJsonPath(path)
    assert.ok('problem' in read, `read as ${JSON.stringify(read)}`)
    assert.match(read.problem, problem)
  })
}

test('no text makes the reader of paths throw', () => {
  const token = fc.constantFrom(
    '$',
    '.',
    '..',
    '[',
    ']',
    '?',
    '@',
    '*',
    "'",
    '"',
    '\\',
    '==',
    '!=',
    '&&',
    '||',
    '0',
    '-',
    'a',
    ' ',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        anyText(),
        fc.array(token, { maxLength: 30 }).map((parts) => `$${parts.join('')}`),
      ),
      (text) => {
        parseJsonPath(text)
      },
    ),
  )
})

function name(text: string): Segment {
  return { descend: false, selector: { kind: 'name', name: text } }
}

function index(at: number): Segment {
  return { descend: false, selector: { kind: 'index', index: at } }
}

function every(): Segment {
  return { descend: false, selector: { kind: 'every' } }
}

function where(groups: Extract<Segment['selector'], { kind: 'where' }>['groups']): Segment {
  return { descend: false, selector: { kind: 'where', groups } }
}
