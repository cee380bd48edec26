// A process that watches once, and stops at a place that its parent names, where it tells it and waits to be killed. Arguments: the
// home, the receiver of its alerts, the place.

import { systemClock } from '../src/clock/clock.ts'
import { placeOf } from '../src/embedded/place.ts'
import { createWatch } from '../src/watch/watch.ts'
import type { WatchEvent } from '../src/watch/watch-event.ts'
import { tellParent } from './tell-parent.ts'
import { DAY, MINUTE, SECRET } from './watched.ts'

const [home = '', url = '', place = ''] = process.argv.slice(2)

function stand(): never {
  tellParent(place)
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function tell({ kind }: WatchEvent): void {
  if (kind === place) stand()
}

let looks = 0
const watch = createWatch({
  place: placeOf(home),
  against: { trust: { kind: 'first use' }, anchors: [] },
  schedule: { kind: 'every', millis: 15 * MINUTE },
  completeEveryMillis: DAY,
  reader: { actor_id: 'watcher' },
  recording: 'recorded',
  webhook: { url, secret: SECRET },
  clock: {
    ...systemClock,
    now() {
      // The first look is that of the run's beginning: its state is not written before.
      if (place === 'begun' && looks++ === 0) stand()
      return systemClock.now()
    },
  },
  tell,
})
await watch.runOnce()
tellParent('done')
