// Random stories of people, links, damage and erasures, held against a naive model: what opens in the end is what it says
// (spec/erasure.md §6).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Backend } from './backend.ts'
import {
  approve,
  copyOf,
  type ErasureClinic,
  makeErasureClinic,
  open,
  planFor,
  said,
  saidContents,
  verified,
} from './erasure-clinic.ts'
import { type Damage, damage } from './linked-clinic.ts'

const PEOPLE = ['Ada Okafor', 'Ben Adeyemi', 'Eve Ito'] as const
const CONVERSATIONS = ['c-1', 'c-2'] as const

type Told =
  | { readonly do: 'say'; readonly about: readonly string[]; readonly in: string | undefined; readonly text: string }
  | { readonly do: 'link'; readonly which: number; readonly to: readonly string[] }
  | { readonly do: 'unlink'; readonly which: number }
  | { readonly do: 'erase'; readonly people: readonly string[]; readonly conversations: readonly string[] }

type RowChange =
  | { readonly do: 'damage'; readonly which: number; readonly how: Damage }
  | { readonly do: 'mend'; readonly which: number }

type Command = Told | RowChange

const people = (minLength: number): fc.Arbitrary<string[]> => fc.uniqueArray(fc.constantFrom(...PEOPLE), { minLength })

const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('say' as const),
        about: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: people(1) }),
        in: fc.option(fc.constantFrom(...CONVERSATIONS), { nil: undefined }),
        text: fc.constantFrom('It rains.', 'It snows.', 'It is late.'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('link' as const), which: fc.nat(50), to: people(1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('unlink' as const), which: fc.nat(50) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('damage' as const),
        which: fc.nat(50),
        how: fc.constantFrom('altered' as const, 'missing' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('mend' as const), which: fc.nat(50) }) },
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

const inOne = (text: string): Command => ({ do: 'say', about: [], in: 'c-1', text })
/** Chance comes to it seldom. */
const LOST_BY_DAMAGE: Command[] = [
  inOne('It rains.'),
  inOne('It snows.'),
  inOne('It is late.'),
  { do: 'link', which: 0, to: ['Ada Okafor'] },
  { do: 'damage', which: 1, how: 'altered' },
  { do: 'damage', which: 2, how: 'missing' },
  { do: 'mend', which: 2 },
  { do: 'erase', people: ['Ada Okafor'], conversations: [] },
]

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
  /** Where it is damaged now. */
  damage: { readonly how: Damage; readonly mend: () => Promise<void> } | undefined
  /** It opens by a row of its own. */
  isAnew: boolean
  isLost: boolean
  /** By a record: it is lost then. */
  isErased: boolean
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
  const inForce = new Set<string>()
  const numbered = (name: string): string => `${name} #${numbers.get(name) ?? 0}`
  const next = (name: string): unknown => numbers.set(name, (numbers.get(name) ?? 0) + 1)
  const keyOf = (owner: string): string => numbered(`key of ${owner}`)
  const isCurrent = ({ owners, keys }: Payload): boolean => keys === owners.map(keyOf).sort().join()
  const hasKeys = ({ owners }: Payload): boolean => owners.every((owner) => inForce.has(owner))

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
      for (const owner of owners) inForce.add(owner)
      const equal = contents.findLast(
        ({ payload: one }) => one.place === place && one.keys === keys && one.damage?.how !== 'missing',
      )?.payload
      const made = { place, owners, keys, damage: undefined, isAnew: false, isLost: false, isErased: false }
      contents.push({ seq, text, payload: equal === undefined || equal.damage !== undefined ? made : equal })
    },
    link(id: string, { payload }: Content, names: readonly string[]): void {
      for (const name of names) known.add(numbered(name))
      links.push({ id, payload, names, to: names.map(numbered), stands: true })
    },
    /** Answers how many are lost for being damaged. */
    erase(names: readonly string[], conversations: readonly string[]): number {
      const erased = new Set([...names.map(numbered), ...conversations])
      const byLink = links.filter(({ stands, to }) => stands && to.some((one) => erased.has(one)))
      const goes = new Set(byLink.map(({ payload }) => payload))
      const replaced = new Set<string>()
      for (const payload of goes) {
        // Of what is damaged nobody knows what it lies under.
        const isUnder = payload.damage === undefined ? !payload.isLost && isCurrent(payload) : hasKeys(payload)
        if (isUnder) for (const owner of payload.owners) replaced.add(owner)
      }
      for (const { payload } of contents) if (payload.owners.some((owner) => erased.has(owner))) goes.add(payload)
      const others = [...new Set(contents.map(({ payload }) => payload))].filter(
        (payload) => !goes.has(payload) && payload.owners.some((owner) => replaced.has(owner)),
      )
      const damaged = others.filter((one) => one.damage !== undefined && !one.isAnew && hasKeys(one))
      for (const payload of goes) Object.assign(payload, { isLost: true, isErased: true, isAnew: false })
      for (const payload of damaged) payload.isLost = true
      for (const payload of others) payload.isAnew = !payload.isLost
      for (const owner of new Set([...replaced, ...erased])) next(`key of ${owner}`)
      for (const name of names) next(name)
      for (const owner of erased) inForce.delete(owner)
      return damaged.length
    },
  }
}

