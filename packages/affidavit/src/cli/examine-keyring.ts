// What doctor says of the keyring of a ledger, and of the database that it is in where it is in one.

import { type KeyringPlace, keyringPlace, shownKeyring } from '../embedded/keyring-place.ts'
import type { Place } from '../embedded/place.ts'
import { openKeyringToRead } from '../embedded/read-keyring.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { keyringOnRecord } from '../ledger/rotate-keyring.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { KEYRINGS } from '../stores/postgres/schemas.ts'
import type { LedgerUrl } from '../stores/postgres/url.ts'
import type { InForce } from '../vault/keyring.ts'
import { examineRights } from './examine-rights.ts'
import { examineServer } from './examine-server.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { counted } from './output.ts'

export async function examineKeyring(place: Place, store: LedgerStore, origin: string): Promise<Finding[]> {
  const database: Finding[] = []
  try {
    const there = keyringPlace(place.home)
    const isBeside = isBesideRecords(place, there)
    if (there.kind === 'database') database.push(...(await examineDatabase(there.database, isBeside)))
    return [...database, await keyringFinding(place, store, origin, isBeside)]
  } catch (error) {
    if (error instanceof LedgerError) return [...database, fail('keyring', error.problem, error.cure)]
    throw error
  }
}

// What was said of the server of the records is not said again.
async function examineDatabase(url: LedgerUrl, isBeside: boolean): Promise<Finding[]> {
  const pool = await openPool(url)
  try {
    const server = isBeside ? [] : await examineServer(pool, url, KEYRINGS)
    const findings = [...server, ...(await examineRights(pool, KEYRINGS))]
    return findings.map((finding) => ({ ...finding, about: `keyring ${finding.about}` }))
  } finally {
    await pool.end()
  }
}

async function keyringFinding(
  { home }: Place,
  store: LedgerStore,
  origin: string,
  isBeside: boolean,
): Promise<Finding> {
  const keyring = await openKeyringToRead(home, origin)
  try {
    const inForce = await keyring.inForce()
    const { keyring_generation } = await keyringOnRecord(store, origin)
    return judged(shownKeyring(home), inForce, keyring_generation, isBeside)
  } finally {
    await keyring.close()
  }
}

function judged(
  where: string,
  { generation, version, retired }: InForce,
  onRecord: number,
  isBeside: boolean,
): Finding {
  const says = `${where}, generation ${generation}, under key-encryption key ${version}`
  if (generation < onRecord)
    return fail(
      'keyring',
      `${says}; the ledger tells of generation ${onRecord}: an older copy came back`,
      'bring back one that was made since; opening the ledger erases again what this one still has, and puts that on record',
    )
  if (retired.length > 0)
    return warn(
      'keyring',
      `${says}; ${counted(retired.length, 'earlier one')} still to be destroyed`,
      'affidavit erase finish destroys what can be; a key service may take days',
    )
  if (!isBeside) return ok('keyring', says)
  return warn(
    'keyring',
    `${says}; in the database of the records`,
    'keep it in a database of its own: who has a copy of one has the other',
  )
}

function isBesideRecords({ database }: Place, keyring: KeyringPlace): boolean {
  if (database === undefined || keyring.kind === 'file') return false
  const there = keyring.database
  return there.host === database.host && there.port === database.port && there.database === database.database
}
