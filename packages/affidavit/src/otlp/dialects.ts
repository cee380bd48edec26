// The dialects in the order of precedence: whoever marks an item as its own comes before whoever shares its names (spec/otlp.md §3).

import { AI_SDK } from './dialects/ai-sdk.ts'
import { GEN_AI } from './dialects/gen-ai.ts'
import type { Dialect } from './step.ts'

export const DIALECTS: readonly Dialect[] = [AI_SDK, GEN_AI]
