// The layers of architecture as data, and what is wrong with a set of source files by that measure. Pure.

import { posix } from 'node:path'

import { type Imports, readImports } from './imports.ts'

/** Source files that are no tests, by their path below src, such as `bytes/hex.ts`. */
export type Sources = ReadonlyMap<string, string>

// What a folder may import besides itself.
const BYTES = ['bytes', 'crypto', 'clock']
const FORMATS = ['formats', 'merkle', ...BYTES]
const VAULT = ['errors', ...FORMATS]
const LEDGER = ['ledger', 'links', 'vault', 'errors', 'formats', ...BYTES]
const LAYERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['bytes', []],
  ['crypto', ['bytes']],
  ['clock', []],
  ['errors', []],
  ['time-sources', ['errors', 'clock']],
  ['merkle', ['bytes', 'crypto']],
  ['formats', ['merkle', ...BYTES]],
  ['documents', ['formats', ...BYTES]],
  ['access', ['documents', 'formats', ...BYTES]],
  ['papers', ['access', 'errors', 'formats', ...BYTES]],
  ['erasure', ['papers', 'formats', ...BYTES]],
  ['disposition', ['papers', 'access', 'formats', ...BYTES]],
  ['retention', ['documents', 'links', 'errors', 'formats', ...BYTES]],
  ['archive', ['retention', ...LEDGER, 'merkle']],
  ['registry', ['documents', 'formats', ...BYTES]],
  ['verify', ['disposition', 'papers', 'links', ...FORMATS]],
  ['vault', VAULT],
  ['links', ['formats', ...BYTES]],
  [
    'ledger',
    ['links', 'vault', 'registry', 'classify', 'access', 'papers', 'erasure', 'disposition', 'retention', ...VAULT],
  ],
  ['query', ['ledger', 'links', 'retention', 'errors', 'formats', ...BYTES]],
  ['keys', LEDGER],
  ['stores/sqlite', ['ledger', 'links', 'vault', 'errors', 'verify', ...FORMATS]],
  ['stores/postgres', ['vault', 'ledger', 'errors', 'verify', ...FORMATS]],
  [
    'embedded',
    [
      'archive',
      'time-sources',
      'stores/sqlite',
      'stores/postgres',
      'keys',
      'verify',
      'registry',
      'classify',
      'access',
      'papers',
      'erasure',
      'disposition',
      'retention',
      'documents',
      ...LEDGER,
    ],
  ],
  ['watch', ['embedded', 'stores/sqlite', 'keys', 'verify', 'documents', 'ledger', 'errors', 'formats', ...BYTES]],
  ['classify', ['formats', ...BYTES]],
  ['imports', ['registry', ...LEDGER]],
  // A spool's folder is held by a lock of SQLite: Node has no other that goes with its process.
  ['capture', ['registry', 'classify', 'stores/sqlite', ...LEDGER]],
  // No SDK is imported: an adapter knows one by its shape.
  ['adapters', ['capture', 'errors', 'formats', ...BYTES]],
  ['otlp', ['capture', 'registry', 'classify', ...LEDGER]],
  // Over HTTP: it knows no store, and nothing of the server but what the specification says.
  ['client', ['query', 'registry', ...LEDGER, 'merkle']],
  ['evidence', ['ledger', 'errors', 'verify', ...FORMATS]],
])
// These may import every folder except the ones named.
const WIDE: ReadonlyMap<string, readonly string[]> = new Map([
  ['testing', ['cli']],
  ['server', ['cli', 'testing']],
  ['cli', []],
  ['.', ['cli']],
])

const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['typebox', ['formats', 'ledger', 'registry', 'server', 'watch']],
  ['fastify', ['server']],
  ['@fastify/compress', ['server']],
  ['@fastify/rate-limit', ['server']],
  ['@fastify/swagger', ['server']],
  ['prom-client', ['server']],
  ['@bufbuild/protobuf', ['otlp', 'server']],
  ['commander', ['cli']],
  ['jose', ['embedded']],
  ['croner', ['watch']],
  ['temporal-polyfill', ['retention']],
  ['@aws-sdk/client-s3', ['archive']],
  ['@google-cloud/storage', ['archive']],
  ['diff', ['query']],
  // Optional: each is loaded by one file, when it is needed.
  ['pkcs11js', ['keys']],
  ['@aws-sdk/client-kms', ['keys']],
  ['pg', ['stores/postgres']],
  ['yaml', ['documents']],
  // Of the demo's agent, where it is installed.
  ['openai', ['cli']],
])

