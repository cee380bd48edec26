// Data that was looked up, as OpenInference tells it: a RETRIEVER span.

import type { DataTouch } from '../../step.ts'
import type { Span } from '../../telemetry.ts'
import { errorOf } from '../gen-ai-call.ts'
import { documentsOf } from './documents.ts'
import { sideOf } from './tool-call.ts'

export function retrieval(span: Span): DataTouch {
  const { attributes } = span
  const documents = documentsOf(attributes, 'retrieval.documents')
  return {
    kind: 'data_touch',
    access: 'read',
    operation: 'retrieval',
    resourceType: 'data_source',
    query: sideOf(attributes, 'input'),
    records: documents.length > 0 ? { state: 'told', value: documents } : sideOf(attributes, 'output'),
    count: documents.length > 0 ? documents.length : undefined,
    error: errorOf(span),
  }
}
