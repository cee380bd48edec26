import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { anyText } from '../../test/any-text.ts'
import { documentFault, documentLies } from '../../test/document-lies.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { MAX_FILE_BYTES } from '../documents/document.ts'
import { DocumentFault } from '../documents/fault.ts'
import { MAX_LEXEMES } from '../documents/yaml.ts'
import { parseRegistry } from './parse.ts'

const folder = join(import.meta.dirname, '../../testdata/registry')
const WHOLE = readFileSync(join(folder, 'whole.yaml'), 'utf8')

const LIES = documentLies(folder)

function faultOf(text: string, format: 'yaml' | 'json', file: string): DocumentFault {
  return documentFault(() => parseRegistry(text, format, file))
}

for (const { name, file, line, path, problem } of LIES) {
  test(`refused as a registry: ${name}`, () => {
    const fault = faultOf(readFileSync(join(folder, file), 'utf8'), file.endsWith('.json') ? 'json' : 'yaml', file)
    assert.deepEqual({ path: fault.path, file: fault.file }, { path, file })
    if (line !== null) assert.equal(fault.line, line)
    assert.ok(fault.problem.includes(problem), `${fault.problem} does not say: ${problem}`)
    assert.ok(
      fault.message.startsWith(fault.line === undefined ? `${file}: ` : `${file}:${fault.line}: `),
      fault.message,
    )
    assert.ok(fault.cure !== '' && fault.message.endsWith(`; ${fault.cure}`))
  })
}

test('no fault tells a password', () => {
  for (const { file } of LIES.filter(({ name }) => name.includes('password'))) {
    const { message } = faultOf(readFileSync(join(folder, file), 'utf8'), 'yaml', file)
    assert.doesNotMatch(message, /secret/)
  }
})

test('every file of lies is told of, and every lie has a file', () => {
  const files = readdirSync(folder).filter((name) => !/^(lies|whole)\./.test(name))
  assert.deepEqual(LIES.map(({ file }) => file).toSorted(), files.toSorted())
})

test('all that a registry can say is read', () => {
  const registry = parseRegistry(WHOLE, 'yaml', 'whole.yaml')
  const chart = registry.tools.exact.get('get_chart')?.entry
  assert.equal(registry.revision, '2026-11-21')
  assert.ok(chart?.kind === 'touches')
  const [read, write] = chart.touches
  assert.deepEqual(read?.resource_id, {
    from: 'arguments',
    at: '/patient_id',
    way: { kind: 'pointer', names: ['patient_id'] },
  })
  assert.deepEqual(
    read?.subject_ids.map(({ at }) => at),
    ['/patient_id', '$..guarantor_id'],
  )
  assert.deepEqual(read?.compliance_domains, ['clinic_rules', 'hipaa'])
  assert.deepEqual([read?.retention_class, read?.purpose], ['clinical', 'treatment'])
  assert.deepEqual([write?.data_classification, write?.compliance_domains], ['restricted', []])
  assert.deepEqual(
    registry.tools.prefixes.map(([prefix]) => prefix),
    ['ehr.'],
  )
  assert.equal(registry.tools.exact.get('ask')?.entry.kind, 'approval_request')
  assert.deepEqual(registry.agents.prefixes[0]?.[1].entry, {
    data_classification: 'confidential',
    compliance_domains: [],
  })
  const [models] = registry.recipients.all
  assert.deepEqual(models?.entry.agreement, {
    kind: 'baa',
    reference: 'BAA-7',
    begins: Date.parse('2026-01-01T00:00:00Z'),
    ends: Date.parse('2027-01-01T00:00:00Z'),
  })
  assert.equal(registry.unknown_recipients, 'block')
  assert.deepEqual([...registry.regions], [['hipaa', ['us-east', 'us-west']]])
  assert.deepEqual(registry.personal_ids, {
    actor_types: ['user'],
    on_behalf_of: false,
    impersonal_resource_types: ['table'],
  })
  assert.equal(registry.domains.get('clinic_rules')?.guards_data, false)
  assert.equal(registry.domains.get('hipaa')?.guards_data, true)
})

test('a registry may say nothing but its version and revision', () => {
  const registry = parseRegistry('version: 1\nrevision: first\n', 'yaml', 'r.yaml')
  assert.equal(registry.unknown_recipients, undefined)
  assert.deepEqual(registry.personal_ids, {
    actor_types: ['user', 'admin'],
    on_behalf_of: true,
    impersonal_resource_types: [],
  })
})

