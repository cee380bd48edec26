// A ledger whose keyring is in a PostgreSQL database of its own: made, used by several processes, erased from, and what is in the way.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { initLedger } from '../src/index.ts'
import { keyringPlaces, NAME } from './keyring-suite.ts'
import { KEYRING_OWNER, KEYRING_SERVER } from './postgres-keyring.ts'
import { missingForPostgres, SERVER } from './postgres-server.ts'
import { done, draft, errorCode, json, type Run, run, runBin } from './run-cli.ts'

const packageFolder = join(import.meta.dirname, '..')
const REGISTRY = join(packageFolder, 'demo/clinic-registry.yaml')
const CHATS = join(packageFolder, 'demo/clinic-conversations.jsonl')

const missing = missingForPostgres()
if (missing !== undefined) test('a keyring in PostgreSQL', { skip: missing })
else describe('a keyring in PostgreSQL', () => keyrings())

function keyrings(): void {
  const places = keyringPlaces()
  const { newPath, newDatabase, keyringAt, ledgerAt, made } = places

  const rowsOf = async (database: string): Promise<readonly unknown[]> =>
    (await places.server.sql(database, 'SELECT name, kind FROM affidavit_keyring.rows ORDER BY kind')).rows

  test('is made by init, remembered without a password, and nothing of it is in the home', async () => {
    const { url, keyring, home, database } = await made()
    assert.deepEqual(readdirSync(home).sort(), ['access.yaml', 'affidavit.json', 'checkpoints', 'keys'])
    assert.deepEqual(JSON.parse(readFileSync(join(home, 'affidavit.json'), 'utf8')), { keyring, database: url })
    const { rows } = await places.server.sql(database, 'SELECT name, generation::int FROM affidavit_keyring.keyrings')
    assert.deepEqual(rows, [{ name: NAME, generation: 1 }])
    const [start] = Object(json(await done(run(['search', '--ledger', home, '--json'])))).records
    assert.match(JSON.stringify(start), /"keyring": ?"elsewhere"/)
  })

  test('says where it is: init for people and for scripts, and doctor', async () => {
    const [database, home, other] = [await newDatabase(), newPath(), newPath()]
    const keyring = keyringAt(database)
    const told = await done(run(['init', '--ledger', await ledgerAt(), '--keyring', keyring, '--keys', home]))
    assert.ok(told.err.includes(`keyring         ${keyring}  (`), told.err)
    const words = ['init', '--ledger', other, '--origin', 'keyring.example/other', '--keyring', keyring, '--json']
    assert.equal(json(await done(run(words))).keyring, keyring)
    const looked = json(await run(['doctor', '--ledger', home, '--json']))
    const findings: readonly { state: string; about: string; says: string }[] = Object(looked).findings
    const { state, says } = findings.find(({ about }) => about === 'keyring') ?? {}
    assert.equal(state, 'ok')
    assert.match(says ?? '', /^postgres:\/\/keyring_server@127\.0\.0\.1:\d+\/keyrings_\d+, generation 1, under key-enc/)
  })

  test('keeps persons and content for every process, and loses who is erased', async () => {
    const { url, database, home } = await made()
    const policy = (approver: string): string => `affidavit_access: 1
revision: first
people:
  lee: { roles: [privacy_officer, operator] }
  kim: { roles: [erasure_approver], approval_key: ${JSON.stringify(approver)} }
everybody_else: [reader]
`
    const [key, plan, approval, certificate] = [newPath(), newPath(), newPath(), newPath()]
    const approver = await done(run(['approver-key', '--out', key, '--name', 'approver/kim']))
    writeFileSync(join(home, 'access.yaml'), policy(approver.out.trim()))
    await done(
      run(['import', '--ledger', url, '--keys', home, '--format', 'openai-chat', '--registry', REGISTRY, CHATS]),
    )
    const kinds = new Set((await rowsOf(database)).map((row) => Object(row).kind))
    assert.deepEqual([...kinds], ['identity', 'scope'])

    const env = { ...process.env, AFFIDAVIT_LEDGER: url, AFFIDAVIT_KEYS: home, AFFIDAVIT_ACTOR: 'lee' }
    const elsewhere = (...words: readonly string[]): string => {
      const { status, stdout, stderr } = runBin(words, 'pipe', undefined, env)
      assert.equal(status, 0, stdout + stderr)
      return stdout
    }
    const reveal = ['conversation', 'larkspur-1001', '--reveal', '--reason', 'complaint 17']
    assert.match(elsewhere(...reveal), /I am seeing PT-20417 at half past nine/)
    const found = elsewhere('search', '--json', '--limit', '300')
    const [token = ''] = /tok_[0-9a-f]{32}/.exec(found) ?? []
    assert.notEqual(elsewhere('resolve', token, '--reason', 'complaint 17').trim(), '')

    const content = [{ name: 'message', media_type: 'text/plain', body: 'The lift is stuck.' }]
    const person = draft(9, { conversation_id: 'c-9', subject_ids: ['PT-90001'], content })
    await done(run(['append', '--ledger', home, '--registry', REGISTRY], person))
    const theirs = ['conversation', 'c-9', '--reveal', '--reason', 'complaint 17']
    assert.match(elsewhere(...theirs), /The lift is stuck/)
    assert.match(elsewhere('search', '--subject', 'PT-90001', '--json'), /c-9/)

    const words = ['--subject', 'PT-90001', '--basis', 'gdpr_17', '--reason', 'request 7', '--as', 'lee']
    await done(run(['erase', 'plan', '--ledger', home, ...words, '--out', plan]))
    await done(run(['approve', plan, '--key', key, '--as', 'kim', '--out', approval]))
    const erasing = ['erase', 'run', plan, '--ledger', home, '--approval', approval, '--as', 'lee']
    await done(run([...erasing, '--out', certificate]))
    assert.doesNotMatch(elsewhere(...theirs), /The lift is stuck/)
    assert.doesNotMatch(elsewhere('search', '--subject', 'PT-90001', '--json'), /c-9/)
    assert.match(elsewhere(...reveal), /I am seeing PT-20417 at half past nine/)
    const { rows } = await places.server.sql(database, 'SELECT generation::int FROM affidavit_keyring.keyrings')
    assert.deepEqual(rows, [{ generation: 2 }])
    await done(run(['rotate-key', '--of', 'keyring', '--ledger', home, '--as', 'lee']))
    elsewhere('append')
  })

  test('serves a ledger in a folder too, and two names in one database', async () => {
    const [keyring, one, other] = [keyringAt(await newDatabase()), newPath(), newPath()]
    await done(run(['init', '--ledger', one, '--origin', NAME, '--keyring', keyring]))
    await done(run(['init', '--ledger', other, '--origin', 'keyring.example/other', '--keyring', keyring]))
    assert.deepEqual(readdirSync(one).sort(), ['access.yaml', 'affidavit.json', 'checkpoints', 'keys', 'ledger.db'])
    const content = [{ name: 'message', media_type: 'text/plain', body: 'The lift is stuck.' }]
    for (const folder of [one, other]) await done(run(['append', '--ledger', folder], draft(1, { content })))
    const shown = await done(run(['conversation', 'c-1', '--reveal', '--reason', 'x', '--ledger', one]))
    assert.match(shown.out, /The lift is stuck/)
    await done(run(['init', '--after-restore', '--ledger', one]))
    assert.equal((await run(['verify', '--ledger', one, '--content'])).code, 0)
  })

  test('is one for two that make a ledger of the same name at once', async () => {
    const [keyring, folders] = [keyringAt(await newDatabase()), [newPath(), newPath(), newPath()]]
    const answers = await Promise.all(
      folders.map((folder) => run(['init', '--ledger', folder, '--origin', NAME, '--keyring', keyring, '--json'])),
    )
    assert.deepEqual(answers.map(({ code }) => code).sort(), [0, 3, 3])
    for (const [i, answer] of answers.entries()) {
      if (answer.code === 0) continue
      assert.deepEqual([errorCode(answer), existsSync(folders[i] ?? '')], ['ledger-exists', false])
    }
  })

  describe('whose making was interrupted', () => {
    const BEGIN = 'FUNCTION affidavit_keyring.begin_keyring'
    for (const records of ['a folder', 'a database'])
      test(`before it began is made by doing it again: records in ${records}`, async () => {
        const [database, home, other] = [await newDatabase(), newPath(), newPath()]
        const where = records === 'a folder' ? ['--ledger', home] : ['--ledger', await ledgerAt(), '--keys', home]
        const init = ['init', ...where, '--origin', NAME, '--keyring', keyringAt(database), '--json']
        await places.server.sql(database, `REVOKE EXECUTE ON ${BEGIN} FROM ${KEYRING_SERVER}`)
        const failed = await run(init)
        assert.deepEqual([failed.code, errorCode(failed)], [4, 'store-unavailable'], failed.out)
        const opened = await run(['append', '--ledger', home, '--json'])
        assert.deepEqual([errorCode(opened)], ['missing-key'], opened.out)
        await places.server.sql(database, `GRANT EXECUTE ON ${BEGIN} TO ${KEYRING_SERVER}`)
        const renamed = init.map((word) => word.replace(NAME, 'keyring.example/renamed'))
        assert.equal(errorCode(await run(renamed)), records === 'a folder' ? 'ledger-exists' : 'invalid-query')
        const { origin } = json(await done(run(init)))
        assert.equal(errorCode(await run(init)), 'ledger-exists')
        const { out } = await done(run(['search', '--ledger', home, '--json']))
        assert.equal(out.match(/"keyring_generation"/g)?.length, 1)
        assert.ok(out.includes(String(origin)))
        const second = ['init', '--ledger', other, '--origin', NAME, '--keyring', keyringAt(database), '--json']
        assert.equal(errorCode(await run(second)), 'ledger-exists')
        assert.ok(!existsSync(other))
      })

    test('behind its beginning is finished by doing it again, with the same keyring', async () => {
      const [url, database, home] = [await ledgerAt(), await newDatabase(), newPath()]
      const ledgers = /\/(\w+)\?/.exec(url)?.[1] ?? ''
      const INSERT = 'INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries'
      const init = ['init', '--ledger', url, '--keys', home, '--keyring', keyringAt(database)]
      const head = 'SELECT kek_version, wrapped_key FROM affidavit_keyring.keyrings'
      await places.server.sql(ledgers, `REVOKE ${INSERT} FROM ${SERVER}`)
      assert.equal((await run(init)).code, 4)
      const { rows } = await places.server.sql(database, head)
      assert.equal(rows.length, 1)
      await places.server.sql(ledgers, `GRANT ${INSERT} TO ${SERVER}`)
      await done(run(init))
      assert.deepEqual((await places.server.sql(database, head)).rows, rows)
      await done(run(['append', '--ledger', home], draft(1)))
    })
  })

  describe('that the environment names', () => {
    const withKeyring = (url: string): NodeJS.ProcessEnv => ({ ...process.env, AFFIDAVIT_KEYRING: url })

    test('counts in place of that of the settings: after a failover, and with a password that nobody sees', async () => {
      const { database, home, keyring } = await made()
      await places.server.sql('postgres', `ALTER DATABASE ${database} RENAME TO ${database}_moved`)
      const [away, moved] = [['append', '--ledger', home, '--json'], keyring.replace(database, `${database}_moved`)]
      assert.equal(errorCode(await run(away)), 'store-unavailable')
      const secret = moved.replace('@', ':hunter2@')
      const appended = runBin(away, 'pipe', undefined, withKeyring(secret))
      assert.equal(appended.status, 0, appended.stdout + appended.stderr)
      const looked = runBin(['doctor', '--ledger', home], 'pipe', undefined, withKeyring(secret))
      assert.ok(looked.stdout.includes(moved), looked.stdout)
      const lost = runBin(away, 'pipe', undefined, withKeyring(secret.replace('_moved', '_lost')))
      assert.match(lost.stdout, /store-unavailable/)
      assert.doesNotMatch(looked.stdout + looked.stderr + lost.stdout + lost.stderr, /hunter2/)
    })

    test('gives init its password, and no other place', async () => {
      const [database, home] = [await newDatabase(), newPath()]
      const keyring = keyringAt(database)
      const init = ['init', '--ledger', home, '--origin', NAME, '--keyring', keyring, '--json']
      const other = runBin(init, 'pipe', undefined, withKeyring(keyringAt(await newDatabase())))
      assert.deepEqual([other.status, existsSync(home)], [3, false], other.stdout)
      const same = runBin(init, 'pipe', undefined, withKeyring(keyring.replace('@', ':hunter2@')))
      assert.equal(same.status, 0, same.stdout + same.stderr)
      assert.deepEqual(JSON.parse(readFileSync(join(home, 'affidavit.json'), 'utf8')), { keyring })
    })

    test('says nothing of a keyring that is a file', async () => {
      const home = newPath()
      await done(run(['init', '--ledger', home, '--origin', NAME]))
      const env = withKeyring('postgres://x@127.0.0.1:1/a')
      assert.equal(runBin(['append', '--ledger', home], 'pipe', undefined, env).status, 0)
    })

    test('is refused where it is none', async () => {
      const { home } = await made()
      for (const [url, says] of [
        ['/var/keyring', /AFFIDAVIT_KEYRING: the scheme/],
        ['postgres://x@127.0.0.1:1/a?ledger=b', /AFFIDAVIT_KEYRING: the URL of a keyring names the ledger b/],
      ] as const) {
        const answer = runBin(['append', '--ledger', home, '--json'], 'pipe', undefined, withKeyring(url))
        assert.equal(answer.status, 3)
        assert.match(answer.stdout, says)
      }
    })
  })

  describe('refused:', () => {
    const init = (keyring: string): Promise<Run> =>
      run(['init', '--ledger', newPath(), '--origin', NAME, '--keyring', keyring, '--json'])

    /** The home of a ledger whose settings name another keyring now. */
    async function pointed(keyring: (standing: string) => Promise<string> | string): Promise<Run> {
      const { home, keyring: standing } = await made()
      const file = join(home, 'affidavit.json')
      const settings = JSON.parse(readFileSync(file, 'utf8'))
      writeFileSync(file, JSON.stringify({ ...settings, keyring: await keyring(standing) }))
      return run(['append', '--ledger', home, '--json'])
    }

    type Lie = readonly [lie: string, made: () => Promise<Run>, code: string, says: RegExp, cure: RegExp]
    const LIES: readonly Lie[] = [
      ['a URL that is none', () => init('postgres://db.example'), 'invalid-query', /no URL of a data/, /USER@HOST/],
      ['a URL of another scheme', () => init('mysql://db/keys'), 'invalid-query', /scheme .* mysql/, /postgres:/],
      [
        'a URL that names a ledger',
        () => init('postgres://x@127.0.0.1:1/a?ledger=b'),
        'invalid-query',
        /names the ledger b/,
        /leave ledger= out/,
      ],
      ['several hosts', () => init('postgres://x@a,b/a'), 'invalid-query', /several hosts/, /new primary/],
      [
        'a password on the command line',
        () => init('postgres://x:hunter2@127.0.0.1:1/a'),
        'invalid-query',
        /--keyring: a password on the command line/,
        /AFFIDAVIT_KEYRING/,
      ],
      [
        'a server that is not there',
        () => init('postgres://x@127.0.0.1:1/a'),
        'store-unavailable',
        /the keyring in postgres:\/\/x@127\.0\.0\.1:1\/a: .*ECONNREFUSED/,
        /server runs/,
      ],
      [
        'a database that was not migrated for keyrings',
        async () => init(places.server.url(await places.server.database(), KEYRING_SERVER)),
        'not-a-ledger',
        /the keyring in .* holds no keyrings/,
        /affidavit migrate --keyring URL, run as the owner/,
      ],
      [
        'a role without rights',
        async () => init(keyringAt(await newDatabase(), SERVER)),
        'store-unavailable',
        /may not use the schema affidavit_keyring/,
        /migrate --keyring URL --server ROLE/,
      ],
      [
        'a database that is not there, behind init',
        () => pointed((standing) => `${standing}_typo`),
        'store-unavailable',
        /the keyring in .*_typo: .*no such database/,
        /name behind/,
      ],
      [
        'the keyring of another name',
        () =>
          pointed(async () => {
            const keyring = keyringAt(await newDatabase())
            await done(run(['init', '--ledger', newPath(), '--origin', 'keyring.example/x', '--keyring', keyring]))
            return keyring
          }),
        'missing-key',
        /has no keyring of keyring\.example\/clinic that this role may use/,
        /database and role/,
      ],
      [
        'the keyring of another ledger of that name',
        () => pointed(async () => (await made()).keyring),
        'key-unavailable',
        /./,
        /./,
      ],
      [
        'settings that hold a password',
        () => pointed((standing) => standing.replace('@', ':hunter2@')),
        'not-a-ledger',
        /affidavit\.json: the URL in it holds a password/,
        /take it out/,
      ],
      [
        'settings that name a ledger for the keyring',
        () => pointed((standing) => `${standing}?ledger=${NAME}`),
        'not-a-ledger',
        /affidavit\.json: the URL of a keyring names the ledger/,
        /leave ledger= out/,
      ],
    ]
    for (const [lie, told, code, says, cure] of LIES)
      test(lie, async () => {
        const answer = await told()
        const error = Object(json(answer).error)
        assert.equal(error.code, code, answer.out)
        assert.match(error.problem, says)
        assert.match(error.cure, cure)
        assert.doesNotMatch(answer.out + answer.err, /hunter2/)
      })

    test('a password that a program gives', async () => {
      const options = { origin: NAME, keyring: 'postgres://x:hunter2@127.0.0.1:1/a' }
      await assert.rejects(initLedger(newPath(), options), { code: 'invalid-query', problem: /password, which is not/ })
    })

    test('a name whose keyring has begun; then nothing is made', async () => {
      const { keyring, database } = await made()
      const [folder, home, url] = [newPath(), newPath(), await ledgerAt()]
      const answers = [
        await run(['init', '--ledger', folder, '--origin', NAME, '--keyring', keyring, '--json']),
        await run(['init', '--ledger', url, '--keys', home, '--keyring', keyring, '--json']),
      ]
      for (const answer of answers) assert.equal(errorCode(answer), 'ledger-exists', answer.out)
      assert.deepEqual([existsSync(folder), existsSync(home)], [false, false])
      assert.equal((await places.server.sql(database, 'SELECT 1 FROM affidavit_keyring.keyrings')).rows.length, 1)
      await done(run(['init', '--ledger', url, '--keys', home]))
    })
  })

  test('leaves no connection behind where it does not open, or is not made', async () => {
    const { home, keyring } = await made()
    const open = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
    // Idle connections of a pool that nobody ended stay for longer.
    const untilClosed = async (): Promise<number> => {
      for (let tries = 0; open() > 0 && tries < 300; tries++) await delay(10)
      return open()
    }
    assert.equal(await untilClosed(), 0)
    const tries = [
      ['init', '--ledger', newPath(), '--origin', NAME, '--keyring', keyring],
      ['init', '--ledger', newPath(), '--origin', 'keyring.example/x', '--keyring', keyringAt('postgres')],
      ['init', '--ledger', `${await ledgerAt()}&sslmode=require`, '--keys', newPath(), '--keyring', keyring],
    ]
    for (const words of tries) assert.notEqual((await run(words)).code, 0, words.join(' '))
    await done(run(['migrate', '--keyring', keyringAt(await newDatabase(), KEYRING_OWNER)]))
    const settings = readFileSync(join(home, 'affidavit.json'), 'utf8')
    writeFileSync(join(home, 'affidavit.json'), settings.replace(keyring, keyringAt(await newDatabase())))
    assert.equal(errorCode(await run(['append', '--ledger', home, '--json'])), 'missing-key')
    writeFileSync(join(home, 'affidavit.json'), settings)
    renameSync(join(home, 'keys/kek'), newPath())
    for (const words of [['append'], ['doctor']])
      assert.notEqual((await run([...words, '--ledger', home])).code, 0, words.join(' '))
    assert.equal(await untilClosed(), 0)
  })

  test('is not begun anew by opening, reading or doctor, where it is gone', async () => {
    const { home } = await made()
    const gone = await newDatabase()
    const file = join(home, 'affidavit.json')
    const settings = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...settings, keyring: keyringAt(gone) }))
    for (const words of [['append'], ['doctor'], ['erase', 'finish']])
      assert.match((await run([...words, '--ledger', home, '--json'])).out, /has no keyring of keyring\.example/)
    assert.deepEqual((await places.server.sql(gone, 'SELECT 1 FROM affidavit_keyring.keyring_roles')).rows, [])
  })
}
