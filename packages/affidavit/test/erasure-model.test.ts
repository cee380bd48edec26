// Random stories of people, links and erasures, held against a naive model: what opens in the end is what it says
// (spec/erasure.md §6).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import fc from 'fast-check'

import type { Ledger } from '../src/ledger/ledger.ts'
import {
  copyOf,
  type ErasureClinic,
  eraseAll,
  makeErasureClinic,
  open,
  said,
  saidContents,
  verified,
} from './erasure-clinic.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-erasure-model-'))
after(() => rmSync(home, { recursive: true, force: true }))

const PEOPLE = ['Ada Okafor', 'Ben Adeyemi', 'Eve Ito'] as const
const CONVERSATIONS = ['c-1', 'c-2'] as const

type Command =
  | { readonly do: 'say'; readonly about: readonly string[]; readonly in: string | undefined; readonly text: string }
  | { readonly do: 'link'; readonly which: number; readonly to: readonly string[] }
  | { readonly do: 'unlink'; readonly which: number }
  | { readonly do: 'erase'; readonly people: readonly string[]; readonly conversations: readonly string[] }

const people = (minLength: number): fc.Arbitrary<string[]> => fc.uniqueArray(fc.constantFrom(...PEOPLE), { minLength })

const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('say' as const),
        about: fc.oneof(fc.constant([]), people(1)),
        in: fc.option(fc.constantFrom(...CONVERSATIONS), { nil: undefined }),
        text: fc.constantFrom('It rains.', 'It snows.', 'It is late.'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('link' as const), which: fc.nat(50), to: people(1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('unlink' as const), which: fc.nat(50) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('erase' as const),
        people: people(0),
        conversations: fc.subarray([...CONVERSATIONS], { maxLength: 1 }),
      }),
    },
  ),
  { minLength: 5, maxLength: 24 },
)

interface Content {
  readonly seq: number
  readonly text: string
  /** What it is kept as: equal ones are one payload. */
  readonly payload: Payload
}

/** Whoever is erased comes back as somebody else, and a key that is replaced as another one: both are told by a number. */
interface Payload {
  readonly place: string
  readonly owners: readonly string[]
  readonly keys: string
  readonly linked: Set<string>
  isLost: boolean
}

interface Link {
  readonly id: string
  readonly payload: Payload
  readonly to: readonly string[]
  readonly names: readonly string[]
  stands: boolean
}

function createModel() {
  const contents: Content[] = []
  const links: Link[] = []
  const numbers = new Map<string, number>()
  const known = new Set<string>()
  const numbered = (name: string): string => `${name} #${numbers.get(name) ?? 0}`
  const next = (name: string): unknown => numbers.set(name, (numbers.get(name) ?? 0) + 1)
  const keyOf = (owner: string): string => numbered(`key of ${owner}`)

  return {
    contents,
    links,
    person: numbered,
    /** Erasing needs a record of each. */
    knows: (name: string): boolean => known.has(name) || known.has(numbered(name)),
    say(seq: number, about: readonly string[], conversation: string | undefined, text: string): void {
      for (const one of about) known.add(numbered(one))
      if (conversation !== undefined) known.add(conversation)
      const owners = about.length > 0 ? about.map(numbered) : [conversation ?? 'the ledger']
      const keys = owners.map(keyOf).sort().join()
      const place = `${conversation} ${text}`
      const equal = contents.find(({ payload }) => payload.place === place && payload.keys === keys)?.payload
      const payload = equal ?? { place, owners, keys, linked: new Set(), isLost: false }
      contents.push({ seq, text, payload })
    },
    link(id: string, { payload }: Content, names: readonly string[]): void {
      for (const name of names) known.add(numbered(name))
      links.push({ id, payload, names, to: names.map(numbered), stands: true })
    },
    erase(names: readonly string[], conversations: readonly string[]): void {
      const erased = new Set([...names.map(numbered), ...conversations])
      const byLink = links.filter(({ stands, to }) => stands && to.some((one) => erased.has(one)))
      const replaced = new Set<string>()
      for (const { payload } of byLink) {
        if (!payload.isLost && payload.keys === payload.owners.map(keyOf).sort().join())
          for (const owner of payload.owners) replaced.add(owner)
        payload.isLost = true
      }
      for (const { payload } of contents) if (payload.owners.some((owner) => erased.has(owner))) payload.isLost = true
      for (const owner of new Set([...replaced, ...erased])) next(`key of ${owner}`)
      for (const name of names) next(name)
    },
  }
}

type Model = ReturnType<typeof createModel>

const REGISTRAR = { actor_id: 'registrar', actor_type: 'user' } as const

async function take(clinic: ErasureClinic, ledger: Ledger, model: Model, command: Command): Promise<void> {
  switch (command.do) {
    case 'say': {
      const { about, in: conversation_id, text } = command
      const subject_ids = [...about]
      const { seq } = await ledger.append(
        said(text, {
          ...(about.length === 0 ? {} : { subject_ids }),
          ...(conversation_id === undefined ? {} : { conversation_id }),
        }),
      )
      return model.say(seq, about, conversation_id, text)
    }
    case 'link': {
      const content = model.contents[command.which % Math.max(model.contents.length, 1)]
      if (content === undefined) return
      const record = (await ledger.at(content.seq)) ?? assert.fail('no record')
      const fact = { parent_id: record.id, subject_ids: [...command.to], details: { reason: 'found later' } }
      const { id } = await ledger.append({ ...REGISTRAR, action: 'content_linked', ...fact })
      return model.link(id, content, command.to)
    }
    case 'unlink': {
      const link = model.links[command.which % Math.max(model.links.length, 1)]
      // Whoever was erased is named by nobody any more.
      if (link === undefined || !link.stands || link.names.map(model.person).join() !== link.to.join()) return
      const fact = { parent_id: link.id, subject_ids: [...link.names], details: { reason: 'it was wrong' } }
      await ledger.append({ ...REGISTRAR, action: 'subject_unlinked', ...fact })
      link.stands = false
      return
    }
    case 'erase': {
      const [subjects, conversations] = [command.people.filter(model.knows), command.conversations.filter(model.knows)]
      if (subjects.length + conversations.length === 0) return
      await eraseAll(ledger, clinic, subjects, conversations)
      model.erase(subjects, conversations)
    }
  }
}

test('whatever is recorded, linked and erased, what opens in the end is what a naive model says, and it verifies', async () => {
  const pristine = await makeErasureClinic(join(home, 'pristine'), [])
  let [lost, kept] = [0, 0]
  await fc.assert(
    fc.asyncProperty(commands, async (story) => {
      const clinic = copyOf(pristine, home)
      const model = createModel()
      {
        await using ledger = await open(clinic)
        for (const command of story) await take(clinic, ledger, model, command)
      }
      const expected = model.contents.map(({ seq, text, payload }) => [
        `${seq} message`,
        payload.isLost ? 'gone' : text,
      ])
      assert.deepEqual(await saidContents(clinic), Object.fromEntries(expected))
      const report = await verified(clinic)
      assert.deepEqual([report.status, report.findings], ['valid', []])
      lost += model.contents.filter(({ payload }) => payload.isLost).length
      kept += model.contents.filter(({ payload }) => !payload.isLost).length
      rmSync(clinic.folder, { recursive: true, force: true })
    }),
    { numRuns: 20 },
  )
  assert.ok(lost > 0 && kept > 0)
})
