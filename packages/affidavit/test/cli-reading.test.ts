// The command line's reads are on record (spec/reading.md §5): by whom, as what, before anything is shown, and once.

import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'

import { main } from '../src/cli/main.ts'
import type { Terminal } from '../src/cli/output.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { ReadingFound } from '../src/ledger/readers.ts'
import { parseRegistry } from '../src/registry/parse.ts'
import { tampered } from './manipulate.ts'
import { draft, errorCode, json, run } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-reading-'))
after(() => rmSync(base, { recursive: true, force: true }))

const ALLOWED = `affidavit_access: 1
revision: test
people: { kim: { roles: [auditor] } }
everybody_else: []
`

let names = 0
const newPath = (): string => join(base, `path-${names++}`)

const made = new Map<string, Promise<string>>()

/** Three drafts about one person, behind the records of the start and of the policy; a copy of its own for each who asks. */
async function newLedger(policy = ALLOWED): Promise<string> {
  const known = made.get(policy) ?? makeLedger(policy)
  made.set(policy, known)
  const dir = newPath()
  cpSync(await known, dir, { recursive: true })
  return dir
}

async function makeLedger(policy: string): Promise<string> {
  const dir = newPath()
  assert.equal((await run(['init', '--ledger', dir, '--origin', 'cli.example/agents'])).code, 0)
  writeFileSync(join(dir, 'access.yaml'), policy)
  const drafts = [1, 2, 3].map((n) => draft(n, { subject_ids: ['PT-20417'] })).join('')
  assert.equal((await run(['append', '--ledger', dir], drafts)).code, 0)
  return dir
}

function sizeOnDisk(dir: string): number {
  const db = new DatabaseSync(join(dir, 'ledger.db'), { readOnly: true })
  try {
    return Number(db.prepare('SELECT count(*) AS size FROM entries').get()?.size)
  } finally {
    db.close()
  }
}

async function recordsOf(dir: string): Promise<readonly AuditRecord[]> {
  await using ledger = await openFolder(dir)
  const records: AuditRecord[] = []
  for await (const record of ledger.search()) records.push(record)
  return records
}

async function originOf(dir: string): Promise<string> {
  await using ledger = await openFolder(dir)
  return ledger.origin
}

async function readersOf(dir: string): Promise<readonly ReadingFound[]> {
  await using ledger = await openFolder(dir)
  return await ledger.as({ actor_id: 'kim' }).readers({ until_seq: 5 })
}

function terminalTo(out: (text: string) => void): Terminal {
  const nothing = (): void => undefined
  return { out, err: nothing, progress: nothing, endProgress: nothing, style: (_, text) => text, width: 200 }
}

const REGISTRY = join(base, 'registry.yaml')
const SAYS_NOTHING = 'version: 1\nrevision: reading\n'
writeFileSync(REGISTRY, SAYS_NOTHING)
const { digest } = parseRegistry(SAYS_NOTHING, 'yaml', REGISTRY)

const asKim = ['--as', 'kim', '--purpose', 'yearly review']

