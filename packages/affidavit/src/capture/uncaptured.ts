// What of a stranger's value could not be captured, told by its place (spec/capture.md §7). Of the value itself nothing is
// told but the names of members.

import { type JsonPath, pathText } from '../bytes/json.ts'

const MAX_TOLD = 32
const MAX_NAME_LENGTH = 64
const MAX_PLACE_LENGTH = 128

export interface Uncaptured {
  add(path: JsonPath, why: string): void
  /** `place: why`, and how many more there are where these are too many. */
  told(): readonly string[]
}

/** `name` is what the whole value is called: `arguments`, `result`. */
export function createUncaptured(name: string): Uncaptured {
  const told: string[] = []
  let more = 0
  return {
    add(path, why) {
      if (told.length < MAX_TOLD) told.push(`${placeOf(name, path)}: ${why}`)
      else more++
    },
    told: () => (more === 0 ? told : [...told, `… and ${more} more`]),
  }
}

function placeOf(name: string, path: JsonPath): string {
  const place = pathText(behind(name, path))
  if (place.length <= MAX_PLACE_LENGTH) return place
  // Where it begins and where it ends say more than the middle. A half of a character at a cut is none.
  const half = MAX_PLACE_LENGTH / 2 - 1
  return `${place.slice(0, half)}…${place.slice(-half)}`.replace(/\p{Cs}/gu, '')
}

function behind(name: string, path: JsonPath): JsonPath {
  if (path === undefined) return { above: undefined, step: name }
  const { above, step } = path
  return { above: behind(name, above), step: typeof step === 'string' ? toldName(step) : step }
}

// Controls, invisible and bidirectional characters, halves of characters: none of them is for a log.
function toldName(key: string): string {
  const start = key.slice(0, MAX_NAME_LENGTH).replace(/\p{C}/gu, '')
  return key.length > MAX_NAME_LENGTH ? `${start}…` : start
}
