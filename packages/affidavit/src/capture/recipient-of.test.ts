import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { recipientOf } from './recipient-of.ts'

const RECIPIENTS: Readonly<Record<string, string>> = {
  'https://api.example.com': 'https://api.example.com',
  'https://api.example.com/v1/tenant': 'https://api.example.com/v1/tenant',
  'https://user:password@api.example.com/v1': 'https://api.example.com',
  'https://api.example.com/v1?key=secret': 'https://api.example.com/v1',
  'https://api.example.com/v1#secret': 'https://api.example.com/v1',
  'https://api.example.com?key=secret': 'https://api.example.com',
  'wss://api.example.com/v1?key=secret': 'wss://api.example.com/v1',
  'api.example.com:8443?key=secret': 'api.example.com:8443',
  'mailto:billing@clinic.example?body=words': 'mailto:billing@clinic.example',
  'Who? Clinic #4': 'Who? Clinic #4',
  'azure://user:password@host': 'unreadable',
}

suite('a recipient is named without what may be a secret', () => {
  for (const [told, named] of Object.entries(RECIPIENTS)) test(told, () => assert.equal(recipientOf(told), named))
})
