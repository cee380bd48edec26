import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { breaches, type Sources } from './layers.ts'

test('every source file keeps to its layer', () => {
  const src = join(import.meta.dirname, '../src')
  const paths = globSync('**/*.ts', { cwd: src }).filter((path) => !path.endsWith('.test.ts'))
  assert.ok(paths.length > 0, `no source files below ${src}`)
  const sources = new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(src, path), 'utf8')]))
  assert.deepEqual(breaches(sources), [])
})

const ORDERLY = {
  'index.ts': "export { decodeHex } from './bytes/hex.ts'\nexport type { Ledger } from './ledger/ledger.ts'\n",
  'verify.ts': "export { checkNote } from './formats/note.ts'\n",
  'bytes/hex.ts': "import { Buffer } from 'node:buffer'\n",
  'formats/note.ts': "import { decodeHex } from '../bytes/hex.ts'\n",
  'formats/fields.ts': '',
  'formats/draft.ts': "import { Type } from 'typebox'\nimport { Check } from 'typebox/value'\n",
  'ledger/ledger.ts': "import {\n  checkNote,\n  type Note,\n} from '../formats/note.ts'\n",
  'stores/sqlite/database.ts': "import { DatabaseSync } from 'node:sqlite'\n",
  'stores/sqlite/store.ts': "new Worker(new URL('./store.ts', import.meta.url))\nawait import('./database.ts')\n",
  'testing/contract.ts': "import type { Ledger } from '../ledger/ledger.ts'\n",
  'cli/main.ts': "import { Command } from 'commander'\nimport { run } from '../testing/contract.ts'\n",
}

test('sources in good order pass, with imports of every form', () => {
  assert.deepEqual(breaches(sourcesWith({})), [])
})

