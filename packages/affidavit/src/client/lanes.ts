// What waits to be sent: one lane a conversation, so that its drafts are recorded in the order of the calls, while those of others
// pass. A lane has one request under way at most.

export interface Laned {
  readonly conversation: string
  /** Undefined while its files are read. */
  readonly bytes: Uint8Array | undefined
  /** Its caller has heard what became of it: it is not sent any more. */
  readonly isOver: boolean
}

export interface Lanes<Item extends Laned> {
  add(item: Item): void
  /** Its bytes are there now, or it is over. */
  changed(item: Item): void
  /** The next to be sent together, in their order; none where nothing may be sent. Their lanes are closed until `back`. */
  take(limits: { readonly items: number; readonly bytes: number }): readonly Item[]
  /** Opens the lanes of what was taken, with what is to be sent again at their head. */
  back(taken: readonly Item[], again: readonly Item[]): void
}

interface Lane<Item> {
  readonly conversation: string
  items: Item[]
  state: 'open' | 'closed'
}

export function createLanes<Item extends Laned>(): Lanes<Item> {
  const lanes = new Map<string, Lane<Item>>()
  /** Whoever has waited longest comes first. */
  const listed = new Set<Lane<Item>>()

  function laneOf(conversation: string): Lane<Item> {
    const known = lanes.get(conversation)
    if (known !== undefined) return known
    const lane: Lane<Item> = { conversation, items: [], state: 'open' }
    lanes.set(conversation, lane)
    return lane
  }

  function settle(lane: Lane<Item>): void {
    if (lane.state === 'closed') return
    lane.items = withoutOver(lane.items)
    if (lane.items[0] === undefined) lanes.delete(lane.conversation)
    if (lane.items[0]?.bytes === undefined) listed.delete(lane)
    else listed.add(lane)
  }

  function takeFrom(lane: Lane<Item>, room: { items: number; bytes: number }, taken: Item[]): void {
    let count = 0
    for (const item of lane.items) {
      if (item.isOver) {
        count++
        continue
      }
      const size = item.bytes?.length
      // The first of all goes, however large it is.
      if (size === undefined || room.items < 1 || (size > room.bytes && taken.length > 0)) break
      taken.push(item)
      room.items--
      room.bytes -= size
      count++
    }
    if (count === 0) return
    lane.items = lane.items.slice(count)
    lane.state = 'closed'
    listed.delete(lane)
  }

  return {
    add(item) {
      const lane = laneOf(item.conversation)
      lane.items.push(item)
      settle(lane)
    },
    changed(item) {
      settle(laneOf(item.conversation))
    },
    take({ items, bytes }) {
      const taken: Item[] = []
      const room = { items, bytes }
      for (const lane of listed) {
        if (room.items < 1 || room.bytes < 1) break
        takeFrom(lane, room, taken)
      }
      return taken
    },
    back(taken, again) {
      for (const conversation of new Set(taken.map((item) => item.conversation))) {
        const lane = laneOf(conversation)
        lane.items = [...again.filter((item) => item.conversation === conversation), ...lane.items]
        lane.state = 'open'
        settle(lane)
      }
    },
  }
}

// Most are over from the oldest on.
function withoutOver<Item extends Laned>(items: Item[]): Item[] {
  const first = items.findIndex(({ isOver }) => !isOver)
  if (first === 0) return items
  return first === -1 ? [] : items.slice(first)
}
