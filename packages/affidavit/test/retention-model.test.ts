// A clinic and the same clinic on paper (retention-model/paper.ts): whatever is recorded, held, archived, destroyed and interrupted, what
// is gone is what may be.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { files } from './backend.ts'
import { testAnyHistory } from './retention-model/any-history.ts'
import { type Command, crashing, type Deed, meanwhile } from './retention-model/command.ts'
import { carryOut, dispose, finish, plan } from './retention-model/destroying.ts'
import { erase } from './retention-model/erasing.ts'
import { closeMatter, linkRecord, reclassify } from './retention-model/finding-out.ts'
import { hold, release } from './retention-model/holding.ts'
import { passTime, restore, retentionRun, setClock, setPolicies } from './retention-model/operating.ts'
import { DAY, SETS } from './retention-model/paper-policies.ts'
import { record } from './retention-model/recording.ts'
import { telling } from './retention-model/tell.ts'

const tell = telling(files)

testAnyHistory(
  'whatever becomes of records, nothing goes early, held, unapproved or uncertified, and nothing else is lost',
  files,
)

const LETTERS = [record('letters', { conversation: 'c-1' }), record('letters', { person: 'Ada Okafor' })]
const LATER = record('stray', { conversation: 'c-9' })
const [, LONGER, QUARREL] = SETS
const HELD = { on: 'conversation', which: 'c-1' } as const
const ALL_HELD = { on: 'everything' } as const

/** What is destroyed, and whose content was erased, by the number of the record. */
const CASES: Readonly<
  Record<
    string,
    readonly [history: readonly (Deed | Command)[], destroyed: readonly number[], erased?: readonly number[]]
  >
