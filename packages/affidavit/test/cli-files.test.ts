// What a command line may write and what it reads: never over a file that is there, never into a ledger, and never as a
// ledger, export or proof what is none.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { openLedger } from '../src/index.ts'
import { draft, errorCode, json, type Run, run, runBin } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-files-'))
after(() => rmSync(base, { recursive: true, force: true }))

async function newLedger(name: string): Promise<{ dir: string; vkey: string }> {
  const dir = join(base, name)
  const made = await run(['init', '--ledger', dir, '--origin', 'cli.example/agents'])
  assert.equal(made.code, 0, made.err)
  assert.equal((await run(['append', '--ledger', dir], draft(1) + draft(2))).code, 0)
  return { dir, vkey: made.out.trim() }
}

function refusedWithCure(answer: Run, code: number): void {
  assert.equal(answer.code, code, `${answer.out}${answer.err}`)
  assert.match(answer.err, /^affidavit: [^\n]+\n {2}cure: [^\n]+\n {2}code: [a-z-]+\n$/)
}

describe('new files', () => {
  let dir = ''
  before(async () => {
    dir = (await newLedger('writing')).dir
    writeFileSync(join(base, 'taken'), 'precious')
  })

  const places: Readonly<Record<string, () => string>> = {
    'a file that is there': () => join(base, 'taken'),
    'the database': () => join(dir, 'ledger.db'),
    'a key': () => join(dir, 'keys/checkpoint.key'),
    'the settings of the ledger': () => join(dir, 'affidavit.json'),
    'a folder': () => dir,
    'a folder that is not there': () => join(base, 'nowhere/file'),
    'below a file': () => join(base, 'taken/file'),
  }
  for (const [name, place] of Object.entries(places)) {
    test(`are never ${name}`, async () => {
      const [kept, before] = [readFileSync(join(base, 'taken'), 'utf8'), readdirSync(dir, { recursive: true }).sort()]
      refusedWithCure(await run(['prove', '0', '--ledger', dir, '--out', place()]), 3)
      const proof = join(base, `proof-${Object.keys(places).indexOf(name)}`)
      refusedWithCure(await run(['prove', '0', '--ledger', dir, '--out', proof, '--entry', place()]), 3)
      assert.ok(!existsSync(proof), 'half of it must not be left')
      refusedWithCure(await run(['checkpoint', '--ledger', dir, '--out', place()]), 3)
      assert.equal(readFileSync(join(base, 'taken'), 'utf8'), kept)
      assert.deepEqual(readdirSync(dir, { recursive: true }).sort(), before)
      assert.equal((await run(['verify', '--ledger', dir])).code, 0)
    })
  }

  test('a proof and its record do not share one', async () => {
    const one = join(base, 'one')
    refusedWithCure(await run(['prove', '0', '--ledger', dir, '--out', one, '--entry', one]), 3)
    assert.ok(!existsSync(one))
  })

  test('where the system refuses, that is the world’s', { skip: !existsSync('/proc') }, async () => {
    refusedWithCure(await run(['prove', '0', '--ledger', dir, '--out', '/proc/proof']), 4)
    refusedWithCure(await run(['checkpoint', '--ledger', dir, '--out', '/proc/checkpoint']), 4)
  })

  test('command lines that are printed can be pasted', async () => {
    const odd = join(base, "it's odd")
    const { out } = await run(['export', '--ledger', dir, '--out', odd])
    assert.equal(execFileSync('sh', ['-c', `printf '%s|' ${out}`], { encoding: 'utf8' }).split('|')[3], odd)
    assert.match((await run(['prove', '0', '--ledger', dir, '--out', join(odd, '..', 'a b')])).err, /--proof '.*a b' /)
  })

  test('export prints the cover as it stands in the folder', async () => {
    const out = join(base, 'covered')
    const answer = await run(['export', '--ledger', dir, '--out', out, '--json'])
    assert.equal(answer.out, readFileSync(join(out, 'export.json'), 'utf8'))
  })
})

