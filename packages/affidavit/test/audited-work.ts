// Audits on one ledger, which takes records or not, as a test says; and what each of them recorded, opened.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import { decodeUtf8 } from '../src/bytes/text.ts'
import { type Audit, type AuditParts, openAudit } from '../src/capture/audit.ts'
import { openSpool } from '../src/capture/spool.ts'
import type { ModelStep, RunContext } from '../src/capture/steps.ts'
import { type OpenOptions, openFolder, type PartOptions } from '../src/embedded/open.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { wholeBody } from '../src/ledger/open-content.ts'
import { type FixedClock, fixedClock } from '../src/testing/fixed-clock.ts'
import { type HandAlarm, handAlarm } from '../src/testing/hand-alarm.ts'
import { type Backend, files } from './backend.ts'
import { type FailingLedger, failingLedger } from './failing-ledger.ts'

const ACCESS = 'affidavit_access: 1\nrevision: test\npeople: { auditor: { roles: [auditor, content_reader] } }\n'
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

export interface CapturedRecord extends AuditRecord {
  /** Contents by name. */
  readonly said: Readonly<Record<string, string>>
}

/** One agent at work, in a conversation of its own. */
export interface Work {
  readonly audit: Audit
  /** What its audit knows of the ledger. */
  readonly ledger: FailingLedger
  readonly clock: FixedClock
  readonly alarm: HandAlarm
  readonly agent_name: string
  readonly context: RunContext
  /** Another audit of the same agent, as after a restart or in a second process. */
  again(options?: Options): Promise<Work>
  /** Records since it began, in order: nothing that the ledger recorded of itself. */
  recorded(): Promise<readonly CapturedRecord[]>
  /** The same, with nothing opened. */
  entries(): Promise<readonly AuditRecord[]>
}

export interface Options extends Omit<Partial<AuditParts>, 'spool' | 'agent_name'> {
  /** One of its own where left out. */
  readonly agent_name?: string | undefined
  /** Its records may wait in a spool that takes so many bytes. */
  readonly spoolBytes?: number | undefined
}

export interface Clinic {
  begin(t: TestContext, options?: Options): Promise<Work>
}

/** A ledger for the tests of a file. */
export function clinic(backend: Backend = files, options: OpenOptions & PartOptions = {}): Clinic {
  const root = mkdtempSync(join(tmpdir(), 'affidavit-capture-'))
  const home = join(root, 'ledger')
  let opened: Ledger | undefined
  let works = 0
  const ledger = (): Ledger => {
    if (opened === undefined) throw new Error('the tests have not begun')
    return opened
  }

  before(async () => {
    await backend.init(home, 'test.affidavit.example/capture')
    opened = await openFolder(home, {
      access: parseAccessPolicy(ACCESS, 'yaml', 'access.yaml'),
      publish: QUIET,
      ...options,
    })
  })
  after(async () => {
    await opened?.close()
    await backend.remove(home)
    rmSync(root, { recursive: true, force: true })
  })

  return {
    async begin(t, options = {}) {
      const number = ++works
      const { size } = await ledger().health()
      const place = {
        real: ledger(),
        conversation_id: `c-${number}`,
        spool: join(root, `spool-${number}`),
        from_seq: size,
      }
      return work(t, place, { agent_name: `agent-${number}`, ...options })
    },
  }
}

let producers = 0

interface Place {
  readonly from_seq: number
  readonly real: Ledger
  readonly conversation_id: string
  readonly spool: string
}

async function work(t: TestContext, place: Place, options: Options): Promise<Work> {
  const { spoolBytes, agent_name, ...parts } = options
  const ledger = failingLedger(place.real)
  const clock = fixedClock()
  const alarm = handAlarm()
  const spool =
    spoolBytes === undefined ? undefined : await openSpool({ folder: place.spool, ledger, maxBytes: spoolBytes })
  const audit = openAudit({
    ledger,
    producer_id: `producer-${++producers}`,
    idleMinutes: 30,
    clock,
    alarm: alarm.alarm,
    ...(spool === undefined ? {} : { spool }),
    ...(agent_name === undefined ? {} : { agent_name }),
    ...parts,
  })
  t.after(async () => {
    ledger.heal()
    await audit.close().catch(() => undefined)
  })
  return {
    audit,
    ledger,
    clock,
    alarm,
    agent_name: agent_name ?? '',
    context: { conversation_id: place.conversation_id, actor_id: 'dr-adams' },
    again: (other = {}) => work(t, place, { ...options, ...other }),
    async recorded() {
      const records = await entriesFrom(place)
      const said = await wordsIn(place.real, records)
      return records.map((record) => ({ ...record, said: said.get(record.id) ?? {} }))
    },
    entries: () => entriesFrom(place),
  }
}

const OF_THE_LEDGER = /^(logging_started|records_viewed|content_revealed|policy_changed|key_rotated)$/

async function entriesFrom({ real, from_seq }: Place): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = []
  for await (const record of real.search({ from_seq })) if (!OF_THE_LEDGER.test(record.action)) records.push(record)
  return records
}

/** One reading for each conversation: each is a record of its own. */
async function wordsIn(ledger: Ledger, records: readonly AuditRecord[]): Promise<Map<string, Record<string, string>>> {
  const sealed = records.filter(({ content }) => content !== undefined)
  const conversations = new Set(sealed.map(({ conversation_id }) => conversation_id))
  const outside = sealed.filter(({ conversation_id }) => conversation_id === undefined)
  conversations.delete(undefined)
  const wanted = [
    ...[...conversations].flatMap((conversation_id) => (conversation_id === undefined ? [] : [{ conversation_id }])),
    ...outside.map(({ id }) => ({ record: id })),
  ]
  const reading = ledger.as({ actor_id: 'auditor' })
  const words = new Map<string, Record<string, string>>()
  for (const what of wanted) {
    for (const { record, contents } of await reading.reveal(what, { reason: 'test' })) {
      const said: Record<string, string> = {}
      for (const content of contents)
        said[content.name] =
          content.state === 'opened' ? (decodeUtf8(await wholeBody(content.body)) ?? 'no text') : content.state
      words.set(record.id, said)
    }
  }
  return words
}

/** A call of a model as an adapter sees it; a test says what else it sees. */
export const ASKING: ModelStep = {
  sdk: 'openai',
  layer: 'client',
  operation: 'responses',
  stream: false,
  instructions: [],
  tools: [],
  messages: [],
  parameters: {},
}

export function actionsOf(records: readonly AuditRecord[]): readonly string[] {
  return records.map(({ action }) => action)
}

export function only<Of extends AuditRecord>(records: readonly Of[], action: string): readonly Of[] {
  return records.filter((record) => record.action === action)
}

/** Turns of the event loop, in which whatever can go on does. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}
