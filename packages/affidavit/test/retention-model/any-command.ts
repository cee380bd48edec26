// Commands as they may come: short periods, few people, so that what is due, held, archived and erased meets often.

import fc from 'fast-check'

import type { Command } from './command.ts'
import { carryOut, crashedDispose, dispose, erase, finish, LEAVES, plan } from './destroying.ts'
import { hold, release } from './holding.ts'
import {
  crashedRestore,
  crashedRun,
  openAgain,
  passTime,
  restore,
  retentionRun,
  setClock,
  setPolicies,
} from './operating.ts'
import { CLASSES, DAY, SETS } from './paper-policies.ts'
import { closeMatter, reclassify, record } from './recording.ts'

const number = fc.nat(1_000)
const CONVERSATIONS = ['c-1', 'c-2', 'c-3']
const PEOPLE = ['Ada Okafor', 'Ben Adeyemi']
const conversation = fc.constantFrom(...CONVERSATIONS)
const person = fc.constantFrom(...PEOPLE)
const of = fc.constantFrom('letters' as const, 'letters' as const, ...CLASSES)
const when = fc.constantFrom('before' as const, 'after' as const)

const where = fc.oneof(
  conversation.map((one) => ({ conversation: one })),
  person.map((one) => ({ person: one })),
)
const recording = fc.tuple(of, where).map(([what, at]) => record(what, at))
const time = fc.constantFrom(1, 4, 16, 31, 45, 61).map(passTime)
const disposing = fc.constant(dispose())

const closing = fc
  .tuple(fc.oneof(number, conversation), fc.constantFrom(0, 5, 11, 'open' as const))
  .map(([which, ago]) => closeMatter(which, ago))
const holding = fc
  .oneof(
    { weight: 1, arbitrary: fc.constant({ on: 'everything' as const }) },
    { weight: 3, arbitrary: conversation.map((which) => ({ on: 'conversation' as const, which })) },
    { weight: 2, arbitrary: person.map((which) => ({ on: 'person' as const, which })) },
  )
  .map(hold)
const releasing = fc
  .tuple(number, fc.constantFrom('kim' as const, 'kim' as const, 'a stranger' as const))
  .map(([which, by]) => release(which, by))
const clock = fc
  .tuple(
    fc.constantFrom(0, 0, 0, -3 * DAY, 3_600_000, 40 * DAY),
    fc.constantFrom('confirmed' as const, 'not confirmed' as const),
  )
  .map(([ahead, then]) => setClock(ahead, then))

export const anyCommand: readonly fc.Arbitrary<Command>[] = [
  recording,
  recording,
  recording,
  recording,
  recording,
  time,
  time,
  time,
  disposing,
  disposing,
  fc.constantFrom('kim' as const, ...LEAVES).map(plan),
  number.map(carryOut),
  number.map(carryOut),
  fc.tuple(number, of).map(([which, as]) => reclassify(which, as)),
  closing,
  closing,
  holding,
  releasing,
  releasing,
  fc.constantFrom(...SETS).map(setPolicies),
  fc.constant(retentionRun()),
  fc.constant(retentionRun()),
  fc.option(conversation, { nil: undefined }).map(restore),
  fc.tuple(fc.nat(12), when).map(([writes, at]) => crashedDispose(writes, at)),
  fc.tuple(fc.nat(12), when).map(([writes, at]) => crashedRun(writes, at)),
  fc.tuple(fc.nat(3), when).map(([writes, at]) => crashedRestore(writes, at)),
  fc.constant(finish()),
  clock,
  fc.constant(openAgain()),
  fc
    .tuple(fc.subarray(PEOPLE, { maxLength: 1 }), fc.subarray(CONVERSATIONS, { maxLength: 1 }))
    .map(([a, b]) => erase(a, b)),
]
