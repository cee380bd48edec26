// The built-in detector: structured identifiers, by form, checksum and the words before them (spec/detection.md §2).
// Names, organisations and free-text places are beyond it.

import type { AuthenticationType, DetectedType, Detection } from './detector.ts'
import { detectEmails } from './detectors/email.ts'
import { detectIpv6 } from './detectors/ip-address.ts'
import { AUTHENTICATION, type Detectors, STRUCTURED } from './detectors.ts'
import { placeOf } from './place.ts'
import { settle } from './settle.ts'
import { eachToken } from './tokens.ts'

/** What the built-in detector finds, sorted and without overlap. Work grows with the length of the text, whatever it holds. */
export function detectStructured(text: string): readonly Detection[] {
  return settle(text, candidatesIn(text))
}

/** The same, and what `detectAuthenticationData` finds, in one look. */
export function detectBoth(text: string): {
  readonly all: readonly Detection[]
  readonly authentication: readonly Detection<AuthenticationType>[]
} {
  const found = candidatesIn(text)
  return { all: settle(text, found), authentication: settle(text, found.filter(isAuthenticationData)) }
}

function candidatesIn(text: string): Detection[] {
  const found: Detection[] = []
  detectTokens(text, STRUCTURED, found)
  detectEmails(text, found)
  detectIpv6(text, found)
  return found
}

/** Only what may not be kept even encrypted. */
export function detectAuthenticationData(text: string): readonly Detection<AuthenticationType>[] {
  const found: Detection[] = []
  detectTokens(text, AUTHENTICATION, found)
  return settle(text, found).filter(isAuthenticationData)
}

function isAuthenticationData(detection: Detection): detection is Detection<AuthenticationType> {
  return isAuthenticationType(detection.type)
}

export function isAuthenticationType(type: DetectedType): type is AuthenticationType {
  return type === 'card_verification_value' || type === 'card_track_data' || type === 'card_pin'
}

function detectTokens(text: string, { numeric, mixed, labelled }: Detectors, found: Detection[]): void {
  eachToken(text, (token) => {
    const place = placeOf(token)
    const bare = (token.numeric ? numeric : mixed)[token.end - token.start]
    if (bare !== undefined) for (const detectAt of bare) detectAt(place, found)
    if (place.label === undefined) return
    for (const detectAt of labelled.get(place.label.meaning) ?? []) detectAt(place, found, place.label)
  })
}
