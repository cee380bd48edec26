// Holding every draft against the clock: a step is recorded before the draft that met it, a jump stops it.

import type { Draft } from '../formats/fields.ts'
import type { Admission, Admitted } from './admit.ts'
import { clockJump, stepRecord } from './own-records.ts'
import type { Placing } from './place.ts'
import type { Timekeeper } from './timekeeper.ts'

export interface ClockWatch {
  /** Called before a draft enters the queue: the record of a step enters it first. @throws LedgerError `clock-jump` */
  look(): void
  /**
   * Accepts a jump in somebody's name, once that is recorded.
   * @throws LedgerError `invalid-draft`, and what keeps the record from being committed
   */
  confirm(by: Pick<Draft, 'actor_id' | 'outcome_reason'>): Promise<void>
  /** Records what could not be recorded so far. @throws LedgerError where it still cannot */
  settle(): Promise<void>
}

export function createClockWatch(
  timekeeper: Timekeeper,
  admission: Admission,
  placing: Pick<Placing, 'place'>,
): ClockWatch {
  // A step is told once, so its record is kept until it is durable; its id makes it one record however often it is tried.
  let owed: Admitted[] = []

  function recordOwed(): Promise<unknown>[] {
    const now = owed
    owed = []
    return now.map((step) =>
      placing.place(step, 'ledger').catch((error: unknown) => {
        owed.push(step)
        throw error
      }),
    )
  }

  return {
    look() {
      const reading = timekeeper.look()
      if (reading.kind === 'jumped') throw clockJump(reading.expected, reading.found)
      if (reading.kind === 'stepped') owed.push(admission.admitOwn(stepRecord(reading.expected, reading.found)))
      // What fails stays owed, and the draft that comes after it answers for itself.
      for (const recorded of recordOwed()) recorded.catch(() => undefined)
    },
    async confirm(by) {
      const reading = timekeeper.look()
      if (reading.kind === 'steady') return
      const step = stepRecord(reading.expected, reading.found)
      const confirmed = admission.admitOwn({ ...step, ...by, actor_type: 'admin' })
      if (reading.kind === 'stepped') owed.push(confirmed)
      else await placing.place(confirmed, 'ledger')
      if (reading.kind === 'jumped') timekeeper.confirm(reading)
      await Promise.all(recordOwed())
    },
    async settle() {
      await Promise.all(recordOwed())
    },
  }
}