/** Each command that reads a ledger, and the details and results of its one record. */
const READS: readonly {
  readonly words: () => readonly string[]
  readonly action: string
  readonly details: object
  readonly results: readonly number[]
}[] = [
  {
    words: () => ['search', '--subject', 'PT-20417'],
    action: 'records_viewed',
    details: { operation: 'search', as_of_seq: 4, order: 'ascending', results: 3 },
    results: [2, 3, 4],
  },
  {
    words: () => ['search', '--subject', 'nobody'],
    action: 'records_viewed',
    details: { operation: 'search', as_of_seq: 4, order: 'ascending', results: 0 },
    results: [],
  },
  {
    words: () => ['show', '2'],
    action: 'records_viewed',
    details: { operation: 'show', as_of_seq: 4, results: 1 },
    results: [2],
  },
  {
    words: () => ['tail', '-n', '2'],
    action: 'records_viewed',
    details: { operation: 'tail', as_of_seq: 4, results: 2 },
    results: [3, 4],
  },
  {
    words: () => ['tail', '-n', '0'],
    action: 'records_viewed',
    details: { operation: 'tail', as_of_seq: 4, results: 0 },
    results: [],
  },
  {
    words: () => ['lineage', '3'],
    action: 'records_viewed',
    details: { operation: 'lineage', as_of_seq: 4, results: 1 },
    results: [3],
  },
  {
    words: () => ['grants', '--agent', 'agent-1'],
    action: 'records_viewed',
    details: { operation: 'grants', as_of_seq: 4, results: 0 },
    results: [],
  },
  {
    words: () => ['versions', '--agent', 'agent-1'],
    action: 'records_viewed',
    details: { operation: 'versions', as_of_seq: 4, results: 0 },
    results: [],
  },
  {
    words: () => ['retention', 'plan', '--examples', '0'],
    action: 'records_viewed',
    details: { operation: 'retention_plan', as_of_seq: 4, results: 0 },
    results: [],
  },
  {
    words: () => ['retention', 'explain', '3'],
    action: 'records_viewed',
    details: { operation: 'retention_story', as_of_seq: 4, results: 1 },
    results: [3],
  },
  {
    words: () => ['hold', 'list'],
    action: 'records_viewed',
    details: { operation: 'holds', as_of_seq: 4, results: 0 },
    results: [],
  },
  {
    words: () => ['dispose', 'status'],
    action: 'records_viewed',
    details: { operation: 'dispose status', results: 0 },
    results: [],
  },
  {
    words: () => ['erase', 'status'],
    action: 'records_viewed',
    details: { operation: 'erase status', results: 0 },
    results: [],
  },
  {
    words: () => ['certificates'],
    action: 'records_viewed',
    details: { operation: 'certificates', results: 0 },
    results: [],
  },
  {
    words: () => ['gaps', '--from-seq', '3'],
    action: 'records_viewed',
    details: { operation: 'gaps', as_of_seq: 4, results: 2 },
    results: [3, 4],
  },
  {
    words: () => ['prove', '1', '--out', newPath()],
    action: 'records_viewed',
    details: { operation: 'prove', as_of_seq: 4, results: 1 },
    results: [1],
  },
  {
    words: () => ['export', '--out', newPath(), '--subject', 'PT-20417', '--from-seq', '3', '--reason', 'audit 7'],
    action: 'records_exported',
    details: { operation: 'export', as_of_seq: 4, results: 2 },
    results: [3, 4],
  },
  {
    words: () => ['verify'],
    action: 'integrity_verified',
    details: { operation: 'verify', what: 'ledger', status: 'valid', records_checked: 5, findings: 0, as_of_seq: 4 },
    results: [],
  },
  {
    words: () => ['registry', 'check', REGISTRY],
    action: 'records_viewed',
    details: { operation: 'registry check', as_of_seq: 4, registry_digest: digest, results: 0 },
    results: [],
  },
]
const named = (words: readonly string[]): string => words.filter((word) => !word.startsWith(base)).join(' ')

describe('a command that reads', () => {
  for (const { words, action, details, results } of READS) {
    test(`leaves one record, of who read what: ${named(words())}`, async () => {
      const dir = await newLedger()
      const answer = await run([...words(), '--ledger', dir, ...asKim])
      assert.equal(answer.code, 0, answer.err)
      const records = await recordsOf(dir)
      assert.equal(records.length, 6)
      const record = records[5]
      const { query: _, ...told } = record?.details ?? {}
      assert.deepEqual([record?.action, record?.purpose, told], [action, 'yearly review', details])
      assert.match(String(record?.actor_id), /^tok_/)
      assert.doesNotMatch(JSON.stringify(record), /PT-20417|nobody|kim/)
      const [found] = (await readersOf(dir)).map((read) => [read.reader, read.results])
      assert.deepEqual(found, results.length === 0 ? undefined : ['kim', results])
    })

    test(`shows and writes nothing before that record is there: ${named(words())}`, async () => {
      const dir = await newLedger()
      const argv = [...words(), '--ledger', dir, ...asKim, '--json']
      const out = argv[argv.indexOf('--out') + 1] ?? ''
      const sizes: number[] = []
      await main(argv, { terminal: terminalTo(() => sizes.push(sizeOnDisk(dir))), env: {} })
      assert.deepEqual([...new Set(sizes)], sizes.length === 0 ? [] : [6])
      if (argv.includes('--out')) assert.ok(existsSync(out))
    })

    test(`is refused whoever may not, and leaves nothing: ${named(words())}`, async () => {
      const dir = await newLedger()
      for (const who of [['--as', 'eve'], []]) {
        const argv = [...words(), '--ledger', dir, ...who, '--json']
        const answer = await run(argv)
        assert.deepEqual([answer.code, errorCode(answer)], [4, 'not-allowed'])
        if (argv.includes('--out')) assert.ok(!existsSync(argv[argv.indexOf('--out') + 1] ?? ''))
      }
      assert.equal((await recordsOf(dir)).length, 5)
    })
  }
})

