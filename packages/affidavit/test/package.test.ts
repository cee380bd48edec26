// The package as a user gets it: packed, installed in an empty folder, run, imported and type-checked there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'

const packageFolder = join(import.meta.dirname, '..')
const root = join(packageFolder, '../..')
const manifest: Manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
const exportPaths = Object.keys(manifest.exports)
const specifiers = exportPaths.map((path) => path.replace('.', manifest.name))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>
}

test('every export path is one file of src, and every file directly in src or its adapters is an export path', () => {
  const files = globSync(['*.ts', 'adapters/*.ts'], { cwd: join(packageFolder, 'src'), exclude: ['**/*.test.ts'] })
  assert.deepEqual(exportPaths.map(fileName).toSorted(), files.toSorted())
})

test('every export path leads to the source in the workspace, to types and code elsewhere, in this order', () => {
  for (const [path, targets] of Object.entries(manifest.exports)) {
    const name = fileName(path).replace('.ts', '')
    assert.deepEqual(Object.entries(targets), [
      ['affidavit-source', `./src/${name}.ts`],
      ['types', `./dist/${name}.d.ts`],
      ['default', `./dist/${name}.js`],
    ])
  }
})

test('the licence in the package is the one of the workspace', () => {
  assert.equal(readFileSync(join(packageFolder, 'LICENSE'), 'utf8'), readFileSync(join(root, 'LICENSE'), 'utf8'))
})

describe('the installed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-package-'))
  const consumer = join(folder, 'consumer')
  let unreachable: string | undefined

  before(() => {
    mkdirSync(consumer)
    const packed = run('npm', ['pack', '--pack-destination', folder], packageFolder)
    assert.equal(packed.status, 0, packed.output)
    unreachable = install(join(folder, `${manifest.name}-${manifest.version}.tgz`), consumer)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('holds what it needs to run, and neither source nor tests', (t) => {
    if (unreachable !== undefined) return t.skip(unreachable)
    const installed = join(consumer, 'node_modules', manifest.name)
    const files = globSync('**/*', { cwd: installed, exclude: ['node_modules'] })
    assert.deepEqual(
      readdirSync(installed).filter((name) => !/^(README\.md|CHANGELOG\.md|node_modules)$/.test(name)),
      ['LICENSE', 'bin', 'demo', 'dist', 'package.json'],
    )
    assert.deepEqual(
      files.filter((name) => /\.test\.|(?<!\.d)\.ts$/.test(name)),
      [],
    )
  })

  test('answers --version', (t) => {
    if (unreachable !== undefined) return t.skip(unreachable)
    const { status, output } = run(join(consumer, 'node_modules/.bin/affidavit'), ['--version'], consumer)
    assert.deepEqual({ status, output }, { status: 0, output: `${manifest.version}\n` })
  })

  for (const specifier of specifiers) {
    test(`lets a module import ${specifier}`, (t) => {
      if (unreachable !== undefined) return t.skip(unreachable)
      const script = `import * as all from '${specifier}'\nif (Object.keys(all).length === 0) throw new Error('empty')`
      const { status, output } = run(process.execPath, ['--input-type=module', '--eval', script], consumer)
      assert.deepEqual({ status, output }, { status: 0, output: '' })
    })
  }

  test('gives its types to a strict program, without the help of skipLibCheck', (t) => {
    if (unreachable !== undefined) return t.skip(unreachable)
    writeConsumer(consumer)
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { status, output } = run(process.execPath, [tsc, '--project', consumer], consumer)
    assert.deepEqual({ status, output }, { status: 0, output: '' })
  })
})

function fileName(exportPath: string): string {
  return `${exportPath === '.' ? 'index' : exportPath.slice(2)}.ts`
}

function writeConsumer(folder: string): void {
  const lines = specifiers.flatMap((specifier, index) => [
    `import * as path${index} from '${specifier}'`,
    `export const names${index}: readonly string[] = Object.keys(path${index})`,
    // An export path that is typed as \`any\` would satisfy every program.
    `export const typed${index}: 0 extends 1 & typeof path${index} ? false : true = true`,
  ])
  writeFileSync(join(folder, 'consumer.ts'), `${lines.join('\n')}\n`)
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
}

/** Why the registry could not be asked, which skips the tests; not on continuous integration, where it must answer. */
function install(tarball: string, folder: string): string | undefined {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const quickly = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=20000']
  const { status, output } = run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', ...quickly, tarball],
    folder,
  )
  if (status === 0) return undefined
  const [reason] =
    /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b.*/.exec(output) ?? []
  if (reason === undefined || process.env.AFFIDAVIT_TEST_INSTALL === '1') assert.fail(output)
  return `the registry cannot be reached: ${reason}`
}

function run(program: string, args: readonly string[], cwd: string): { status: number | null; output: string } {
  // Without the test runner's own variable: a process started here is no part of the run.
  const { NODE_TEST_CONTEXT, ...inherited } = process.env
  const env = { ...inherited, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` }
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: 120_000 })
  if (error !== undefined) throw error
  return { status, output: `${stdout}${stderr}` }
}
