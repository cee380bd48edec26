// Documents as OpenInference writes them flat: LIST.INDEX.document.…

import type { Part } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { itemsOf } from '../flattened.ts'
import { partOf } from '../part.ts'

export function documentsOf(attributes: Attributes, list: string): Part[] {
  return itemsOf(attributes, list).map((item) =>
    partOf('document', {
      id: item.get('document.id'),
      score: item.get('document.score'),
      content: item.get('document.content'),
      metadata: item.get('document.metadata'),
    }),
  )
}
