// What a client writes with (spec/client.md §3): admission of drafts, and what capture asks of a ledger.

import { utf8 } from '../bytes/text.ts'
import { uuidV8 } from '../bytes/uuid.ts'
import type { Clock } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { hmacSha256Hex, sha256 } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { createSpoolable, type Spoolable } from '../ledger/spoolable.ts'
import { createSpooling, type Spooling } from '../ledger/spooling.ts'
import type { VersionAction, VersionInForce } from '../ledger/version-in-force.ts'
import type { Registry } from '../registry/registry.ts'
import { unreadable } from './ask.ts'
import { createDraftLines, type DraftLine } from './draft-line.ts'
import type { Evidence } from './evidence.ts'
import { isObject, textIn } from './members.ts'
import type { Writer } from './writer.ts'

export interface Writing {
  /** @throws LedgerError `invalid-draft`, `draft-too-large`, `not-allowed` */
  line(draft: Draft): DraftLine
  spoolable(draft: Draft): Promise<Spoolable>
  readonly spooling: Spooling
  readonly registry: Registry | undefined
  deriveId(...words: readonly string[]): string
  digest(text: string): string
  isRecorded(id: string): Promise<boolean>
  versionInForce(action: VersionAction, agent_name: string): Promise<VersionInForce | undefined>
}

export interface WritingParts extends Evidence {
  /** What the server gives to who may append. */
  readonly writer: Writer | undefined
  readonly clock: Clock
  readonly random: RandomSource
}

export function createWriting(parts: WritingParts): Writing {
  const { origin, writer } = parts
  return {
    ...(writer === undefined ? nothingToWriteWith(origin) : withWriter(writer, parts)),
    // As the embedded ledger derives its callers' ids.
    deriveId: (...words) => uuidV8(sha256(utf8([origin, 'caller', ...words].join('\n')))),
    isRecorded: (id) => askRecorded(parts, id),
    versionInForce: (action, agent_name) => askVersion(parts, action, agent_name),
  }
}

type OfWriters = Omit<Writing, 'deriveId' | 'isRecorded' | 'versionInForce'>

function withWriter({ digestKey, actions, registry }: Writer, { origin, clock, random }: WritingParts): OfWriters {
  return {
    line: createDraftLines({ actions, clock, random }),
    spoolable: createSpoolable({ actions, clock, random }),
    spooling: createSpooling(origin, { digestKey }, random),
    registry,
    digest: (text) => hmacSha256Hex(digestKey, `affidavit digest v1\n${text}`),
  }
}

function nothingToWriteWith(origin: string): OfWriters {
  const refuse = (): never => {
    throw notAllowed()
  }
  return {
    line: refuse,
    spoolable: () => Promise.reject(notAllowed()),
    spooling: { ledger: origin.slice(0, origin.lastIndexOf('/')), seal: refuse, open: refuse },
    registry: undefined,
    digest: refuse,
  }
}

function notAllowed(): LedgerError {
  return new LedgerError('not-allowed', {
    problem: 'this token may not append',
    cure: 'affidavit keys create --role writer makes one that may',
  })
}

async function askRecorded({ ask, path, origin }: Evidence, id: string): Promise<boolean> {
  const answer = await ask.json({ path: `${path}/writer/records/${encodeURIComponent(id)}`, origin })
  if (!isObject(answer) || answer.id !== id || typeof answer.recorded !== 'boolean')
    throw unreadable('not about this record')
  return answer.recorded
}

async function askVersion(
  { ask, path, origin }: Evidence,
  action: VersionAction,
  agent_name: string,
): Promise<VersionInForce | undefined> {
  const query = new URLSearchParams({ action, agent_name })
  const answer = await ask.json({ path: `${path}/writer/versions?${query}`, origin })
  if (!isObject(answer) || answer.version === undefined) throw unreadable('no version')
  const { version } = answer
  if (version === null) return undefined
  if (!isObject(version)) throw unreadable('no version')
  return { id: textIn(version, 'id'), version: textIn(version, 'version') }
}
