// The dialects in the order of precedence: whoever marks an item as its own comes before whoever shares its names (spec/otlp.md §3).

import { AI_SDK } from './dialects/ai-sdk.ts'
import { CLAUDE_CODE } from './dialects/claude-code.ts'
import { GEN_AI } from './dialects/gen-ai.ts'
import { OPEN_INFERENCE } from './dialects/openinference.ts'
import { TRACELOOP } from './dialects/traceloop.ts'
import type { Dialect } from './step.ts'

export const DIALECTS: readonly Dialect[] = [CLAUDE_CODE, OPEN_INFERENCE, AI_SDK, TRACELOOP, GEN_AI]