const LIES: readonly [name: string, changed: Record<string, string>, found: string[]][] = [
  [
    'a lower layer imports a higher one',
    { 'bytes/hex.ts': "import { FIELDS } from '../formats/fields.ts'\n" },
    ['bytes/hex.ts: bytes must not import formats (formats/fields.ts)'],
  ],
  [
    'a lower layer imports only a type of a higher one',
    { 'bytes/hex.ts': "import type {\n  Field,\n} from '../formats/fields.ts'\n" },
    ['bytes/hex.ts: bytes must not import formats (formats/fields.ts)'],
  ],
  [
    'a lower layer loads a higher one later',
    { 'bytes/hex.ts': "const fields = await import('../formats/fields.ts')\n" },
    ['bytes/hex.ts: bytes must not import formats (formats/fields.ts)'],
  ],
  [
    'a lower layer starts a worker of a higher one',
    { 'bytes/hex.ts': "new Worker(new URL('../formats/fields.ts', import.meta.url))\n" },
    ['bytes/hex.ts: bytes must not import formats (formats/fields.ts)'],
  ],
  [
    'the verifier imports the ledger',
    { 'verify/tree.ts': "import { openLedger } from '../ledger/ledger.ts'\n" },
    ['verify/tree.ts: verify must not import ledger (ledger/ledger.ts)'],
  ],
  [
    'the ledger imports the verifier',
    { 'verify/tree.ts': '', 'ledger/ledger.ts': "import { tree } from '../verify/tree.ts'\n" },
    ['ledger/ledger.ts: ledger must not import verify (verify/tree.ts)'],
  ],
  [
    'the contract suites import the command line',
    { 'cli/output.ts': '', 'testing/contract.ts': "import { print } from '../cli/output.ts'\n" },
    ['testing/contract.ts: testing must not import cli (cli/output.ts)'],
  ],
  [
    'an export path imports the command line',
    { 'index.ts': "export { main } from './cli/main.ts'\n" },
    ['index.ts: . must not import cli (cli/main.ts)'],
  ],
  [
    'the command line imports an export path',
    { 'cli/main.ts': "import { openLedger } from '../index.ts'\n" },
    ['cli/main.ts: cli must not import . (index.ts)'],
  ],
  [
    'a folder is not in the table',
    { 'helpers/text.ts': '' },
    ['helpers/text.ts: unknown folder helpers: add it to the table in test/layers.ts'],
  ],
  [
    'a second store is not in the table',
    { 'stores/other/store.ts': '' },
    ['stores/other/store.ts: unknown folder stores/other: add it to the table in test/layers.ts'],
  ],
  [
    'a folder has an index',
    { 'merkle/index.ts': '' },
    ['merkle/index.ts: no index.ts below src: name the file for what it holds'],
  ],
  [
    'a file re-exports names',
    { 'formats/note.ts': "export { decodeHex } from '../bytes/hex.ts'\n" },
    ['formats/note.ts: re-exports ../bytes/hex.ts: importers name the file that owns the name'],
  ],
  [
    'a file re-exports all of another',
    { 'formats/note.ts': "export * from '../bytes/hex.ts'\n" },
    ['formats/note.ts: re-exports ../bytes/hex.ts: importers name the file that owns the name'],
  ],
  [
    'two files import each other',
    { 'bytes/hex.ts': "import './text.ts'\n", 'bytes/text.ts': "import type { Hex } from './hex.ts'\n" },
    ['bytes/hex.ts: imports itself by way of others', 'bytes/text.ts: imports itself by way of others'],
  ],
  [
    'a file that is not there is imported',
    { 'bytes/hex.ts': "import { digit } from './digit.ts'\n" },
    ['bytes/hex.ts: imports bytes/digit.ts, which is no source file'],
  ],
  [
    'a package is imported that nobody agreed on',
    { 'bytes/hex.ts': "import hex from '@scope/hex/decode'\n" },
    [
      'bytes/hex.ts: bytes must not import the package @scope/hex/decode',
      'bytes/hex.ts: the verifier reaches it, and so must not import the package @scope/hex/decode',
    ],
  ],
  [
    'typebox is imported by a store',
    { 'stores/sqlite/store.ts': "import { Type } from 'typebox'\n" },
    ['stores/sqlite/store.ts: stores/sqlite must not import the package typebox'],
  ],
  [
    'the verifier reaches a package',
    { 'formats/note.ts': "import { parseDraft } from './draft.ts'\n" },
    [
      'formats/draft.ts: the verifier reaches it, and so must not import the package typebox',
      'formats/draft.ts: the verifier reaches it, and so must not import the package typebox/value',
    ],
  ],
  [
    'SQLite is opened in two files',
    { 'stores/sqlite/store.ts': "import type { DatabaseSync } from 'node:sqlite'\n" },
    [
      'stores/sqlite/database.ts: node:sqlite belongs to one file of stores/sqlite',
      'stores/sqlite/store.ts: node:sqlite belongs to one file of stores/sqlite',
    ],
  ],
  [
    'SQLite is opened outside its store',
    { 'stores/sqlite/database.ts': '', 'ledger/ledger.ts': "import { DatabaseSync } from 'node:sqlite'\n" },
    ['ledger/ledger.ts: node:sqlite belongs to one file of stores/sqlite'],
  ],
  [
    'what is imported is computed',
    { 'bytes/hex.ts': 'await import(name)\n' },
    ['bytes/hex.ts: import(name) names no TypeScript file or package in plain text'],
  ],
  [
    'an import names what only the build has',
    { 'bytes/hex.ts': "import { text } from './text.js'\n" },
    ['bytes/hex.ts: ./text.js names no TypeScript file or package in plain text'],
  ],
]

for (const [name, changed, found] of LIES) {
  test(`refused: ${name}`, () => assert.deepEqual(breaches(sourcesWith(changed)), found))
}

test('an import in a comment is none', () => {
  const comment = "// import { x } from 'left-pad'\n/**\n * import('../cli/main.ts')\n */\n"
  assert.deepEqual(breaches(sourcesWith({ 'bytes/hex.ts': comment })), [])
})

function sourcesWith(changed: Record<string, string>): Sources {
  return new Map(Object.entries({ ...ORDERLY, ...changed }))
}