describe('init', () => {
  test('says whose fault a folder is that cannot be made, and ends', async () => {
    const file = join(base, 'a-file')
    writeFileSync(file, '')
    const init = (dir: string, ...more: string[]): Promise<Run> =>
      run(['init', '--ledger', dir, '--origin', 'cli.example', ...more])
    refusedWithCure(await init(file), 3)
    refusedWithCure(await init(join(file, 'below')), 4)
    refusedWithCure(await init(join(base, 'unanchored'), '--anchor', join(file, 'below')), 4)
    assert.ok(!existsSync(join(base, 'unanchored')))
    if (!existsSync('/proc')) return
    for (const dir of ['/proc/x', '/proc/x/y']) refusedWithCure(await init(dir), 4)
    refusedWithCure(await init(join(base, 'unanchored'), '--anchor', '/proc/x'), 4)
    const { dir } = await newLedger('exporting-nowhere')
    refusedWithCure(await run(['export', '--ledger', dir, '--out', '/proc/x/y']), 4)
  })

  test('keeps the checkpoint log inside the ledger where it is anyway, and nowhere else in it', async () => {
    const dir = join(base, 'anchored-inside')
    const init = (anchor: string): Promise<Run> =>
      run(['init', '--ledger', dir, '--origin', 'cli.example', '--anchor', anchor])
    refusedWithCure(await init(join(dir, 'anchor')), 3)
    refusedWithCure(await init(dir), 3)
    assert.ok(!existsSync(dir))
    assert.equal((await init(join(dir, 'checkpoints'))).code, 0)
    assert.equal((await run(['verify', '--ledger', dir])).code, 0)
    renameSync(dir, `${dir}-moved`)
    assert.equal((await run(['verify', '--ledger', `${dir}-moved`])).code, 0)
  })

  test('a ledger of another name is not opened', async () => {
    const { dir } = await newLedger('named')
    await assert.rejects(openLedger(dir, { origin: 'other.example' }), { code: 'invalid-origin', path: 'origin' })
    await using ledger = await openLedger(dir, { origin: 'cli.example/agents' })
    assert.match(ledger.origin, /^cli\.example\/agents\//)
  })
})

describe('a ledger whose parts are not what they seem', () => {
  const place = (dir: string, name: string): string => {
    rmSync(join(dir, name), { force: true })
    execFileSync('mkfifo', [join(dir, name)])
    return dir
  }
  const commands = ['verify', 'doctor', 'search', 'append']

  for (const [name, code] of [
    ['ledger.db', 1],
    ['checkpoints/checkpoints.log', 4],
    ['affidavit.json', 3],
  ] as const) {
    test(`a pipe in the place of ${name} keeps nobody waiting`, { skip: process.platform === 'win32' }, async () => {
      const { dir } = await newLedger(`pipe-${code}`)
      place(dir, name)
      assert.equal(runBin(['verify', '--ledger', dir]).status, code)
      for (const command of commands.slice(1)) {
        const { status, stderr } = runBin([command, '--ledger', dir], ['ignore', 'pipe', 'pipe'])
        assert.ok(status !== null && status !== 1 && status !== 70, `${command} ended with ${status}: ${stderr}`)
      }
    })
  }

  test('a database that is gone beside its checkpoint log is a finding, and is said to be missing', async () => {
    const { dir } = await newLedger('gone')
    rmSync(join(dir, 'ledger.db'))
    const report = await run(['verify', '--ledger', dir, '--json'])
    assert.deepEqual([report.code, json(report).status], [1, 'tampered'])
    assert.match(report.out, /ledger\.db does not exist/)
    for (const command of ['search', 'append', 'doctor']) {
      const answer = await run([command, '--ledger', dir])
      assert.match(answer.err + answer.out, /ledger\.db (is missing|does not exist)/)
      assert.equal(answer.code, command === 'doctor' ? 4 : 3)
    }
  })

  test('a file, or a folder that is not there, is no ledger', async () => {
    const file = join(base, 'plain')
    writeFileSync(file, 'plain')
    for (const dir of [file, join(base, 'no-such-folder')]) {
      for (const command of ['verify', 'search']) {
        assert.equal(errorCode(await run([command, '--ledger', dir, '--json'])), 'not-a-ledger')
      }
    }
  })
})

describe('what is verified without a ledger', () => {
  let [dir, vkey, out, proof, entry] = ['', '', '', '', '']
  before(async () => {
    ;({ dir, vkey } = await newLedger('source'))
    ;[out, proof, entry] = [join(base, 'export'), join(base, 'proof'), join(base, 'entry')]
    assert.equal((await run(['export', '--ledger', dir, '--out', out])).code, 0)
    assert.equal((await run(['prove', '1', '--ledger', dir, '--out', proof, '--entry', entry])).code, 0)
  })

  test('a folder that is no export is said to be none; one that lost its cover was altered', async () => {
    mkdirSync(join(base, 'empty'))
    for (const folder of [join(base, 'empty'), dir, base, join(base, 'nowhere'), proof]) {
      assert.equal((await run(['verify', '--export', folder])).code, 3, folder)
    }
    rmSync(join(out, 'export.json'))
    assert.equal((await run(['verify', '--export', out])).code, 1)
  })

  test('an entries file of any length is read no further than the export can be', async () => {
    const long = join(base, 'long-export')
    assert.equal((await run(['export', '--ledger', dir, '--out', long])).code, 0)
    truncateSync(join(long, 'entries.jsonl'), 2 ** 36)
    const { status, stdout } = runBin(['verify', '--export', long, '--json'])
    assert.equal(status, 1)
    assert.match(stdout, /"file-altered"/)
  })

  test('a file that is no proof, or no record, is said to be none; an altered one was altered', async () => {
    const verify = (p: string, e: string): Promise<Run> => run(['verify', '--proof', p, '--entry', e, '--vkey', vkey])
    writeFileSync(join(base, 'nothing'), '')
    for (const [p, e] of [
      [entry, proof],
      [join(base, 'nothing'), entry],
      [proof, join(base, 'nothing')],
      [join(base, 'empty'), entry],
    ] as const)
      refusedWithCure(await verify(p, e), 3)
    const altered = join(base, 'altered-proof')
    writeFileSync(altered, readFileSync(proof, 'utf8').replace('c2sp.org', 'c2sq.org'))
    assert.equal((await verify(altered, entry)).code, 1)
    assert.equal((await verify(proof, entry)).code, 0)
  })

  test('a key file that is a folder, or longer than any, is refused', async () => {
    const huge = join(base, 'huge')
    writeFileSync(huge, '')
    truncateSync(huge, 3 * 2 ** 30)
    for (const key of [dir, huge]) refusedWithCure(await run(['verify', '--ledger', dir, '--vkey', key]), 3)
  })
})
