// Retrieval, memory and resources of MCP servers: data that is touched without a tool (spec/otlp.md §3.1).

import type { DataTouch, Step } from '../step.ts'
import type { Span } from '../telemetry.ts'
import { countOf, textOf } from './attribute.ts'
import { errorOf } from './gen-ai-call.ts'
import { toldOf } from './read-told.ts'

const MEMORY_ACCESS: ReadonlyMap<string, DataTouch['access']> = new Map([
  ['search_memory', 'read'],
  ['create_memory', 'write'],
  ['update_memory', 'write'],
  ['upsert_memory', 'write'],
  ['delete_memory', 'write'],
  ['create_memory_store', 'write'],
  ['delete_memory_store', 'write'],
])

/** `undefined` for another operation. */
export function retrievalOrMemory(span: Span, operation: string): readonly Step[] | undefined {
  const { attributes } = span
  const error = errorOf(span)
  if (operation === 'retrieval') {
    return [
      {
        kind: 'data_touch',
        access: 'read',
        resourceType: 'data_source',
        ...{ operation, error },
        resource: textOf(attributes, 'gen_ai.data_source.id'),
        query: toldOf(attributes.get('gen_ai.retrieval.query.text')),
        records: toldOf(attributes.get('gen_ai.retrieval.documents')),
      },
    ]
  }
  const access = MEMORY_ACCESS.get(operation)
  if (access === undefined) return undefined
  return [
    {
      kind: 'data_touch',
      access,
      resourceType: 'memory',
      ...{ operation, error },
      resource: textOf(attributes, 'gen_ai.memory.store.id', 'gen_ai.memory.record.id'),
      query: toldOf(attributes.get('gen_ai.memory.query.text')),
      records: toldOf(attributes.get('gen_ai.memory.records')),
      count: countOf(attributes, 'gen_ai.memory.record.count'),
    },
  ]
}

export function resourceRead(span: Span): readonly Step[] {
  return [
    {
      kind: 'data_touch',
      access: 'read',
      operation: 'resources/read',
      resourceType: 'mcp_resource',
      resource: textOf(span.attributes, 'mcp.resource.uri'),
      error: errorOf(span),
    },
  ]
}
