// The golden story of spec/late-facts.md as drafts and as records: testdata/late-facts/story.json.

import { readFileSync } from 'node:fs'

import { utf8 } from '../src/bytes/text.ts'
import type { AuditRecord, ContentReference, Draft } from '../src/formats/fields.ts'
import { recordOf } from '../src/ledger/read.ts'
import { sequence } from '../src/ledger/sequence.ts'
import type { PreparedDraft } from '../src/ledger/store.ts'
import type { KnownAnchor } from '../src/links/anchors.ts'
import type { EffectiveClassification } from '../src/links/effective.ts'
import type { IgnoredFact } from '../src/links/facts.ts'
import { emptyFrontier } from '../src/merkle/growth.ts'
import { SAMPLE_TIME, samples } from '../src/testing/sample-drafts.ts'

type Ignored = readonly (readonly [seq: number, why: string])[]

interface Told {
  readonly seq: number
  readonly draft: Draft
  /** Names of its payloads. */
  readonly content?: readonly string[]
  readonly admitted?: false
}

interface Story {
  readonly records: readonly Told[]
  readonly searches: readonly {
    readonly subject_id: string
    readonly as_of?: number
    readonly subject_ids: readonly string[]
    readonly records: readonly object[]
    readonly found: readonly number[]
    readonly ignored: Ignored
  }[]
  readonly effective: readonly {
    readonly seq: number
    readonly amended_by: readonly number[]
    readonly reclassified?: EffectiveClassification
    readonly anchors: readonly KnownAnchor[]
    readonly also_about: readonly string[]
    readonly taken_back_by?: number
    readonly ignored: Ignored
  }[]
}

export const STORY_LEDGER = 'story.example/clinic/0123456789abcdef'

export const story: Story = JSON.parse(
  readFileSync(new URL('../testdata/late-facts/story.json', import.meta.url), 'utf8'),
)

const { prepare } = samples(STORY_LEDGER)

/** What is admitted, with references to payloads, and what another program wrote in its place. */
export function storyDrafts(): PreparedDraft[] {
  return story.records.map(({ draft, content, admitted }) => {
    if (admitted === false) return unchecked(draft)
    return content === undefined ? prepare(draft) : withPayloads(prepare(draft), content)
  })
}

/** A draft past all checks of its action. */
export function unchecked({ action, ...draft }: Draft): PreparedDraft {
  const { pieces, ...prepared } = prepare({ ...draft, action: 'agent_failed' })
  const [first, ...others] = pieces
  return { ...prepared, pieces: [first.replace('"agent_failed"', JSON.stringify(action)), ...others] }
}

/** The references stand behind the fields that these drafts have in the first piece. */
export function withPayloads({ pieces, ...prepared }: PreparedDraft, names: readonly string[]): PreparedDraft {
  const [first, ...others] = pieces
  return { ...prepared, pieces: [`${first}"content":${JSON.stringify(names.map(reference))},`, ...others] }
}

function reference(name: string): ContentReference {
  return {
    algorithm: 'aes-256-gcm-chunked',
    blob_id: '00'.repeat(16),
    ciphertext_sha256: '00'.repeat(32),
    commitment: '00'.repeat(32),
    key_id: 'key',
    media_type: 'image/png',
    name,
    plain_size: 1,
    sealed_size: 49,
    subject_ids: [],
  }
}

export function storyRecords(): AuditRecord[] {
  return recordsOf(storyDrafts())
}

/** The drafts, sequenced into a ledger of their own. */
export function recordsOf(drafts: readonly PreparedDraft[]): AuditRecord[] {
  const empty = { frontier: emptyFrontier, integrity_hash: '', recorded_at: '' }
  const { entries } = sequence(
    empty,
    drafts,
    { standing: new Map(), conversations: new Map(), fence: 0, bound: 0 },
    SAMPLE_TIME,
  )
  return entries.map(({ seq, entry }) => recordOf({ seq, entry: utf8(entry) }))
}

export function causes(ignored: readonly IgnoredFact[]): Ignored {
  return ignored.map(({ seq, why }) => [seq, why])
}
