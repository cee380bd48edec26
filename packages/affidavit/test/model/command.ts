// A command is done to the ledger on paper and to the one in the world, which must come to the same.

import assert from 'node:assert/strict'
import type { AsyncCommand } from 'fast-check'

import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { withPersons } from '../persons.ts'
import type { Looked, PaperClock } from './paper-clock.ts'
import { type Fields, type Paper, type Written, writtenOf } from './paper-ledger.ts'
import type { World } from './world.ts'

export interface Model {
  /** The incarnations in the database, the newest last. */
  papers: readonly Paper[]
  /** The papers of the backup. */
  backup: readonly Paper[] | undefined
  readonly clock: PaperClock
  /** One for each handle of the world. */
  readonly open: Looked[]
  /** Drafts that were handed in with an id, to be tried again. */
  readonly named: Fields[]
}

export type Command = AsyncCommand<Model, World>

const always = (): boolean => true

export function command(name: string, run: Command['run'], check: Command['check'] = always): Command {
  return { check, run, toString: () => name }
}

/** A command that needs an open ledger. */
export function onOpen(name: string, run: Command['run']): Command {
  return command(name, run, ({ open }) => open.length > 0)
}

/** The paper of the newest incarnation. */
export function current({ papers }: Model): Paper {
  return only(papers.slice(-1))
}

export interface Opened {
  readonly ledger: Ledger
  readonly looked: Looked
}

/** One of the open handles. */
export function opened({ open }: Model, { handles }: World, which: number): Opened {
  return { ledger: only(pick(handles, which)).ledger, looked: only(pick(open, which)) }
}

/** What stands behind the end of the paper. */
export async function writtenSince({ handles, keyring }: World, { records }: Paper): Promise<Written[]> {
  const written: Written[] = []
  const { ledger } = only(handles.slice(0, 1))
  for await (const { entry } of ledger.entries({ from_seq: records.length })) {
    written.push(await asHandedIn(await keyring.get(), writtenOf(entry)))
  }
  return written
}

async function asHandedIn(keyring: Keyring, { fields, hash }: Written): Promise<Written> {
  return { fields: await withPersons(keyring, fields), hash }
}

/** What waiting for other writers may have added to the time of a record; `before` is of performance.now(). */
export function slackOf({ place }: World, before: number): number {
  return place === 'this thread' ? 0 : Math.ceil(performance.now() - before)
}

/** The one that a number of any size names, where there is any. */
export function pick<T>(list: readonly T[], which: number): T[] {
  const at = which % list.length
  return list.slice(at, at + 1)
}

export function only<T>(list: readonly T[]): T {
  const [one, another] = list
  assert.ok(one !== undefined && another === undefined, `one is expected, not ${list.length}`)
  return one
}
