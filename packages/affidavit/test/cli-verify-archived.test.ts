// affidavit verify over records that are in the archive (spec/stubs.md §4): the place that the settings name is read, with the keyring.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { before, describe, test } from 'node:test'

import { removeArchived } from '../src/archive/remove.ts'
import { openFolder } from '../src/embedded/open.ts'
import { readSettings, settingsFile, writeArchive } from '../src/embedded/settings.ts'
import { builtInSet } from '../src/retention/policy-set.ts'
import { grantRole } from '../src/stores/postgres/grants.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { type MemoryObjects, memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { all, archive, archiveFolder, archivingOf } from './archived-clinic.ts'
import { type Backend, files } from './backend.ts'
import { QUIET, said } from './erasure-clinic.ts'
import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres, OWNER, SERVER } from './postgres-server.ts'
import { json, type Run, run } from './run-cli.ts'

const home = archiveFolder('cli-verify-archived')
const DAY = 86_400_000
const LEFT = 6

/** A ledger whose six records of a conversation each, one of them with two chunks of content, are in the archive alone. */
async function makeLeft(backend: Backend, folder: string, place: string): Promise<string> {
  const { verifierKey } = await backend.init(folder, 'clinic.example/agents')
  const clock = fixedClock(Date.now())
  const kept: MemoryObjects = new Map()
  await using ledger = await openFolder(folder, { clock, publish: QUIET })
  for (let i = 0; i < LEFT; i++)
    await ledger.append(
      said(`message ${i} `.repeat(i === 3 ? 9_000 : 1), { conversation_id: `c-${i % 2}`, retention_class: 'hipaa' }),
    )
  await ledger.append({ action: 'tool_invoked', actor_id: 'clinic-agent', actor_type: 'agent' })
  const objects = memoryObjectStore(kept, clock)
  await archive(ledger, objects)
  clock.pass(91 * DAY)
  const removed = await all(
    removeArchived(archivingOf(ledger, objects), {
      set: builtInSet(),
      by: { actor_id: 'officer' },
      mode: 'run',
      publish: () => ledger.publish(),
    }),
  )
  assert.deepEqual(
    removed.map(({ state, records }) => [state, records]),
    [['removed', LEFT]],
  )
  await ledger.publish()
  for (const [key, { bytes }] of kept) {
    mkdirSync(dirname(join(place, key)), { recursive: true })
    writeFileSync(join(place, key), bytes)
  }
  writeArchive(folder, place)
  return verifierKey
}

function suite(name: string, backend: Backend): void {
  describe(`what is archived, in ${name}`, () => {
    const folder = join(home, name, 'ledger')
    const place = join(home, name, 'archive')
    let vkey: string
    const verify = (...more: readonly string[]): Promise<Run> =>
      run(['verify', '--ledger', folder, '--vkey', vkey, '--no-record', '--json', ...more])

    before(async () => {
      vkey = await makeLeft(backend, folder, place)
    })

    test('is read where the settings say, and held to everything: whole, with its content, in part', async () => {
      for (const more of [[], ['--content'], ['--content', '--threads', '2'], ['--conversation', 'c-1']]) {
        const verified = await verify(...more)
        assert.deepEqual([verified.code, json(verified).status], [0, 'valid'], verified.out)
      }
    })

    test('altered there, it is found', async () => {
      const objects = readdirSync(join(place, 'segments')).filter((one) => one.endsWith('.seg'))
      const before = objects.map((object) => readFileSync(join(place, 'segments', object)))
      for (const [i, object] of objects.entries())
        writeFileSync(
          join(place, 'segments', object),
          before[i]?.map((byte, at) => (at === 40 ? byte ^ 1 : byte)) ?? '',
        )
      const found = await verify()
      for (const [i, object] of objects.entries()) writeFileSync(join(place, 'segments', object), before[i] ?? '')
      assert.deepEqual([found.code, json(found).status], [1, 'tampered'], found.out)
      assert.match(found.out, /archived-altered/)
    })

    test('is counted as not read, and it is said why, where the archive, its keys or the leave to use them are away', async () => {
      const { archive: named = '', ...settings } = readSettings(folder)
      const away: Readonly<Record<string, readonly [away: () => void, back: () => void, says: RegExp]>> = {
        archive: [
          () => renameSync(place, `${place}.away`),
          () => renameSync(`${place}.away`, place),
          /6 archived entries were not read: .*there is no folder/,
        ],
        keys: [
          () => renameSync(join(folder, 'keys', 'kek'), join(folder, 'kek.away')),
          () => renameSync(join(folder, 'kek.away'), join(folder, 'keys', 'kek')),
          /6 archived entries were not read: .*key/,
        ],
        place: [() => writeArchive(folder, 'ftp://archive'), () => writeArchive(folder, named), /not read: .*ftp:/],
        settings: [
          () => writeFileSync(settingsFile(folder), JSON.stringify(settings)),
          () => writeArchive(folder, named),
          /not read: no archive was at hand/,
        ],
      }
      for (const [what, [take, bringBack, says]] of Object.entries(away)) {
        take()
        const unread = await verify()
        bringBack()
        assert.deepEqual([unread.code, json(unread).status], [2, 'incomplete'], `${what}: ${unread.out}`)
        assert.match(unread.out, says)
      }
      const closed = await verify('--content', '--without-keys')
      assert.match(closed.out, /not read: it opens with keys alone/)
      assert.equal(json(await verify()).status, 'valid')
    })
  })
}

suite('files', files)

const missing = missingForPostgres()
if (missing !== undefined) test('what is archived, in PostgreSQL', { skip: missing })
else {
  const backend = postgresBackend()
  suite('PostgreSQL', {
    ...backend,
    // Whoever keeps records lets them leave; a server that records may not.
    async init(at, origin) {
      const made = await backend.init(at, origin)
      const owner = backend.server().pool(backend.recordsOf(at), OWNER)
      await grantRole(owner, SERVER, 'retention')
      await owner.end()
      return made
    },
  })
}
