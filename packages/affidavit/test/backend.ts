// Where the ledgers of a suite lie: in files, or in databases of a server. What a ledger promises, it promises on each, and the suites
// that say so run on each.

import { cpSync, existsSync, globSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

import { databaseFile, keyringFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import type { Made } from '../src/embedded/start.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { tampered } from './manipulate.ts'
import { inspectLedger, type NaiveLedger } from './oracle/naive-ledger.ts'

export type Row = Readonly<Record<string, unknown>>

/** A statement of SQL that both databases understand, with `?` where its values go. */
export type Statement = readonly [sql: string, ...values: readonly SQLInputValue[]]

/** Ledgers are named by their homes. Nobody has open what is copied or replaced here. */
export interface Backend {
  /** On a slow one a suite does less of what it does many times, but for AFFIDAVIT_SOAK=1. */
  readonly pace: 'quick' | 'slow'
  init(home: string, origin: string): Promise<Made>
  /** The whole of it: home, records and keyring. */
  copy(from: string, to: string): Promise<void>
  /** A copy with a database that holds no ledger. */
  copyWithoutRecords(from: string, to: string): Promise<void>
  remove(home: string): Promise<void>
  /** The records of `from` come in the place of those of `home`, and nothing else of it does. */
  bringBackRecords(home: string, from: string): Promise<void>
  /** The keyring of `from`, without the key-encryption keys. */
  bringBackKeyring(home: string, from: string): Promise<void>
  rows(home: string, ...select: Statement): Promise<readonly Row[]>
  /** Changes records as somebody may who has every right on the database; its schema is as before in the end. */
  tamper(home: string, statements: readonly Statement[]): Promise<void>
  /** Reads a ledger and checks it, without any code of ours. */
  inspect(home: string, origin: string): Promise<NaiveLedger>
  /** Whatever bytes there are of it, in the home, the records and the keyring. */
  bytes(home: string): Promise<Buffer>
}

/** Whether a suite does here all that it may do. */
export function doesAll({ pace }: Backend): boolean {
  return pace === 'quick' || process.env.AFFIDAVIT_SOAK === '1'
}

export const files: Backend = {
  pace: 'quick',
  init: (home, origin) => initLedger(home, { origin }),
  async copy(from, to) {
    copyFiles(from, to)
  },
  async copyWithoutRecords(from, to) {
    copyFiles(from, to)
    for (const file of withJournals(databaseFile(to))) rmSync(file, { force: true })
    const store = sqliteStore(databaseFile(to), 'create')
    await store.ledgers()
    await store.close()
  },
  async remove(home) {
    rmSync(home, { recursive: true, force: true })
  },
  async bringBackRecords(home, from) {
    replaceDatabase(databaseFile(home), databaseFile(from))
  },
  async bringBackKeyring(home, from) {
    replaceDatabase(keyringFile(home), keyringFile(from))
  },
  async rows(home, sql, ...values) {
    const db = new DatabaseSync(databaseFile(home), { readOnly: true })
    try {
      return db.prepare(sql).all(...values)
    } finally {
      db.close()
    }
  },
  async tamper(home, statements) {
    const changed = join(home, 'ledger.db.changed')
    tampered(databaseFile(home), changed, ({ run }) => {
      for (const [sql, ...values] of statements) run(sql, ...values)
    })
    replaceDatabase(databaseFile(home), changed)
    rmSync(changed)
  },
  inspect: async (home, origin) => inspectLedger(databaseFile(home), origin),
  bytes: async (home) => Buffer.concat(bytesOfFiles(home)),
}

/** With their times: secrets of keys are found by them. */
export function copyFiles(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true })
}

function replaceDatabase(file: string, by: string): void {
  for (const old of withJournals(file)) rmSync(old, { force: true })
  for (const [i, one] of withJournals(by).entries()) {
    const [to] = withJournals(file).slice(i)
    if (existsSync(one) && to !== undefined) cpSync(one, to)
  }
}

function withJournals(file: string): readonly string[] {
  return ['', '-wal', '-shm'].map((end) => `${file}${end}`)
}

export function bytesOfFiles(folder: string): readonly Buffer[] {
  const paths = globSync('**/*', { cwd: folder }).map((name) => join(folder, name))
  return paths.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path))
}
