// Commands as they may come: short periods, few people, so that what is due, held, archived and erased meets often.

import fc from 'fast-check'

import { type Command, command, crashing, type Deed, meanwhile } from './command.ts'
import { carryOut, dispose, finish, LEAVES, plan } from './destroying.ts'
import { erase } from './erasing.ts'
import { amend, closeMatter, linkPersons, linkRecord, reclassify, unlink } from './finding-out.ts'
import { hold, release } from './holding.ts'
import { backUp, bringBack, openAgain, passTime, restore, retentionRun, setClock, setPolicies } from './operating.ts'
import { CLASSES, DAY, SETS } from './paper-policies.ts'
import { record } from './recording.ts'

const number = fc.nat(1_000)
const CONVERSATIONS = ['c-1', 'c-2', 'c-3']
const PEOPLE = ['Ada Okafor', 'Ben Adeyemi']
const conversation = fc.constantFrom(...CONVERSATIONS)
const person = fc.constantFrom(...PEOPLE)
const device = fc.constantFrom('scanner', 'printer')
const of = fc.constantFrom('letters' as const, 'letters' as const, ...CLASSES)
const when = fc.constantFrom('before' as const, 'after' as const)

const where = fc.oneof(
  { weight: 3, arbitrary: conversation.map((one) => ({ conversation: one })) },
  { weight: 3, arbitrary: person.map((one) => ({ person: one })) },
  { weight: 1, arbitrary: device.map((one) => ({ device: one })) },
)
const recording = fc.tuple(of, where).map(([what, at]) => record(what, at))
const time = fc.constantFrom(1, 4, 16, 31, 31, 45, 61, 61, 95, 560).map(passTime)

const linking = fc.oneof(
  fc.tuple(number, person).map(([which, whom]) => linkRecord(which, whom)),
  fc.constant(linkPersons('Ada Okafor', 'Ben Adeyemi')),
  number.map(unlink),
  number.map(unlink),
)
const closing = fc
  .tuple(fc.oneof(number, conversation), fc.constantFrom(0, 5, 11, 'open' as const))
  .map(([which, ago]) => closeMatter(which, ago))
const reclassifying = fc.tuple(number, of).map(([which, as]) => reclassify(which, as))
const holding = fc
  .oneof(
    { weight: 1, arbitrary: fc.constant({ on: 'everything' as const }) },
    { weight: 3, arbitrary: conversation.map((which) => ({ on: 'conversation' as const, which })) },
    { weight: 2, arbitrary: person.map((which) => ({ on: 'person' as const, which })) },
    { weight: 1, arbitrary: device.map((which) => ({ on: 'device' as const, which })) },
  )
  .map(hold)
const releasing = fc
  .tuple(number, fc.constantFrom('kim' as const, 'kim' as const, 'a stranger' as const))
  .map(([which, by]) => release(which, by))
const policies = fc.constantFrom(...SETS).map(setPolicies)
const clock = fc
  .tuple(
    fc.constantFrom(0, 0, 0, -3 * DAY, 3_600_000, 40 * DAY),
    fc.constantFrom('confirmed' as const, 'not confirmed' as const),
  )
  .map(([ahead, then]) => setClock(ahead, then))
const erasing = fc
  .tuple(fc.subarray(PEOPLE, { maxLength: 1 }), fc.subarray(CONVERSATIONS, { maxLength: 1 }))
  .map(([a, b]) => erase(a, b))
const restoring = fc.option(conversation, { nil: undefined }).map(restore)
const disposing = fc.oneof(fc.constant(dispose()), number.map(carryOut), fc.constant(finish()))
const archiving = fc.constant(retentionRun())

/** What takes many writes, and may be interrupted at each. */
const long = fc.oneof(
  { weight: 3, arbitrary: disposing },
  { weight: 3, arbitrary: archiving },
  { weight: 1, arbitrary: restoring },
  { weight: 1, arbitrary: erasing },
)
const short = fc.oneof(recording, linking, closing, reclassifying, holding, releasing, policies)

const deed = fc.oneof(
  ...[recording, recording, recording, recording, recording, time, time, time].map(once),
  ...[fc.constant(dispose()), fc.constant(dispose()), fc.constantFrom('kim' as const, ...LEAVES).map(plan)].map(once),
  ...[number.map(carryOut), number.map(carryOut), fc.constant(finish())].map(once),
  ...[reclassifying, closing, closing, linking, fc.tuple(number, device).map(([which, to]) => amend(which, to))].map(
    once,
  ),
  ...[holding, releasing, releasing, policies, clock, erasing].map(once),
  ...[archiving, archiving, restoring].map(once),
  ...[fc.constantFrom(openAgain(), backUp(), bringBack())].map(once),
)

function once(arbitrary: fc.Arbitrary<Deed>): { readonly weight: number; readonly arbitrary: fc.Arbitrary<Deed> } {
  return { weight: 1, arbitrary }
}

const writes = fc.nat(24)
const plain: fc.Arbitrary<Command> = deed.map(command)
const cut: fc.Arbitrary<Command> = fc.tuple(long, writes, when).map(([what, at, then]) => crashing(what, at, then))
const together: fc.Arbitrary<Command> = fc
  .tuple(long, writes, fc.oneof(short, long))
  .map(([what, at, other]) => meanwhile(what, at, other))

/** As often as they stand here. */
export const anyCommand: readonly fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 10 }, () => plain),
  ...[cut, together],
]