/** Everything that breaks a layer, one line each with its file, sorted. Nothing for sources in good order. */
export function breaches(sources: Sources): string[] {
  const files = [...sources].map(([path, text]) => ({ path, folder: folderOf(path), imports: readImports(text) }))
  const graph = new Map(files.map(({ path, imports }) => [path, targets(path, imports)]))
  const found = files.flatMap((file) => [
    ...misplaced(file.path, file.folder),
    ...forbiddenForm(file.path, file.folder, file.imports),
    ...forbiddenFolders(file.path, file.folder, graph.get(file.path) ?? [], sources),
    ...forbiddenPackages(file.path, file.folder, file.imports),
  ])
  return [...new Set([...found, ...sqliteOwners(files), ...cycles(graph), ...verifierPackages(graph, files)])].sort()
}

interface SourceFile {
  readonly path: string
  readonly folder: string
  readonly imports: Imports
}

// A store is a layer of its own: stores/sqlite, not stores.
function folderOf(path: string): string {
  const [first, second] = posix.dirname(path).split('/')
  return first === 'stores' && second !== undefined ? `stores/${second}` : (first ?? '.')
}

// A file that names itself, as one does that starts itself as a worker, imports nothing by that.
function targets(path: string, imports: Imports): string[] {
  return imports.relative
    .map((specifier) => posix.join(posix.dirname(path), specifier))
    .filter((target) => target !== path)
}

function misplaced(path: string, folder: string): string[] {
  const found: string[] = []
  if (posix.basename(path) === 'index.ts' && path !== 'index.ts') {
    found.push(`${path}: no index.ts below src: name the file for what it holds`)
  }
  if (!LAYERS.has(folder) && !WIDE.has(folder)) {
    found.push(`${path}: unknown folder ${folder}: add it to the table in test/layers.ts`)
  }
  return found
}

function forbiddenForm(path: string, folder: string, imports: Imports): string[] {
  const found = imports.unreadable.map((text) => `${path}: ${text} names no TypeScript file or package in plain text`)
  if (folder !== '.' && imports.reExports.length > 0) {
    found.push(`${path}: re-exports ${imports.reExports.join(', ')}: importers name the file that owns the name`)
  }
  return found
}

function forbiddenFolders(path: string, folder: string, imported: readonly string[], sources: Sources): string[] {
  return imported.flatMap((target) => {
    const other = folderOf(target)
    if (!sources.has(target)) return [`${path}: imports ${target}, which is no source file`]
    return other === folder || mayImport(folder, other)
      ? []
      : [`${path}: ${folder} must not import ${other} (${target})`]
  })
}

// Export paths are for users of the package: below src, nothing imports them. What a folder without a place in the
// table may import is not known; that it has none is reported already.
function mayImport(folder: string, other: string): boolean {
  const refused = WIDE.get(folder)
  if (refused !== undefined) return other !== '.' && !refused.includes(other)
  return LAYERS.get(folder)?.includes(other) ?? true
}

function forbiddenPackages(path: string, folder: string, imports: Imports): string[] {
  return imports.packages
    .filter((name) => !name.startsWith('node:') && !PACKAGES.get(packageOf(name))?.includes(folder))
    .map((name) => `${path}: ${folder} must not import the package ${name}`)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function sqliteOwners(files: readonly SourceFile[]): string[] {
  // The demo's clinic has a database of its own.
  const owners = files.filter(
    ({ path, imports }) => imports.packages.includes('node:sqlite') && path !== 'cli/demo/patients.ts',
  )
  return owners
    .filter(({ folder }) => folder !== 'stores/sqlite' || owners.length > 1)
    .map(({ path }) => `${path}: node:sqlite belongs to one file of stores/sqlite`)
}

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  return [...graph.keys()]
    .filter((path) => reachable(graph, graph.get(path) ?? []).has(path))
    .map((path) => `${path}: imports itself by way of others`)
}

function verifierPackages(graph: ReadonlyMap<string, readonly string[]>, files: readonly SourceFile[]): string[] {
  const reached = reachable(graph, ['verify.ts'])
  return files
    .filter(({ path }) => reached.has(path))
    .flatMap(({ path, imports }) =>
      imports.packages
        .filter((name) => !name.startsWith('node:'))
        .map((name) => `${path}: the verifier reaches it, and so must not import the package ${name}`),
    )
}

function reachable(graph: ReadonlyMap<string, readonly string[]>, from: readonly string[]): Set<string> {
  const reached = new Set<string>()
  const waiting = [...from]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    waiting.push(...(graph.get(path) ?? []))
  }
  return reached
}
