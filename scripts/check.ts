// What has to hold before a commit: one line per stage, and the full output of the first stage that fails.
// The tests come last, and the test runner's summary ends the output.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const root = join(import.meta.dirname, '..')
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}` }

const STAGE_TIMEOUT = 180_000
const TESTS_TIMEOUT = 1_200_000

type Command = readonly [program: string, ...args: string[]]

if (checkStages()) runTests()
else process.exitCode = 1

function checkStages(): boolean {
  const packed = mkdtempSync(join(tmpdir(), 'affidavit-check-'))
  try {
    return (
      stage('types', ['tsc']) &&
      stage('lint and format', ['biome', 'check', '--error-on-warnings', '.']) &&
      stage('unused code', ['knip', '--no-config-hints']) &&
      stage('build', ['node', 'scripts/build.ts']) &&
      stage('pack', ['npm', 'pack', '--ignore-scripts', '--pack-destination', packed, './packages/affidavit']) &&
      stage('package', ['publint', 'run', '--strict', tarballIn(packed)]) &&
      stage('package types', ['attw', '--profile', 'esm-only', tarballIn(packed)])
    )
  } finally {
    rmSync(packed, { recursive: true, force: true })
  }
}

function stage(name: string, [program, ...args]: Command): boolean {
  const started = performance.now()
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    timeout: STAGE_TIMEOUT,
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? '✔' : '✖'} ${name} (${seconds} s)`)
  if (status !== 0) console.log(`${stdout}${stderr}\n${program} ended with ${error?.message ?? signal ?? status}`)
  return status === 0
}

function tarballIn(folder: string): string {
  const [name] = readdirSync(folder)
  if (name === undefined) throw new Error(`npm pack left nothing in ${folder}`)
  return join(folder, name)
}

// Hundreds of processes and thousands of threads load the same modules: what each compiles is kept for the next.
function runTests(): void {
  const compiled = mkdtempSync(join(tmpdir(), 'affidavit-compiled-'))
  try {
    runTestsWith({ ...env, NODE_COMPILE_CACHE: compiled })
  } finally {
    rmSync(compiled, { recursive: true, force: true })
  }
}

function runTestsWith(env: NodeJS.ProcessEnv): void {
  console.log('▶ tests')
  const { status, signal, error } = spawnSync(
    'node',
    [
      '--conditions=affidavit-source',
      '--test',
      '--test-reporter=spec',
      `--test-concurrency=${availableParallelism()}`,
      '{bench,examples,scripts,packages/*/src,packages/*/test}/**/*.test.ts',
    ],
    { cwd: root, env, stdio: 'inherit', timeout: TESTS_TIMEOUT },
  )
  if (status === null) console.log(`✖ tests ended with ${error?.message ?? signal}`)
  process.exitCode = status ?? 1
}