type Model = ReturnType<typeof createModel>

const REGISTRAR = { actor_id: 'registrar', actor_type: 'user' } as const

function isOfRows(command: Command): command is RowChange {
  return command.do === 'damage' || command.do === 'mend'
}

/** While nobody has it open. */
async function change(clinic: ErasureClinic, model: Model, command: RowChange): Promise<void> {
  const { seq, payload } = model.contents[command.which % Math.max(model.contents.length, 1)] ?? {}
  if (payload === undefined || (command.do === 'damage') === (payload.damage !== undefined)) return
  if (command.do === 'damage')
    payload.damage = { how: command.how, mend: await damage(clinic, `${seq} message`, command.how) }
  else await mend(payload)
}

async function mend(payload: Payload): Promise<void> {
  await payload.damage?.mend()
  payload.damage = undefined
}

async function take(clinic: ErasureClinic, ledger: Ledger, model: Model, command: Told): Promise<void> {
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
      const plan = await planFor(ledger, clinic, subjects, conversations)
      const approval = approve(clinic, plan)
      await ledger.erasures.carryOut({ plan, approval, policy: clinic.policy, person: 'dr.lee' })
      assert.equal(plan.damaged, model.erase(subjects, conversations))
    }
  }
}

/** @param runs stories, besides one that is told in any case */
export function testErasureModel(backend: Backend, runs: number): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-erasure-model-'))
  after(() => rmSync(home, { recursive: true, force: true }))

  test('whatever is recorded, linked, damaged and erased, what opens in the end is what a naive model says, and it verifies', async () => {
    const pristine = await makeErasureClinic(join(home, 'pristine'), [], backend)
    let [lost, kept, damaged] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(commands, async (story) => {
        const clinic = await copyOf(pristine, home)
        const model = createModel()
        let ledger = await open(clinic)
        for (const command of story) {
          if (!isOfRows(command)) await take(clinic, ledger, model, command)
          else {
            await ledger.close()
            await change(clinic, model, command)
            ledger = await open(clinic)
          }
        }
        await ledger.close()
        for (const { payload } of model.contents) await mend(payload)
        const expected = model.contents.map(({ seq, text, payload }) => [
          `${seq} message`,
          payload.isLost ? 'gone' : text,
        ])
        assert.deepEqual(await saidContents(clinic), Object.fromEntries(expected))
        const report = await verified(clinic)
        const closed = model.contents.filter(({ payload }) => payload.isLost && !payload.isErased)
        assert.deepEqual(
          report.findings.map(({ code, seq }) => [code, seq]),
          closed.map(({ seq }) => ['content-unavailable', seq]),
        )
        damaged += closed.length
        lost += model.contents.filter(({ payload }) => payload.isLost).length
        kept += model.contents.filter(({ payload }) => !payload.isLost).length
        await backend.remove(clinic.folder)
      }),
      { numRuns: runs, examples: [[LOST_BY_DAMAGE]] },
    )
    assert.ok(lost > 0 && kept > 0 && damaged > 0)
  })
}
