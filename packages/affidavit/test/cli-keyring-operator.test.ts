// What an operator does for keyrings in PostgreSQL: prepares their database, gives roles their rights, and looks after both.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'

import pg from 'pg'

import { keyringPlaces, NAME } from './keyring-suite.ts'
import { KEYRING_OWNER, KEYRING_SERVER } from './postgres-keyring.ts'
import { changeSetting, missingForPostgres, OWNER, SERVER } from './postgres-server.ts'
import { done, draft, errorCode, json, run, runBin } from './run-cli.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('operating keyrings in PostgreSQL', { skip: missing })
else describe('operating keyrings in PostgreSQL', () => operating())

function operating(): void {
  const places = keyringPlaces()
  const { newPath, keyringAt, made } = places

  describe('migrate', () => {
    const DATABASES = ['for_keyrings', 'for_ledgers', 'for_both', 'for_one']
    before(async () => {
      for (const name of DATABASES)
        await places.server.sql('postgres', `CREATE DATABASE ${name} OWNER ${KEYRING_OWNER}`)
      await places.server.sql('postgres', `ALTER DATABASE for_ledgers OWNER TO ${OWNER}`)
    })
    const owned = (database: string, owner = KEYRING_OWNER): string => places.server.url(database, owner)

    test('prepares a database for keyrings, with a server’s role, and changes nothing the second time', async () => {
      const words = ['migrate', '--keyring', owned('for_keyrings'), '--server', KEYRING_SERVER]
      const first = await done(run(words))
      assert.match(first.out, /\/for_keyrings brought to schema 2\nkeyring_server may now make and use keyrings/)
      const { keyring, ...others } = json(await done(run([...words, '--json'])))
      assert.deepEqual([Object(keyring).applied, Object(keyring).database, others], [[], owned('for_keyrings'), {}])
      const made = ['init', '--ledger', newPath(), '--origin', NAME, '--keyring', keyringAt('for_keyrings')]
      await done(run(made))
    })

    test('prepares both at once, each with the owner of its URL', async () => {
      const ledger = ['--ledger', owned('for_ledgers', OWNER), '--writer', SERVER]
      const keyring = ['--keyring', owned('for_one'), '--server', KEYRING_SERVER]
      const told = json(await done(run(['migrate', ...ledger, ...keyring, '--json'])))
      assert.deepEqual([told.database, Object(told.keyring).database], [owned('for_ledgers', OWNER), owned('for_one')])
      assert.deepEqual(told.granted, [{ role: SERVER, as: 'writer' }])
      assert.deepEqual(Object(told.keyring).granted, [{ role: KEYRING_SERVER, as: 'keyring' }])
    })

    test('may put both into one database, which doctor warns of', async () => {
      const url = owned('for_both')
      await done(run(['migrate', '--ledger', url, '--writer', SERVER, '--keyring', url, '--server', SERVER]))
      const [both, home] = [places.server.url('for_both'), newPath()]
      await done(run(['init', '--ledger', both, '--origin', NAME, '--keyring', both, '--keys', home]))
      const { out } = await run(['doctor', '--ledger', home])
      assert.match(out, /! keyring .*in the database of the records/)
    })

    test('lets a further role use a keyring that another one began, and no other keyring', async () => {
      const { home, database } = await made()
      const other = newPath()
      await done(
        run(['init', '--ledger', other, '--origin', 'keyring.example/other', '--keyring', keyringAt(database)]),
      )
      await places.server.sql('postgres', 'CREATE ROLE second_server LOGIN')
      const content = [{ name: 'message', media_type: 'text/plain', body: 'The lift is stuck.' }]
      await done(run(['append', '--ledger', home], draft(1, { content })))
      const asSecond = { ...process.env, AFFIDAVIT_KEYRING: keyringAt(database, 'second_server') }
      const reveal = ['conversation', 'c-1', '--reveal', '--reason', 'x', '--ledger', home, '--json']
      const words = ['migrate', '--keyring', owned(database), '--server', 'second_server']
      await done(run(words))
      assert.match(
        runBin(reveal, 'pipe', undefined, asSecond).stdout,
        /no keyring of keyring\.example\/clinic that this role may/,
      )
      const told = await done(run([...words, '--keyring-of', NAME]))
      assert.match(told.out, /second_server may now use the keyring of keyring\.example\/clinic\n/)
      assert.match(runBin(reveal, 'pipe', undefined, asSecond).stdout, /The lift is stuck/)
      await done(run(reveal))
      const again = json(await done(run([...words, '--keyring-of', NAME, '--json'])))
      assert.deepEqual(Object(again.keyring).granted, [{ role: 'second_server', as: 'keyring', keyrings: [NAME] }])
      const seen = 'SELECT name FROM affidavit_keyring.keyrings'
      const { rows } = await places.server.pool(database, 'second_server').query(seen)
      assert.deepEqual(rows, [{ name: NAME }])
    })

    test('gives no right to a keyring that has not begun, and says which have', async () => {
      const { database } = await made()
      await places.server.sql('postgres', 'CREATE ROLE third_server LOGIN')
      const words = ['migrate', '--keyring', owned(database), '--server', 'third_server', '--json']
      const answer = await run([...words, '--keyring-of', NAME, '--keyring-of', `${NAME}s`])
      assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], answer.out)
      const { problem, cure } = Object(json(answer).error)
      assert.match(problem, /no keyring of keyring\.example\/clinics has begun/)
      assert.equal(cure, `here are: ${NAME}`)
      const holds = "SELECT has_schema_privilege('third_server', 'affidavit_keyring', 'USAGE') AS usage"
      assert.deepEqual((await places.server.sql(database, holds)).rows, [{ usage: false }])
      assert.match((await run(['migrate', '--help'])).out, /--keyring-of <name>/)
    })

    test('needs to be told of a database, and of one for each role', async () => {
      for (const words of [
        [],
        ['--keyring', owned('for_keyrings'), '--writer', SERVER],
        ['--ledger', owned('for_ledgers', OWNER), '--server', SERVER],
        ['--keyring', owned('for_keyrings'), '--server', 'nobody'],
        ['--keyring', owned('for_keyrings'), '--server', KEYRING_OWNER],
        ['--keyring', newPath()],
        ['--keyring', owned('for_keyrings'), '--keyring-of', NAME],
        ['--keyring', owned('for_keyrings'), '--server', KEYRING_SERVER, '--keyring-of', 'nobody.example/x'],
      ]) {
        const answer = await run(['migrate', ...words, '--json'])
        assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], words.join(' ') + answer.out)
      }
    })

    test('prepares what the environment names where the command line names nothing, and only there', () => {
      const env = { ...process.env, AFFIDAVIT_KEYRING: owned('for_keyrings').replace('@', ':hunter2@') }
      const named = runBin(['migrate'], 'pipe', undefined, env)
      assert.match(named.stdout, /\/for_keyrings is at schema 2 already\n$/)
      assert.doesNotMatch(named.stdout, /hunter2/)
      const said = runBin(['migrate', '--ledger', owned('for_ledgers', OWNER)], 'pipe', undefined, env)
      assert.match(said.stdout, /^postgres:\S*\/for_ledgers is at schema 2 already\n$/)
    })
  })

  describe('doctor notices of the keyring’s database:', () => {
    let home = ''
    let database = ''
    let copies = 0
    before(async () => {
      ;({ home, database } = await made())
    })

    type Found = { state: string; about: string; says: string; cure?: string }
    async function findings(): Promise<readonly Found[]> {
      return Object(json(await run(['doctor', '--ledger', home, '--json']))).findings
    }
    /** What is found where somebody has done this to a copy of the keyring's database. */
    async function findingsAfter(sql: string): Promise<readonly Found[]> {
      const copy = `keyring_copy_${++copies}`
      await places.server.sql('postgres', `CREATE DATABASE ${copy} TEMPLATE ${database}`)
      await places.server.sql(copy, sql)
      const file = join(home, 'affidavit.json')
      const settings = readFileSync(file, 'utf8')
      writeFileSync(file, settings.replace(keyringAt(database), keyringAt(copy)))
      try {
        return await findings()
      } finally {
        writeFileSync(file, settings)
      }
    }

    const SCHEMA = 'affidavit_keyring'
    const FAULTS: readonly (readonly [what: string, sql: string, about: string, says: RegExp, cure: RegExp])[] = [
      [
        'a trigger that is off',
        `ALTER TABLE ${SCHEMA}.rows DISABLE TRIGGER no_change`,
        'keyring guards',
        /trigger rows\.no_change is not as it was released/,
        /verify --content/,
      ],
      [
        'a trigger that is gone',
        `DROP TRIGGER check_head ON ${SCHEMA}.keyrings`,
        'keyring guards',
        /trigger keyrings\.check_head is missing/,
        /who changed it/,
      ],
      [
        'a policy that opens a table',
        `CREATE POLICY all_of_it ON ${SCHEMA}.rows USING (true)`,
        'keyring guards',
        /policy rows\.all_of_it was added/,
        /who changed it/,
      ],
      [
        'a function that does something else',
        `CREATE OR REPLACE FUNCTION ${SCHEMA}.settle(of_name text) RETURNS void LANGUAGE sql AS ''`,
        'keyring guards',
        /function settle\(of_name text\) is not as it was/,
        /who changed it/,
      ],
      [
        'a schema of another version',
        `INSERT INTO ${SCHEMA}.schema_versions (version, sha256) VALUES (3, '')`,
        'keyring guards',
        /has schema 3, and this version needs 2/,
        /newer affidavit/,
      ],
      [
        'a right to change rows',
        `GRANT UPDATE (sealed) ON ${SCHEMA}.rows TO ${KEYRING_SERVER}`,
        'keyring rights',
        /may UPDATE rows\.sealed/,
        /migrate --keyring URL --server ROLE/,
      ],
      [
        'a right of everybody to give keyrings away',
        `GRANT INSERT ON ${SCHEMA}.keyring_roles TO PUBLIC`,
        'keyring rights',
        /INSERT keyring_roles\.name/,
        /REVOKE/,
      ],
      [
        'a function that everybody may call',
        `GRANT EXECUTE ON FUNCTION ${SCHEMA}.lock_head TO PUBLIC`,
        'keyring rights',
        /EXECUTE lock_head/,
        /REVOKE/,
      ],
      [
        'a right that is missing',
        `REVOKE EXECUTE ON FUNCTION ${SCHEMA}.put_rows FROM ${KEYRING_SERVER}`,
        'keyring needs',
        /may not EXECUTE put_rows/,
        /migrate --keyring URL --server ROLE, run as the owner/,
      ],
      [
        'a table that is somebody else’s',
        `ALTER TABLE ${SCHEMA}.rows OWNER TO super`,
        'keyring owner',
        /belong to keyring_owner and super/,
        /OWNER TO/,
      ],
      [
        'a way to the owner',
        `GRANT ${KEYRING_OWNER} TO ${KEYRING_SERVER}`,
        'keyring role',
        /can become keyring_owner, which owns the schema affidavit_keyring/,
        /--server ROLE/,
      ],
      ['a superuser', `ALTER ROLE ${KEYRING_SERVER} SUPERUSER`, 'keyring role', /is a superuser/, /--server ROLE/],
      [
        'a session that takes no writes',
        `ALTER ROLE ${KEYRING_SERVER} SET default_transaction_read_only = on`,
        'keyring writes',
        /read_only is on/,
        /turn it off/,
      ],
      [
        'a keyring that is another role’s',
        `UPDATE ${SCHEMA}.keyring_roles SET role_name = '${KEYRING_OWNER}'`,
        'keyring',
        /has no keyring of keyring\.example\/clinic that this role may use/,
        /--keyring-of NAME/,
      ],
    ]
    const UNDO = [
      `REVOKE ${KEYRING_OWNER} FROM ${KEYRING_SERVER}`,
      `ALTER ROLE ${KEYRING_SERVER} NOSUPERUSER`,
      `ALTER ROLE ${KEYRING_SERVER} RESET default_transaction_read_only`,
    ]
    for (const [what, sql, about, says, cure] of FAULTS)
      test(what, async () => {
        try {
          const found = (await findingsAfter(sql)).filter((one) => one.about === about)
          assert.deepEqual(
            found.map(({ state }) => state),
            ['fail'],
          )
          assert.match(found[0]?.says ?? '', says)
          assert.match(found[0]?.cure ?? '', cure)
        } finally {
          await places.server.sql('postgres', UNDO.join(';'))
        }
      })

    test('a schema that a superuser owns', async () => {
      const found = await findingsAfter('REASSIGN OWNED BY keyring_owner TO super')
      const owner = found.find(({ about }) => about === 'keyring owner')
      assert.deepEqual([owner?.state, /is a superuser/.test(owner?.says ?? '')], ['warn', true])
    })

    test('an older copy that came back', async () => {
      const older = `keyring_copy_${++copies}`
      await places.server.sql('postgres', `CREATE DATABASE ${older} TEMPLATE ${database}`)
      // Its key came back too: else nothing would open it.
      const kek = join(home, 'keys/kek')
      await done(run(['append', '--ledger', home], draft(1)))
      const copy = newPath()
      cpSync(kek, copy, { recursive: true })
      await done(run(['rotate-key', '--of', 'keyring', '--ledger', home]))
      const settings = readFileSync(join(home, 'affidavit.json'), 'utf8')
      const now = newPath()
      cpSync(kek, now, { recursive: true })
      rmSync(kek, { recursive: true })
      cpSync(copy, kek, { recursive: true })
      writeFileSync(join(home, 'affidavit.json'), settings.replace(keyringAt(database), keyringAt(older)))
      const keyring = (await findings()).find(({ about }) => about === 'keyring')
      assert.equal(keyring?.state, 'fail')
      assert.match(keyring?.says ?? '', /generation 1, .*the ledger tells of generation 2: an older copy came back/)
      rmSync(kek, { recursive: true })
      cpSync(now, kek, { recursive: true })
      writeFileSync(join(home, 'affidavit.json'), settings)
      assert.equal((await findings()).find(({ about }) => about === 'keyring')?.state, 'ok')
    })

    test('a server that is not there, and then nothing else of it', async () => {
      const file = join(home, 'affidavit.json')
      const settings = readFileSync(file, 'utf8')
      writeFileSync(file, settings.replace(keyringAt(database), 'postgres://x@127.0.0.1:1/keys'))
      const found = (await findings()).filter(({ about }) => about.startsWith('keyring'))
      writeFileSync(file, settings)
      assert.deepEqual(
        found.map(({ state, about }) => [state, about]),
        [['fail', 'keyring']],
      )
      assert.match(found[0]?.says ?? '', /ECONNREFUSED/)
    })

    test('standbys that nobody waits for, and those that everybody waits for in vain', async () => {
      const standbys = async (): Promise<Found | undefined> =>
        (await findings()).find(({ about }) => about === 'keyring standbys')
      assert.match((await standbys())?.says ?? '', /^0 standbys connected; no commit waits.* when this server is lost$/)
      // As a standby connects, to be sent the log.
      const standby = new pg.Client({ connectionString: `${places.server.url('postgres', 'super')}?replication=true` })
      await standby.connect()
      try {
        const behind = await standbys()
        assert.equal(behind?.state, 'warn')
        assert.match(behind.says, /^1 standby connected; .*opens no more when one of them is promoted that is behind$/)
      } finally {
        await standby.end()
      }
      await changeSetting(places.server, 'synchronous_standby_names', 'nobody')
      const waited = await standbys()
      await changeSetting(places.server, 'synchronous_standby_names', '')
      assert.deepEqual([waited?.state, /every commit waits$/.test(waited?.says ?? '')], ['fail', true])
    })

    test('nothing, where all is in order; and changes nothing', async () => {
      const rows = async (): Promise<unknown> =>
        (await places.server.sql(database, 'SELECT * FROM affidavit_keyring.keyrings')).rows
      const [before, answer] = [await rows(), await run(['doctor', '--ledger', home])]
      assert.equal(answer.code, 0, answer.out)
      assert.deepEqual(await rows(), before)
      for (const about of [
        'server',
        'durability',
        'writes',
        'server disk',
        'role',
        'owner',
        'rights',
        'needs',
        'guards',
      ])
        assert.match(answer.out, new RegExp(`✓ keyring ${about} `))
      assert.match(answer.out, /✓ keyring server +PostgreSQL \d+.*, as keyring_server\n/)
    })
  })
}