test('a list may be empty where nothing applies', () => {
  const text = 'version: 1\nrevision: first\npersonal_ids: { actor_types: [] }\n'
  assert.deepEqual(parseRegistry(text, 'yaml', 'r.yaml').personal_ids.actor_types, [])
})

const DIGEST = 'ef0e878392845a548be78abc351c2d4f1fbef3911106ad08368cb123ada281e0'

test('the digest of a registry is that of another implementation', () => {
  assert.equal(parseRegistry(WHOLE, 'yaml', 'whole.yaml').digest, DIGEST)
})

test('YAML and JSON of one registry say the same, under the same digest', () => {
  const json = readFileSync(join(folder, 'whole.json'), 'utf8')
  assert.equal(parseRegistry(json, 'json', 'whole.json').digest, DIGEST)
  assert.deepEqual(
    sorted(parseRegistry(json, 'json', 'whole.json')),
    sorted(parseRegistry(WHOLE, 'yaml', 'whole.yaml')),
  )
})

// The order of entries is the file's; nothing else of the order stays.
function sorted(registry: ReturnType<typeof parseRegistry>): unknown {
  const { tools, agents, ...rest } = registry
  return { ...rest, tools: [...tools.all].sort(byName), agents: [...agents.all].sort(byName) }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}

const names = fc.stringMatching(/^[a-z][a-z0-9_.]{0,20}\*?$/)
const words = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
const labels = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 }).filter((text) => text.trim() !== '')
const touches = fc.record(
  {
    access: fc.constantFrom('read', 'write', 'disclose'),
    resource_type: words,
    purpose: labels,
    retention_class: words,
    data_classification: fc.constantFrom('internal', 'confidential', 'restricted'),
    compliance_domains: fc.uniqueArray(fc.constantFrom('hipaa', 'gdpr', 'sox')),
  },
  { requiredKeys: ['access', 'resource_type'] },
)
const tools = fc.dictionary(
  names,
  fc.oneof(
    fc.constant({ kind: 'none' }),
    touches.map((touch) => ({ touches: [touch] })),
  ),
)
const registries = fc.record({
  version: fc.constant(1),
  revision: labels,
  tools,
  agents: fc.dictionary(names, fc.constant({})),
})

test('the digest is of what a registry says, however it is written and in whichever order', () => {
  fc.assert(
    fc.property(registries, fc.boolean(), (registry, flow) => {
      const digest = sha256Hex(canonicalize(registry) ?? assert.fail())
      const yaml = stringify(backwards(registry), {
        aliasDuplicateObjects: false,
        collectionStyle: flow ? 'flow' : 'block',
      })
      assert.equal(parseRegistry(JSON.stringify(registry), 'json', 'r.json').digest, digest)
      assert.equal(parseRegistry(JSON.stringify(backwards(registry), null, 2), 'json', 'r.json').digest, digest)
      assert.equal(parseRegistry(yaml, 'yaml', 'r.yaml').digest, digest)
      // What is JSON is YAML too.
      assert.equal(parseRegistry(JSON.stringify(registry), 'yaml', 'r.yaml').digest, digest)
    }),
    { numRuns: 200 },
  )
})

function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, backwards(inner)]),
  )
}

test('another value gives another digest', () => {
  const digests = ['internal', 'restricted'].map(
    (floor) =>
      parseRegistry(`version: 1\nrevision: r\nagents: {a: {data_classification: ${floor}}}\n`, 'yaml', 'r').digest,
  )
  assert.notEqual(digests[0], digests[1])
})

test('no text makes the reader throw anything but its fault', () => {
  const token = fc.constantFrom(
    'version: 1\n',
    'tools:',
    '\n',
    ' ',
    '  ',
    '- ',
    '? ',
    ': ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&a',
    '*a',
    '!t',
    '|',
    '>',
    '"',
    "'",
    '#',
    '---\n',
    '%',
    'x',
    '<<',
    '\t',
    '\\',
    '\ufeff',
    '\r',
    '@',
    '`',
    '~',
  )
  const garbage = fc.oneof(
    anyText(),
    fc.array(token, { maxLength: 40 }).map((parts) => parts.join('')),
  )
  const mutated = fc
    .tuple(fc.nat(WHOLE.length), fc.nat(20), fc.oneof(token, anyText({ maxLength: 5 })))
    .map(([at, length, put]) => WHOLE.slice(0, at) + put + WHOLE.slice(at + length))
  fc.assert(
    fc.property(fc.oneof(garbage, mutated), fc.constantFrom('yaml', 'json'), (text, format) => {
      try {
        parseRegistry(text, format, 'r')
      } catch (error) {
        assert.ok(error instanceof DocumentFault, `threw ${error}`)
        assert.equal(error.message.includes('\n'), false)
      }
    }),
    { numRuns: 1000 },
  )
})

