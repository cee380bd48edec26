// What has to hold before a commit: one line per stage, and the full output of the first stage that fails.
// The tests come last, and the test runner's summary ends the output.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const root = join(import.meta.dirname, '..')
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}` }

const STAGE_TIMEOUT = 180_000
const TESTS_TIMEOUT = 1_200_000
/** Several times what the tests ever have in memory at once. */
const ROOMY = 4 * 1024 ** 3

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
  const place = mkdtempSync(join(quickFolder(), 'affidavit-tests-'))
  try {
    const temporary = join(place, 'tmp')
    mkdirSync(temporary)
    // PostgreSQL runs as a user of its own.
    chmodSync(place, 0o755)
    const compiled = join(place, 'compiled')
    runTestsWith({ ...env, NODE_COMPILE_CACHE: compiled, TMPDIR: temporary, AFFIDAVIT_TEST_RUN: place })
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

// A ledger syncs each commit, and the tests make thousands: on a disk they mostly wait. In memory a sync costs nothing, and no test
// of ours cuts the power.
function quickFolder(): string {
  const memory = '/dev/shm'
  if (process.env.TMPDIR !== undefined || !existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > ROOMY && runsPrograms(memory) ? memory : tmpdir()
}

// Containers often forbid it there, and the tests lay programs beside their ledgers.
function runsPrograms(folder: string): boolean {
  const place = mkdtempSync(join(folder, 'affidavit-program-'))
  try {
    const program = join(place, 'program')
    writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    return spawnSync(program).status === 0
  } finally {
    rmSync(place, { recursive: true, force: true })
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
      // One more than there are cores: some wait for a server, a lock or a child.
      `--test-concurrency=${availableParallelism() + 1}`,
      '{bench,examples,scripts,packages/*/src,packages/*/test}/**/*.test.ts',
    ],
    { cwd: root, env, stdio: 'inherit', timeout: TESTS_TIMEOUT },
  )
  if (status === null) console.log(`✖ tests ended with ${error?.message ?? signal}`)
  process.exitCode = status ?? 1
}