test('who reads is named on the command line, else by the environment, else by the system', async () => {
  const dir = await newLedger(ALLOWED.replace('[]', '[reader]'))
  const show = ['show', '2', '--ledger', dir]
  const environment = { AFFIDAVIT_ACTOR: 'lee' }
  assert.equal((await run([...show, '--as', 'ira'], '', environment)).code, 0)
  assert.equal((await run(show, '', environment)).code, 0)
  assert.equal((await run(show, '', { AFFIDAVIT_ACTOR: '' })).code, 0)
  assert.equal((await run([...show, '--as', ' '])).code, 3)
  const readers = (await readersOf(dir)).map(({ reader }) => reader)
  assert.deepEqual(readers, ['ira', 'lee', userInfo().username])
})

test('what is not there is on record as well, and whom somebody exports in vain is not said', async () => {
  const dir = await newLedger()
  for (const words of [
    ['show', '999'],
    ['prove', '999', '--out', newPath()],
    ['export', '--out', newPath(), '--actor', 'mallory'],
  ]) {
    const answer = await run([...words, '--ledger', dir, ...asKim, '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'not-found'])
  }
  const records = (await recordsOf(dir)).slice(5)
  assert.deepEqual(
    records.map(({ outcome, details }) => [outcome, details?.operation, details?.results]),
    [
      ['success', 'show', 0],
      ['success', 'prove', 0],
      ['failure', 'export', 0],
    ],
  )
  assert.doesNotMatch(JSON.stringify(records), /mallory/)
})

test('why something is exported is on record, also where it is longer than a reason in a record can be', async () => {
  const dir = await newLedger()
  const long = 'because it was asked for, '.repeat(20).trim()
  for (const reason of ['audit 7', long]) {
    const argv = ['export', '--ledger', dir, '--out', newPath(), '--reason', reason, ...asKim]
    assert.equal((await run(argv)).code, 0)
  }
  const said = (await recordsOf(dir)).slice(5).map(({ outcome_reason, details }) => [outcome_reason, details?.reason])
  assert.deepEqual(said, [
    ['audit 7', undefined],
    [undefined, long],
  ])
})

describe('a ledger that takes no record', () => {
  test('is not read without its keys; a copy without them can be verified, and that says that it is not recorded', async () => {
    const dir = await newLedger()
    for (const part of ['keys', 'keyring.db']) {
      const copy = newPath()
      cpSync(dir, copy, { recursive: true })
      rmSync(join(copy, part), { recursive: true })
      for (const { words } of READS.filter((read) => read.action !== 'integrity_verified')) {
        const answer = await run([...words(), '--ledger', copy, ...asKim])
        assert.equal(answer.code, 4, answer.err)
        assert.match(
          answer.err,
          /reading is recorded, .*\n {2}cure: open it where its keys are, .* a copy can be verified/,
        )
        assert.equal(answer.out, '')
      }
      const { code, out, err } = await run(['verify', '--ledger', copy, ...asKim])
      assert.equal(code, 0)
      assert.match(out, /VALID/)
      assert.match(err, /^not recorded: [^\n]+\n$/)
      const report = json(await run(['verify', '--ledger', copy, ...asKim, '--json']))
      assert.deepEqual([report.status, report.recorded, typeof report.not_recorded_because], ['valid', false, 'string'])
      assert.equal(sizeOnDisk(copy), 5)
    }
  })

  test('that was tampered with is left as it is', async () => {
    const dir = await newLedger()
    const altered = newPath()
    tampered(join(dir, 'ledger.db'), altered, ({ run }) =>
      run("UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'agent-1', 'agent-2') AS BLOB)"),
    )
    cpSync(altered, join(dir, 'ledger.db'))
    const report = await run(['verify', '--ledger', dir, ...asKim, '--json'])
    assert.deepEqual([report.code, json(report).status, json(report).recorded], [1, 'tampered', false])
    assert.match(String(json(report).not_recorded_because), /left as it is/)
    assert.deepEqual(readFileSync(join(dir, 'ledger.db')), readFileSync(altered))
  })

  test('for its policy cannot be read is verified all the same', async () => {
    const dir = await newLedger()
    writeFileSync(join(dir, 'access.yaml'), 'affidavit_access: 7\n')
    const report = await run(['verify', '--ledger', dir, '--json'])
    assert.deepEqual([report.code, json(report).recorded, sizeOnDisk(dir)], [0, false, 5])
    assert.equal((await run(['search', '--ledger', dir])).code, 3)
  })

  test('for whoever verifies says so is not written to, and a policy holds for them too', async () => {
    const dir = await newLedger()
    const report = await run(['verify', '--ledger', dir, '--no-record', '--json', ...asKim])
    assert.deepEqual([report.code, json(report).recorded, sizeOnDisk(dir)], [0, false, 5])
    const refused = await run(['verify', '--ledger', dir, '--no-record', '--json', '--as', 'eve'])
    assert.deepEqual([refused.code, errorCode(refused)], [4, 'not-allowed'])
  })
})

test('what is verified without a ledger is recorded nowhere, and says nothing of it', async () => {
  const dir = await newLedger()
  const out = newPath()
  assert.equal((await run(['export', '--ledger', dir, '--out', out, ...asKim])).code, 0)
  const report = await run(['verify', '--export', out, '--json'], '', { AFFIDAVIT_ACTOR: 'kim' })
  assert.deepEqual([report.code, Object.hasOwn(json(report), 'recorded'), report.err], [0, false, ''])
  for (const flag of [['--as', 'kim'], ['--purpose', 'review'], ['--no-record']]) {
    const answer = await run(['verify', '--export', out, '--json', ...flag])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'])
  }
  assert.equal(sizeOnDisk(dir), 6)
})

describe('an earlier incarnation', () => {
  test('is read on the record of the newest, page by page, and its records are not taken for others', async () => {
    const dir = await newLedger()
    const many = Array.from({ length: 210 }, (_, n) => draft(n, { actor_id: 'many' })).join('')
    assert.equal((await run(['append', '--ledger', dir], many)).code, 0)
    const origin = await originOf(dir)
    assert.equal((await run(['init', '--ledger', dir, '--after-restore'])).code, 0)
    const search = async (...words: string[]): Promise<readonly unknown[]> => {
      const argv = ['search', '--ledger', dir, '--origin', origin, '--json', ...words, ...asKim]
      const { as_of_seq, records, more } = json(await run(argv))
      return [as_of_seq, Object(records).length, more]
    }
    assert.deepEqual(await search('--actor', 'many', '--limit', '300'), [214, 210, false])
    assert.deepEqual(await search('--limit', '2', '--reverse'), [214, 2, true])
    assert.deepEqual(await search('--actor', 'mallory'), [214, 0, false])
    const shown = json(await run(['show', '3', '--ledger', dir, '--origin', origin, '--json', ...asKim]))
    assert.equal(shown.seq, 3)
    assert.equal((await run(['show', '999', '--ledger', dir, '--origin', origin, ...asKim])).code, 3)
    const refused = await run(['search', '--ledger', dir, '--origin', origin, '--json', '--as', 'eve'])
    assert.deepEqual([refused.code, errorCode(refused)], [4, 'not-allowed'])
    const read = (await recordsOf(dir)).filter(({ action }) => action === 'records_viewed')
    assert.deepEqual(
      read.map(({ details }) => [details?.operation, details?.ledger, details?.results]),
      [
        ['search', origin, 200],
        ['search', origin, 10],
        ['search', origin, 2],
        ['search', origin, 0],
        ['show', origin, 1],
        ['show', origin, 0],
      ],
    )
    assert.doesNotMatch(JSON.stringify(read), /mallory/)
    assert.deepEqual(await readersOf(dir), [])
  })
})

test('tail --follow shows what comes, once, and neither its own reading nor that of others', async () => {
  const dir = await newLedger()
  const shown: AuditRecord[] = []
  let next = Promise.withResolvers<void>()
  const seen = (text: string): void => {
    shown.push(JSON.parse(text))
    next.resolve()
  }
  const tail = main(['tail', '-f', '-n', '1', '--ledger', dir, '--json', ...asKim], {
    terminal: terminalTo(seen),
    env: {},
  })
  await next.promise
  for (const n of [4, 5]) {
    next = Promise.withResolvers()
    for (let times = 0; times < 3; times++) assert.equal((await run(['show', '1', '--ledger', dir, ...asKim])).code, 0)
    assert.equal((await run(['append', '--ledger', dir], draft(n))).code, 0)
    await next.promise
  }
  process.emit('SIGINT')
  assert.equal(await tail, 0)
  assert.deepEqual(
    shown.map(({ details }) => details?.n),
    [3, 4, 5],
  )
  const records = await recordsOf(dir)
  assert.equal(records.filter(({ details }) => details?.operation === 'tail').length, 3)
  const again = await run(['tail', '--ledger', dir, '-n', '2', '--json', ...asKim])
  assert.deepEqual(
    again.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).details.n),
    [4, 5],
  )
})
