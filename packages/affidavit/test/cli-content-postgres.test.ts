// affidavit verify --content where records and keyring are both in PostgreSQL, each in a database of its own.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { KEYRING_SERVER, keyringDatabases } from './postgres-keyring.ts'
import { missingForPostgres, type PostgresServer, startPostgres } from './postgres-server.ts'
import { done, draft, json, run } from './run-cli.ts'

const NAME = 'content.example/clinic'
const LONG = 'The lift is stuck. '.repeat(20_000)

const missing = missingForPostgres()
if (missing !== undefined) test('content in PostgreSQL is verified', { skip: missing })
else describe('content in PostgreSQL is verified', () => contents())

function contents(): void {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-content-'))
  let server: PostgresServer
  let ledger = ''
  let keyring = ''
  let home = ''
  let vkey = ''
  let copies = 0
  /** By seq. */
  let conversations: ReadonlyMap<string, string> = new Map()

  before(async () => {
    server = await startPostgres()
    ;[ledger, keyring] = [await server.database(), await (await keyringDatabases(server))()]
    home = join(base, 'home')
    const url = `${server.url(ledger)}?ledger=${NAME}`
    const words = ['--ledger', url, '--keyring', server.url(keyring, KEYRING_SERVER), '--keys', home, '--json']
    vkey = String(json(await done(run(['init', ...words]))).verifier_key)
    for (const drafts of [said('c-1', 'The door is open.'), said('c-2', LONG) + said('c-3', 'The light is off.')])
      await done(run(['append', '--ledger', home], drafts))
    await done(run(['checkpoint', '--ledger', home]))
    const { rows } = await server.sql(ledger, 'SELECT seq, conversation_id FROM affidavit.entries')
    conversations = new Map(rows.map(({ seq, conversation_id }) => [seq, conversation_id]))
  })
  after(async () => {
    await server.stop()
    rmSync(base, { recursive: true, force: true })
  })

  /** A copy of both databases and the home, in which somebody has done this. */
  async function changed(to: 'ledger' | 'keyring', sql: string): Promise<string> {
    const folder = join(base, `copy-${++copies}`)
    const now = { ledger: `ledger_copy_${copies}`, keyring: `keyring_copy_${copies}` }
    await server.sql('postgres', `CREATE DATABASE ${now.ledger} TEMPLATE ${ledger}`)
    await server.sql('postgres', `CREATE DATABASE ${now.keyring} TEMPLATE ${keyring}`)
    cpSync(home, folder, { recursive: true })
    const places = {
      database: `${server.url(now.ledger)}?ledger=${NAME}`,
      keyring: server.url(now.keyring, KEYRING_SERVER),
    }
    writeFileSync(join(folder, 'affidavit.json'), JSON.stringify(places))
    await server.sql(now[to], sql)
    return folder
  }

  interface Verified {
    readonly code: number
    readonly findings: readonly string[]
    readonly problems: string
    readonly content: string
    readonly unlooked: string
  }
  async function verify(folder: string, ...more: readonly string[]): Promise<Verified> {
    const words = ['verify', '--ledger', folder, '--vkey', vkey, '--no-record', '--json', '--content']
    const answer = await run([...words, ...more])
    const { findings, axes, not_checked } = json(answer)
    const found: readonly { code: string; seq?: number; problem: string }[] = Object(findings)
    return {
      code: answer.code,
      findings: found.map(({ code, seq }) => `${code} ${conversations.get(String(seq)) ?? seq}`),
      problems: found.map(({ problem }) => problem).join('\n'),
      content: Object(axes).content.says,
      unlooked: Object(not_checked).join('\n'),
    }
  }

  const everything = async (): Promise<unknown> =>
    Promise.all(
      ['rows', 'keyrings', 'retired', 'keyring_roles'].map(
        async (table) => (await server.sql(keyring, `SELECT * FROM affidavit_keyring.${table} t ORDER BY t`)).rows,
      ),
    )

  test('each body is read, opened and held against its entry, and the keyring is left as it is', async () => {
    const there = await everything()
    const { code, findings, content } = await verify(home)
    assert.deepEqual([code, findings], [0, []])
    assert.match(content, /^intact: 3 payloads, \d+ bytes read; 3 opened and equal to their commitments$/)
    assert.deepEqual(await everything(), there)
    const [conversation, blind] = [await verify(home, '--conversation', 'c-2'), await verify(home, '--without-keys')]
    assert.match(conversation.content, /^intact: 1 payload, .*; 1 opened and equal to its commitment$/)
    assert.match(blind.content, /^intact: 3 payloads, \d+ bytes read$/)
  })

  const KEPT =
    "INSERT INTO affidavit.payload_chunks SELECT 1, '0198c0ffee00aaaabbbbccccddddeeee', no, 'x' FROM generate_series(FIRST, 2) no"
  test('chunks of a body that is being kept, or whose record never came, are nothing amiss; others are', async () => {
    const kept = await verify(await changed('ledger', KEPT.replace('FIRST', '1')))
    assert.deepEqual([kept.code, kept.findings], [0, []])
    const made = await verify(await changed('ledger', KEPT.replace('FIRST', '2')))
    assert.deepEqual([made.code, made.findings], [1, ['stray-row undefined']])
  })

  test('a chunk that somebody put behind a body is found, and hides nothing of it', async () => {
    const behind = `SET session_replication_role = replica; ALTER TABLE affidavit.payload_chunks DISABLE TRIGGER no_late_chunk;
      INSERT INTO affidavit.payload_chunks SELECT ledger_no, blob_id, max(chunk_no) + 1, 'x' FROM affidavit.payload_chunks GROUP BY 1, 2;
      ALTER TABLE affidavit.payload_chunks ENABLE ALWAYS TRIGGER no_late_chunk`
    const folder = await changed('ledger', behind)
    const { code, findings, problems } = await verify(folder)
    assert.deepEqual([code, findings], [1, ['payload-altered c-2']])
    assert.match(problems, /1 chunks too many are stored/)
    const words = ['--reveal', '--reason', 'to look', '--ledger', folder]
    const said = await run(['conversation', 'c-2', ...words])
    assert.equal(said.code, 0, said.err)
    assert.ok(said.out.includes(LONG.trim()))
  })

  const of = (conversation: string): string =>
    `blob_id = (SELECT u.blob_id FROM affidavit.payload_uses u JOIN affidavit.entries e USING (ledger_no, seq)
      WHERE e.conversation_id = '${conversation}')`
  const flip = (table: string, rows: string): string =>
    `ALTER TABLE ${table} DISABLE TRIGGER ALL;
     UPDATE ${table} SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE ${rows};
     ALTER TABLE ${table} ENABLE ALWAYS TRIGGER no_change; ALTER TABLE ${table} ENABLE ALWAYS TRIGGER no_truncate`
  const DAMAGED: readonly (readonly [what: string, sql: string, finding: string, problem: RegExp])[] = [
    ['a body', flip('affidavit.payloads', of('c-1')), 'payload-altered c-1', /content "message": other bytes/],
    [
      'a further chunk of a large body',
      flip('affidavit.payload_chunks', 'chunk_no = 1'),
      'payload-altered c-2',
      /content "message": other bytes/,
    ],
    [
      'a body that is gone',
      `SET session_replication_role = replica; ALTER TABLE affidavit.payloads DISABLE TRIGGER no_delete;
       DELETE FROM affidavit.payloads WHERE ${of('c-3')}`,
      'payload-missing c-3',
      /content "message"/,
    ],
  ]
  for (const [what, sql, finding, problem] of DAMAGED)
    test(`damaged: ${what}`, async () => {
      const folder = await changed('ledger', sql)
      for (const more of [[], ['--without-keys']]) {
        const { code, findings, problems } = await verify(folder, ...more)
        assert.equal(code, 1)
        assert.ok(findings.includes(finding), findings.join())
        assert.match(problems, problem)
      }
    })

  /** The key of a conversation: rows lie in the order of their making, behind that of the ledger itself. */
  const KEY = 'affidavit_keyring.rows WHERE row_no = 2'
  const GONE: readonly (readonly [what: string, sql: string, problem: RegExp])[] = [
    [
      'a key that was destroyed, and no record says so',
      `ALTER TABLE affidavit_keyring.rows DISABLE TRIGGER no_delete; DELETE FROM ${KEY}`,
      /content "message": its key is not in this keyring \(erased, or another keyring\)/,
    ],
    [
      'a key whose row somebody changed',
      `ALTER TABLE affidavit_keyring.rows DISABLE TRIGGER no_change;
       UPDATE ${KEY.replace(' WHERE', ' SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1) WHERE')}`,
      /content "message": its key in the keyring is damaged/,
    ],
  ]
  for (const [what, sql, problem] of GONE)
    test(`unavailable: ${what}; everything else opens`, async () => {
      const { code, findings, problems, content } = await verify(await changed('keyring', sql))
      assert.deepEqual([code, findings], [2, ['content-unavailable c-1']])
      assert.match(problems, problem)
      assert.match(content, /^unavailable at \d+: /)
    })

  const CLOSED: readonly (readonly [what: string, sql: string, why: RegExp])[] = [
    [
      'the keyring of another role',
      "UPDATE affidavit_keyring.keyring_roles SET role_name = 'keyring_owner'",
      /missing-key: .* has no keyring of content\.example\/clinic that this role may use/,
    ],
    [
      'a database without rights',
      `REVOKE USAGE ON SCHEMA affidavit_keyring FROM ${KEYRING_SERVER}`,
      /store-unavailable: the keyring in postgres:.*may not use the schema/,
    ],
    [
      'a head that was changed',
      `ALTER TABLE affidavit_keyring.keyrings DISABLE TRIGGER check_head;
       UPDATE affidavit_keyring.keyrings SET wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)`,
      /wrong-key: /,
    ],
  ]
  for (const [what, sql, why] of CLOSED)
    test(`not opened, and said why: ${what}; every sealed byte is still compared`, async () => {
      const { code, findings, content, unlooked } = await verify(await changed('keyring', sql))
      assert.deepEqual([code, findings], [0, []])
      assert.match(content, /^intact: 3 payloads, \d+ bytes read$/)
      assert.match(unlooked, /whether sealed content opens.*: not opened: /)
      assert.match(unlooked, why)
    })
}

function said(conversation_id: string, body: string): string {
  return draft(1, { conversation_id, content: [{ name: 'message', media_type: 'text/plain', body }] })
}