> = {
  'what is due goes, and is certified': [
    [...LETTERS, LATER, passTime(31), dispose()],
    [0, 1],
  ],
  'what two holds bind stays when one of them is released': [
    [...LETTERS, LATER, hold(HELD), hold(ALL_HELD), passTime(31), release(1, 'kim'), dispose()],
    [1],
  ],
  'what two holds bound goes when the last of them is released': [
    [
      ...LETTERS,
      LATER,
      hold(HELD),
      hold(HELD),
      passTime(31),
      release(0, 'kim'),
      dispose(),
      release(0, 'kim'),
      dispose(),
    ],
    [0, 1],
  ],
  'a hold that a stranger would release goes on': [
    [...LETTERS, LATER, hold(ALL_HELD), passTime(31), release(0, 'a stranger'), dispose()],
    [],
  ],
  'a hold that comes behind the approval stops the whole plan': [
    [...LETTERS, LATER, passTime(31), plan('kim'), hold(HELD), carryOut(0)],
    [],
  ],
  'by a clock that was set ahead nothing is destroyed and nothing erased, confirmed or not': [
    [...LETTERS, LATER, setClock(40 * DAY, 'confirmed'), dispose(), erase(['Ada Okafor'], []), erase([], ['c-1'])],
    [],
  ],
  'a clock that is an hour ahead destroys nothing; set right, it does': [
    [...LETTERS, LATER, passTime(31), setClock(3_600_000, 'confirmed'), dispose(), setClock(0, 'confirmed'), dispose()],
    [0, 1],
  ],
  'by a clock that was set back, what is due is due later': [
    [...LETTERS, LATER, passTime(31), setClock(-3 * DAY, 'confirmed'), dispose(), passTime(3), dispose()],
    [0, 1],
  ],
  'what was recorded under a clock that was ahead is kept from then on': [
    [setClock(40 * DAY, 'confirmed'), ...LETTERS, setClock(0, 'confirmed'), LATER, passTime(31), dispose()],
    [],
  ],
  'what is approved while what is recorded is still dated by a clock that was ahead is destroyed by that leave': [
    [...LETTERS, passTime(31), setClock(40 * DAY, 'confirmed'), setClock(0, 'confirmed'), LATER, dispose()],
    [0, 1],
  ],
  'an approval from before the clock was set back is from the future, and carries out nothing': [
    [...LETTERS, LATER, passTime(40), plan('kim'), setClock(-3 * DAY, 'confirmed'), carryOut(0)],
    [],
  ],
  'a plan without leave destroys nothing, whoever signed it': [
    [
      ...[...LETTERS, LATER, passTime(31)],
      ...(['a stranger', 'the planner', 'a refusal', 'another plan', 'nobody'] as const).flatMap((by, i) => [
        plan(by),
        carryOut(i),
      ]),
    ],
    [],
  ],
  'policies that contradict each other are a conflict, and nothing is destroyed by either': [
    [...LETTERS, LATER, setPolicies(QUARREL), passTime(61), dispose()],
    [],
  ],
  'a plan by policies of before is not carried out': [
    [...LETTERS, LATER, passTime(61), plan('kim'), setPolicies(LONGER), carryOut(0)],
    [],
  ],
  ...Object.fromEntries(
    [0, 4, 7].map((writes) => [
      `what another process puts longer policies in force for is not destroyed by those of before, before write ${writes}`,
      [[...LETTERS, LATER, passTime(31), meanwhile(dispose(), writes, setPolicies(LONGER))], []] as const,
    ]),
  ),
  'an erasure that was decided before the power failed is finished, and no record is lost by that': [
    [...LETTERS, LATER, passTime(31), crashing(erase(['Ada Okafor'], []), 1, 'after'), linkRecord(0, 'Ben Adeyemi')],
    [],
    [1],
  ],
  'nor is it erased by those of before': [
    [...LETTERS, LATER, passTime(31), meanwhile(erase(['Ada Okafor'], []), 1, setPolicies(LONGER))],
    [],
  ],
  'nor does it leave for an archive that is locked as those of before ask': [
    [...LETTERS, LATER, passTime(31), meanwhile(retentionRun(), 5, setPolicies(LONGER))],
    [],
  ],
  ...Object.fromEntries(
    [2, 6, 9].map((writes) => [
      `what is destroyed while it is archived is in no archive that the ledger knows of, before write ${writes}`,
      [
        [...LETTERS, LATER, passTime(31), meanwhile(retentionRun(), writes, dispose())],
        [0, 1],
      ] as const,
    ]),
  ),
  'a matter that is opened again waits': [
    [
      ...[record('matters', { conversation: 'c-1' }), LATER, closeMatter('c-1', 11)],
      ...[plan('kim'), closeMatter(0, 'open'), carryOut(0), dispose()],
    ],
    [],
  ],
  'what is archived and out of the database is destroyed when it is due, and what lay beside it is read': [
    [...LETTERS, LATER, passTime(5), retentionRun(), reclassify(1, 'notes'), passTime(31), dispose(), restore()],
    [0],
  ],
  'whatever ends a process in the middle, what was decided is finished': [
    [
      ...LETTERS,
      LATER,
      passTime(5),
      crashing(retentionRun(), 6, 'after'),
      passTime(31),
      crashing(dispose(), 7, 'after'),
      finish(),
    ],
    [0, 1],
  ],
  'what is erased when its minimum has passed is destroyed later, too': [
    [...LETTERS, record('notes', { person: 'Ada Okafor' }), LATER, passTime(31), erase(['Ada Okafor'], []), dispose()],
    [0, 1],
    [1, 2],
  ],
}

describe('on paper and in the world:', () => {
  for (const [name, [history, destroyed, erased = []]] of Object.entries(CASES)) {
    test(name, async () => {
      const { records } = await tell(history)
      const those = (is: (record: (typeof records)[number]) => boolean): readonly number[] =>
        records.flatMap((one, i) => (is(one) ? [i] : []))
      assert.deepEqual(
        those(({ fate }) => fate === 'destroyed'),
        destroyed,
      )
      assert.deepEqual(
        those(({ isErased }) => isErased),
        erased,
      )
    })
  }
})
