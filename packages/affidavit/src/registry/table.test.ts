import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { lookUp, nameKey, patternProblem, tableOf } from './table.ts'

function spoken(names: readonly string[], name: string): string | undefined {
  return lookUp(tableOf(names.map((one) => ({ name: one, entry: one }))), name)?.name
}

const TOOLS = ['ehr.*', 'ehr.labs.*', 'ehr.labs.get', 'pay', 'mcp__*']

for (const [name, entry] of [
  ['ehr.labs.get', 'ehr.labs.get'],
  ['ehr.labs.list', 'ehr.labs.*'],
  ['ehr.labs', 'ehr.*'],
  ['ehr.', 'ehr.*'],
  ['ehr', undefined],
  ['EHR.labs', undefined],
  ['pay', 'pay'],
  ['payroll', undefined],
  ['mcp__x__y', 'mcp__*'],
  ['ehr.*', 'ehr.*'],
  ['constructor', undefined],
] as const) {
  test(`of ${TOOLS.join(', ')}, ${entry ?? 'none'} speaks of ${name}`, () => assert.equal(spoken(TOOLS, name), entry))
}

test('the order of the file does not decide which entry speaks', () => {
  const name = fc.array(fc.constantFrom('a', 'b', '.'), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
  const pattern = fc.oneof(
    name,
    name.map((prefix) => `${prefix}*`),
  )
  fc.assert(
    fc.property(fc.uniqueArray(pattern), name, (patterns, asked) => {
      const speaking = spoken(patterns, asked)
      assert.equal(spoken(patterns.toReversed(), asked), speaking)
      // By hand: the name itself, else the longest prefix.
      const prefixes = patterns.filter((one) => one.endsWith('*') && asked.startsWith(one.slice(0, -1)))
      const longest = prefixes.toSorted((a, b) => b.length - a.length)[0]
      assert.equal(speaking, patterns.includes(asked) ? asked : longest)
    }),
  )
})

for (const [name, spelled, entry] of [
  ['a host in capitals', 'https://API.example/v1/x', 'https://api.example/v1/*'],
  ['the default port', 'https://api.example:443/v1/x', 'https://api.example/v1/*'],
  ['a user and a password', 'https://u:p@api.example/v1/x', 'https://api.example/v1/*'],
  ['dot segments that stay inside', 'https://api.example/a/../v1/x', 'https://api.example/v1/*'],
  ['dot segments that lead out', 'https://api.example/v1/../admin', undefined],
  ['dot segments that are escaped', 'https://api.example/v1/%2e%2e/admin', undefined],
  ['another port', 'https://api.example:8443/v1/x', undefined],
  ['another scheme', 'http://api.example/v1/x', undefined],
  ['a host that begins alike', 'https://api.example.evil.test/v1/x', undefined],
  ['a host in the place of the user', 'https://api.example@evil.test/v1/x', undefined],
  ['a fragment', 'https://api.example/exact#part', 'https://api.example/exact'],
  ['a database', 'POSTGRES://clinic/charts', 'postgres://clinic/*'],
  ['a scheme of its own', 'patients://12', 'patients://*'],
] as const) {
  const names = ['https://api.example/v1/*', 'https://api.example/exact', 'postgres://clinic/*', 'patients://*']
  test(`a URI is compared by where it leads: ${name}`, () => assert.equal(spoken(names, spelled), entry))
}

for (const name of ['ehr.*', 'https://api.example/*', 'patients://*', 'file:///srv/*', 'a b', 'x#y', 'a/./b']) {
  test(`taken as a name: ${name}`, () => assert.equal(patternProblem(name), undefined))
}

for (const [name, problem] of [
  ['*', /would know everything/],
  ['ehr.*.get', /star before its end/],
  ['ehr.**', /star before its end/],
  ['https:/api.example/v1', /spelled unusually/],
  ['https:api.example/*', /spelled unusually/],
  ['https:///api.example/v1', /spelled unusually/],
  ['https://*', /inside a host name/],
  ['https://api.example*', /inside a host name/],
  ['HTTPS://api.example:44*', /inside a host name/],
  ['postgres://clinic*', /inside a host name/],
  ['wss://*', /inside a host name/],
  ['https://u:p@api.example/*', /user name or a password/],
  ['postgres://admin@db/x', /user name or a password/],
  ['https://api.example/v1/../*', /dot segment/],
  ['https://api.example/v1/.*', /dot segment/],
  ['https://api.example/%2e%2E/*', /dot segment/],
  ['https://api.example/#a*', /fragment/],
  ['https://api.example/a b*', /URIs escape/],
  ['https://api.example\\\\*', /URIs escape|inside a host/],
  ['http://exa mple/', /is no URI/],
] as const) {
  test(`not taken as a name: ${name}`, () => assert.match(patternProblem(name) ?? 'taken', problem))
}

test('a prefix is not shorter in its one spelling than it was written', () => {
  const part = fc.constantFrom('a', 'B', '.', '..', '/', '?', '%2e', '#', ':8', '@', '\\')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const name = `https://api.example/${parts.join('')}*`
      if (patternProblem(name) !== undefined) return
      const [prefix] = tableOf([{ name, entry: 0 }]).prefixes[0] ?? assert.fail()
      assert.ok(prefix.length >= name.length - 1, `${name} became ${prefix}`)
    }),
    { numRuns: 2000 },
  )
})

test('two spellings of one place have one key', () => {
  assert.equal(nameKey('https://API.example/v1/*'), nameKey('https://api.example:443/v1/*'))
  assert.notEqual(nameKey('https://api.example/v1*'), nameKey('https://api.example/v1'))
})
