// Data that was read or changed without a tool, as records (spec/otlp.md §5).

import { capturedText, contentsOf } from '../capture/captured.ts'
import { fieldsOf } from '../capture/touching.ts'
import { missingOf, someOf, toldContent } from './contents.ts'
import { errorDetailsOf } from './map-failure.ts'
import { agentRecord, idOf, nameIn, type Once, type Setting } from './setting.ts'
import type { DataTouch } from './step.ts'

const ACTIONS = { read: 'data_accessed', write: 'data_modified' } as const

export function dataTouchRecords(setting: Setting, touch: DataTouch): readonly Once[] {
  const { access, operation, error } = touch
  const { fields, details } = fieldsOf(
    { resource_type: touch.resourceType, ...(touch.resource === undefined ? {} : { resource_id: touch.resource }) },
    setting.ledger.digest,
  )
  const about = { tool: nameIn(operation), access, ...details }
  const asked = contentsOf(toldContent('arguments', touch.query))
  const found = contentsOf(toldContent('result', touch.records), capturedText('error', error?.message))
  const missing = error === undefined && access === 'read' ? missingOf('result', touch.records) : []
  return [
    agentRecord(setting, {
      id: idOf(setting, 'tool_invoked'),
      action: 'tool_invoked',
      at: 'start',
      ...fields,
      content: asked.content,
      details: { ...about, uncaptured: asked.uncaptured },
    }),
    agentRecord(setting, {
      id: idOf(setting, 'touched.0'),
      action: ACTIONS[access],
      at: 'end',
      outcome: error === undefined ? 'success' : 'error',
      parent_id: idOf(setting, 'tool_invoked'),
      ...fields,
      content: found.content,
      details: {
        ...about,
        count: touch.count,
        ...errorDetailsOf(error),
        uncaptured: someOf(found.uncaptured ?? [], missing),
      },
    }),
  ]
}