test('no value in a registry makes the reader throw anything but its fault', () => {
  const whole: unknown = parse(WHOLE)
  fc.assert(
    fc.property(fc.nat(), fc.jsonValue({ maxDepth: 3 }), (at, value) => {
      const text = JSON.stringify(replaceAt(whole, { left: at % 110 }, value))
      for (const format of ['json', 'yaml'] as const) {
        try {
          parseRegistry(text, format, 'r')
        } catch (error) {
          assert.ok(error instanceof DocumentFault, `threw ${error}`)
        }
      }
    }),
    { numRuns: 400 },
  )
})

// The value with its n-th part, counted from outside in, replaced.
function replaceAt(value: unknown, count: { left: number }, by: unknown): unknown {
  if (count.left-- === 0) return by
  if (Array.isArray(value)) return value.map((item) => replaceAt(item, count, by))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaceAt(inner, count, by)]))
}

test('one byte more than a registry may have is refused before it is read, in either format', () => {
  const head = 'version: 1\nrevision: r\n#'
  parseRegistry(head.padEnd(MAX_FILE_BYTES, 'x'), 'yaml', 'r')
  assert.match(faultOf(head.padEnd(MAX_FILE_BYTES + 1, 'x'), 'yaml', 'r').problem, /more than 1048576 bytes/)
  assert.match(faultOf(`#${'é'.repeat(MAX_FILE_BYTES / 2)}`, 'yaml', 'r').problem, /more than 1048576 bytes/)
  assert.match(faultOf('['.repeat(MAX_FILE_BYTES + 1), 'json', 'r').problem, /more than 1048576 bytes/)
})

for (const [name, text, problem] of [
  ['brackets', '['.repeat(MAX_FILE_BYTES), /deeper than 32/],
  ['dashes', '- '.repeat(MAX_FILE_BYTES / 2), /deeper than 32/],
  ['question marks', '? '.repeat(MAX_FILE_BYTES / 2), /deeper than 32/],
  ['colons', ': '.repeat(MAX_FILE_BYTES / 2), /deeper than 32/],
  ['words', '['.padEnd(MAX_FILE_BYTES, 'x,'), new RegExp(`more than ${MAX_LEXEMES} words`)],
  ['documents', '---\n'.repeat(MAX_FILE_BYTES / 4), /a second document/],
  ['tags', '! '.repeat(MAX_FILE_BYTES / 2), /uses a tag/],
] as const) {
  test(`a bomb is refused before anything is built from it: ${name}`, () => {
    const fault = faultOf(text, 'yaml', 'r')
    assert.match(fault.problem, problem)
    assert.equal(fault.path, '')
  })
}

test('no more of a bomb is read than a few levels', () => {
  const { line, problem } = faultOf('[\n'.repeat(100_000), 'yaml', 'r')
  assert.match(problem, /deeper than 32/)
  assert.ok(line !== undefined && line < 80, `line ${line}`)
})

test('a registry with thousands of keys is read in one pass', () => {
  const tools = Array.from({ length: 20_000 }, (_, i) => `  tool_${i}: {kind: none}\n`).join('')
  assert.equal(parseRegistry(`version: 1\nrevision: r\ntools:\n${tools}`, 'yaml', 'r').tools.exact.size, 20_000)
})

test('a word in quotes may begin like what is refused', () => {
  const text = 'version: 1\nrevision: "&a *b !c %d --- <<"\ntools:\n  "*a": {kind: none}\n'
  assert.match(faultOf(text, 'yaml', 'r').problem, /star before its end/)
  const dashes = 'version: 1\nrevision: ---\ntools: {a: {kind: ---}}\n'
  assert.equal(faultOf(dashes, 'yaml', 'r').path, 'tools.a.kind')
  const block = 'version: 1\nrevision: >-\n  *a\n'
  assert.equal(parseRegistry(block, 'yaml', 'r').revision, '*a')
})
