// Ledgers whose records have names, and somebody who asks about them: for the questions of an auditor (spec/authority.md).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import { formatTimestamp } from '../src/clock/clock.ts'
import { type OpenOptions, openFolder } from '../src/embedded/open.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Verdict } from '../src/query/judge-authority.ts'
import type { Step } from '../src/query/lineage.ts'
import { type Questions, questionsOf } from '../src/query/questions.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import type { Backend } from './backend.ts'

const POLICY = parseAccessPolicy(
  'affidavit_access: 1\nrevision: test\npeople: { kim: { roles: [auditor] }, out: { roles: [] } }\n',
  'yaml',
  'access.yaml',
)
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const ORIGIN = 'questions.example/clinic'
const HOUR = 3_600_000
/** Behind the moment at which ledgers are made here. */
const BEGINNING = Math.ceil(Date.now() / 60_000 + 10) * 60_000

/** What is recorded; by the agent in its conversation, where nobody else is named and it is no grant. */
export type Fields = Omit<Draft, 'actor_id' | 'actor_type' | 'id'> & Partial<Draft>

const AGENT = {
  actor_id: 'clinic-agent',
  actor_type: 'agent',
  agent_name: 'clinic-agent',
  conversation_id: 'visit-1',
  on_behalf_of: 'nurse-7',
} as const
export const LEE = { actor_id: 'dr-lee', actor_type: 'user' } as const
export const CHART: Pick<Draft, 'resource_type' | 'resource_id' | 'subject_ids'> = {
  resource_type: 'patient_record',
  resource_id: 'P-1',
  subject_ids: ['P-1'],
}
export const GRANT: Draft = {
  action: 'access_granted',
  ...LEE,
  agent_name: 'clinic-agent',
  resource_type: 'patient_record',
}

/** So many seconds after the beginning: the time of the record that is added as that one. */
export function second(seconds: number): string {
  return formatTimestamp(BEGINNING + seconds * 1000)
}

export function period(hours: number, from = 0): { valid_from: string; valid_until: string } {
  const begin = BEGINNING + from * HOUR
  return { valid_from: formatTimestamp(begin), valid_until: formatTimestamp(begin + hours * HOUR) }
}

export const READ_FOR_A_DAY: NonNullable<Draft['details']> = { access: ['read'], ...period(24) }

export interface Story extends AsyncDisposable {
  readonly ledger: Ledger
  readonly ask: Questions
  /** Records what happened, a second later, and answers its id. */
  add(name: string, fields: Fields): Promise<string>
  named(records: Iterable<{ readonly seq: number }>): readonly string[]
  namesOf(steps: readonly Step[]): readonly string[]
  seqOf(name: string): number
}

export interface Stories {
  newHome(): Promise<string>
  open(home: string, options?: OpenOptions): Promise<Story>
  newStory(): Promise<Story>
}

/** To be called where a suite begins: what is made is removed where it ends. */
export function storiesOn(backend: Backend): Stories {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-questions-'))
  after(() => rmSync(base, { recursive: true, force: true }))
  let homes = 0

  let empty: Promise<string> | undefined

  async function newHome(): Promise<string> {
    empty ??= initHome()
    const home = join(base, String(homes++))
    await backend.copy(await empty, home)
    return home
  }

  async function initHome(): Promise<string> {
    const home = join(base, 'empty')
    await backend.init(home, ORIGIN)
    return home
  }

  async function open(home: string, options: OpenOptions = {}): Promise<Story> {
    const clock = fixedClock(BEGINNING)
    const ledger = await openFolder(home, { publish: QUIET, access: POLICY, clock, ...options })
    const names = new Map<number, string>()
    const named = (records: Iterable<{ readonly seq: number }>): readonly string[] =>
      [...records].map(({ seq }) => names.get(seq) ?? `seq ${seq}`)
    return {
      ledger,
      ask: questionsOf(ledger.as({ actor_id: 'kim' })),
      async add(name, fields) {
        clock.pass(1000)
        const isOfAgent = !fields.action.startsWith('access_')
        const { id, seq } = await ledger.append(isOfAgent ? { ...AGENT, ...fields } : { ...LEE, ...fields })
        names.set(seq, name)
        return id
      },
      named,
      namesOf: (steps) => named(steps.map(({ record }) => record)),
      seqOf: (name) => [...names].find(([, one]) => one === name)?.[0] ?? assert.fail(`no record ${name}`),
      [Symbol.asyncDispose]: () => ledger.close(),
    }
  }

  return { newHome, open, newStory: async () => open(await newHome()) }
}

/** `under G-1`, with its notes, or the cause. */
export function told(verdict: Verdict | undefined): string | undefined {
  if (verdict?.state !== 'covered') return verdict?.why
  return [`under ${verdict.grant.name}`, ...verdict.notes].join(', ')
}
