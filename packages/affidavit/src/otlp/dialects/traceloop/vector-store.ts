// A search in a store of vectors, or a change to it, as OpenLLMetry's instrumentations of these tell it.

import type { JsonValue } from '../../../bytes/json.ts'
import { present } from '../../../bytes/present.ts'
import type { DataTouch, Told } from '../../step.ts'
import type { Attributes, Item, Span } from '../../telemetry.ts'
import { textOf } from '../attribute.ts'
import { errorOf } from '../gen-ai-call.ts'

const STORES: ReadonlySet<string> = new Set(['chroma', 'pinecone', 'qdrant', 'milvus', 'weaviate', 'lancedb', 'marqo'])
const READS = /^(?:query|search|get|fetch|peek|count|list|describe|retrieve|scroll|recommend|discover)/
const COLLECTION = /(?:^db\.vector\.table_name|[._]collection[._]name|\.collection)$/
const RESULT = /^db\.(?:query|search)\.result$/
const MEMBERS = ['id', 'score', 'distance', 'document', 'entity', 'metadata'] as const

export function isVectorStore({ signal, attributes }: Item): boolean {
  return signal === 'traces' && STORES.has(storeOf(attributes))
}

export function vectorStoreTouch(span: Span): DataTouch {
  const { attributes, name } = span
  const operation = textOf(attributes, 'db.operation', 'db.operation.name') ?? name.split('.').at(-1) ?? name
  const found = resultsOf(span)
  return {
    kind: 'data_touch',
    access: READS.test(operation.toLowerCase()) ? 'read' : 'write',
    operation,
    resourceType: 'data_source',
    resource: collectionOf(attributes) ?? storeOf(attributes),
    records: found.length === 0 ? undefined : ({ state: 'told', value: found } satisfies Told<JsonValue>),
    count: found.length === 0 ? undefined : found.length,
    error: errorOf(span),
  }
}

function storeOf(attributes: Attributes): string {
  return textOf(attributes, 'db.system', 'db.system.name')?.toLowerCase() ?? ''
}

function collectionOf(attributes: Attributes): string | undefined {
  const name = [...attributes.keys()].find((key) => COLLECTION.test(key))
  return name === undefined ? undefined : textOf(attributes, name)
}

function resultsOf({ events }: Span): JsonValue[] {
  return events.filter(({ name }) => RESULT.test(name)).map(({ name, attributes }) => resultOf(name, attributes))
}

function resultOf(event: string, attributes: Attributes): JsonValue {
  const members = Object.fromEntries(MEMBERS.map((name) => [name, attributes.get(`${event}.${name}`)]))
  // What is left is what there is of JSON.
  return present(members) as { [name: string]: JsonValue }
}
