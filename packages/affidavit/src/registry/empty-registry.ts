// The registry of somebody who wrote none (spec/registry.md §4): it knows no tool, so that every call is restricted.

import { parseRegistry } from './parse.ts'
import type { Registry } from './registry.ts'

export const EMPTY_REGISTRY: Registry = parseRegistry('{"version":1,"revision":"none"}', 'json', 'no registry')
