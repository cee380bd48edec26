import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { test } from 'node:test'

import { isConnectionLost, sqlState } from './database.ts'

test('what the system says of a socket is no answer of a server, though EPIPE and EBADF look like an SQLSTATE', () => {
  assert.throws(
    () => closeSync(1_000_000),
    (error) => {
      assert.equal(Reflect.get(Object(error), 'code'), 'EBADF')
      assert.equal(sqlState(error), undefined)
      return isConnectionLost(error)
    },
  )
})
