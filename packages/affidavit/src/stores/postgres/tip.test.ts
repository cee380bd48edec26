import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ConversationTip } from '../../ledger/sequence.ts'
import { remember } from './tip.ts'

const tip = (conversation_seq: number): ConversationTip => ({ conversation_seq, integrity_hash: '' })

test('conversations that moved last are remembered the longest, and no more than twenty thousand', () => {
  const conversations = new Map<string, ConversationTip>()
  remember(
    conversations,
    Array.from({ length: 20_000 }, (_, i) => [`c${i}`, tip(0)] as const),
  )
  remember(conversations, [['c0', tip(1)]])
  remember(conversations, [['new', tip(0)]])
  assert.equal(conversations.size, 20_000)
  assert.deepEqual(conversations.get('c0'), tip(1))
  assert.ok(conversations.has('new'))
  assert.ok(!conversations.has('c1'))
})
