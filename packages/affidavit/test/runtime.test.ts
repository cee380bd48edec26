import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../../..')

// What `engines` says, as examples: each place that checks the version has to agree with them.
const RANGE = '>=24.16 <25 || >=26.1'
const IN_RANGE = ['24.16.0', '24.21.3', '26.1.0', '26.10.0', '27.0.0', '30.2.1']
const OUT_OF_RANGE = ['0.10.48', '8.17.0', '20.20.2', '22.23.3', '24.15.9', '25.16.0', '26.0.9']

test('the package and the workspace ask for the same runtime', () => {
  for (const path of ['package.json', 'packages/affidavit/package.json']) {
    const manifest: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'))
    assert.partialDeepStrictEqual(manifest, { engines: { node: RANGE } }, path)
  }
})

test('this test runs on a runtime that the package asks for', () => {
  assert.equal(runOn(process.versions.node, 'scripts/require-runtime.mjs').status, 0)
})

for (const version of IN_RANGE) {
  test(`the workspace's scripts run on Node ${version}`, () => {
    assert.deepEqual(runOn(version, 'scripts/require-runtime.mjs'), { status: 0, stdout: '', stderr: '' })
  })
}

for (const version of OUT_OF_RANGE) {
  test(`on Node ${version} the workspace's scripts say what to do`, () => {
    const { status, stdout, stderr } = runOn(version, 'scripts/require-runtime.mjs')
    assert.equal(status, 4)
    assert.equal(stdout, '')
    assert.match(stderr, /^This workspace needs Node\.js 24\.16 .* this is .*\n.*(npm ci|through npm|nodejs\.org)/)
  })

  test(`on Node ${version} the command says what to do, and exits 4`, () => {
    const { status, stdout, stderr } = runOn(version, 'packages/affidavit/bin/affidavit.js', '--version')
    assert.equal(status, 4)
    assert.equal(stdout, '')
    assert.match(stderr, /^affidavit needs Node\.js 24\.16 .* this is .*\nInstall a current LTS release/)
  })
}

test('the command starts without a word on stderr', () => {
  const { status, stderr } = runOn(process.versions.node, 'packages/affidavit/bin/affidavit.js', '--version')
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
})

test('the command is plain enough for a Node of ten years ago', () => {
  const source = readFileSync(join(root, 'packages/affidavit/bin/affidavit.js'), 'utf8').replace(/\/\/.*/g, '')
  assert.doesNotMatch(source, /^\s*(?:import|export|const|let|async)\b|=>|`.*`|\?\?|\?\.|,\s*\n\s*\)/m)
})

/** Runs a script of the workspace on this Node, which claims to be of another version. */
function runOn(
  version: string,
  script: string,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  const claim = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(claim)}`, join(root, script), ...args],
    { encoding: 'utf8', timeout: 30_000 },
  )
  return { status, stdout, stderr }
}
