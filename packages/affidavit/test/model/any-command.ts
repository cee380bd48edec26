// Commands as they may come, in words that meet each other often.

import fc from 'fast-check'

import type { Draft } from '../../src/formats/fields.ts'
import { anyDraft } from '../any-draft.ts'
import { append, appendLots, type Choice } from './appending.ts'
import type { Command } from './command.ts'
import {
  backUp,
  close,
  confirmClock,
  crash,
  open,
  passTime,
  publishAll,
  restore,
  rotateKey,
  setClock,
} from './operating.ts'
import { find, prove, searchFor, verifyNow } from './reading.ts'

const DAY = 24 * 3_600_000
const number = fc.nat(10_000)
const by = fc.constantFrom('id' as const, 'seq' as const)

const fewWords: fc.Arbitrary<Draft> = fc.record(
  {
    action: fc.constantFrom('tool_invoked' as const, 'data_accessed' as const),
    actor_id: fc.constantFrom('agent-1', 'agent-2'),
    actor_type: fc.constantFrom('agent' as const, 'user' as const),
    id: fc.constantFrom(...[0, 1, 2, 3, 4].map((i) => `0193f5a2-7c00-7abc-8def-00000000000${i}`)),
    conversation_id: fc.constantFrom('c0', 'c1', 'c2'),
    resource_type: fc.constantFrom('chart', 'order'),
    subject_ids: fc.uniqueArray(fc.constantFrom('p2', 'p1', 'p3'), { minLength: 1 }),
    outcome: fc.constantFrom('success' as const, 'error' as const),
  },
  { requiredKeys: ['action', 'actor_id', 'actor_type'], noNullPrototype: true },
)
const touched = fc
  .tuple(fewWords, fc.constantFrom('r1', 'r2'))
  .map(([draft, resource_id]) => ({ resource_type: 'chart', ...draft, resource_id }))
// Running numbers have gaps here, which verification rightly reports.
const manyWords = anyDraft.map(({ producer_id: _, producer_seq: __, ...draft }) => draft)

const BAD: readonly (readonly [draft: unknown, refusal: string])[] = [
  [undefined, 'invalid-draft'],
  [{ actor_id: 'agent-1', actor_type: 'agent' }, 'invalid-draft'],
  [{ action: 'key_rotated', actor_id: 'agent-1', actor_type: 'agent' }, 'invalid-draft'],
  [{ action: 'clinic.unheard_of', actor_id: 'agent-1', actor_type: 'agent' }, 'invalid-draft'],
  [{ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', seq: 7 }, 'invalid-draft'],
  [
    { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', details: { text: 'x'.repeat(64_000) } },
    'draft-too-large',
  ],
]

const happened = fc.option(fc.integer({ min: -DAY, max: DAY }), { nil: undefined })
const choice: fc.Arbitrary<Choice> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('new' as const), draft: fc.oneof(fewWords, touched), happened }),
  },
  { weight: 1, arbitrary: manyWords.map((draft) => ({ kind: 'new' as const, draft })) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('again' as const, 'changed' as const, 'by its id' as const),
      which: number,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...BAD).map(([draft, refusal]) => ({ kind: 'bad' as const, draft, refusal })),
  },
)
const caller = fc.record({ through: number, choices: fc.array(choice, { minLength: 1, maxLength: 6 }) })

const condition = fc.tuple(
  fc.constantFrom(
    ...['id', 'conversation_id', 'actor_id', 'resource_type', 'resource_id', 'subject_id', 'action', 'from', 'until'],
    ...['recorded_from', 'recorded_until', 'from_seq', 'until_seq'],
  ),
  number,
)
const order = fc.constantFrom('ascending' as const, 'descending' as const)
const limit = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 5 }))
const search = fc
  .tuple(number, fc.array(condition, { maxLength: 3 }), order, limit)
  .map(([through, conditions, way, most]) => searchFor(through, conditions, way, most))

const step = fc.oneof(
  fc.constantFrom(1, -1, 2_000, -2_000, 2_001, -2_001, DAY, -DAY, DAY + 1, -DAY - 1, 3 * DAY),
  fc.integer({ min: -400 * DAY, max: 400 * DAY }),
)

const appends = fc.oneof(
  fc.tuple(caller, fc.constantFrom('one by one' as const, 'many' as const)).map(([one, way]) => append([one], way)),
  fc.tuple(caller, caller).map((both) => append(both, 'many')),
)

/** What users and machines do. */
export const anyCommand: readonly fc.Arbitrary<Command>[] = [
  appends,
  appends,
  appends,
  appends,
  search,
  search,
  search,
  fc.tuple(number, by, number).map(([through, how, which]) => find(through, how, which)),
  fc.tuple(number, by, number).map(([through, how, which]) => prove(through, how, which)),
  fc.constantFrom(1, 3, 10_000).map(open),
  fc.constantFrom(1, 3, 10_000).map(open),
  number.map(close),
  number.map(crash),
  fc.constant(publishAll()),
  number.map(rotateKey),
  number.map(confirmClock),
  fc.nat(3 * DAY).map(passTime),
  step.map(setClock),
  fc.constant(verifyNow()),
]

/** So many drafts that it takes a while. */
export const lots: fc.Arbitrary<Command> = number.map((through) => appendLots(through, 600))

/** What befalls a ledger whose database is lost now and then. */
export const disasters: readonly fc.Arbitrary<Command>[] = [
  appends,
  appends,
  fc.constant(open(10_000)),
  number.map(crash),
  fc.constant(publishAll()),
  number.map(rotateKey),
  fc.constant(backUp()),
  fc.constant(restore()),
  fc.constant(restore()),
]
