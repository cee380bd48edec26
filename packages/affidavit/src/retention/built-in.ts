// Every policy that this release knows (spec/retention.md §1): facts in our words, each with who says so and how surely that was seen. No
// legal advice.

import { ASSURANCE } from './policies/assurance.ts'
import { EUROPE } from './policies/europe.ts'
import { FINANCE } from './policies/finance.ts'
import { HEALTH } from './policies/health.ts'
import { PRESETS } from './policies/presets.ts'
import { PUBLIC_SECTOR } from './policies/public-sector.ts'
import { STATES } from './policies/states.ts'
import type { RetentionPolicy } from './policy.ts'

export const BUILT_IN_POLICIES: readonly RetentionPolicy[] = [
  ...PRESETS,
  ...HEALTH,
  ...ASSURANCE,
  ...FINANCE,
  ...PUBLIC_SECTOR,
  ...EUROPE,
  ...STATES,
]
