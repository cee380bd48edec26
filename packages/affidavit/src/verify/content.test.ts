import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { type ContentEvidence, type ContentOpening, contentAxis, contentNotChecked, NO_CONTENT } from './content.ts'
import { createFindings } from './finding.ts'

const LEDGER = 'clinic.example/agents/1'

function opened(
  count: number,
  erased: number,
  seqs: readonly number[],
  more: Partial<ContentOpening & { state: 'opened' }> = {},
): ContentOpening {
  const erasures = seqs.map((seq) => ({ ledger: LEDGER, seq, phase: 'erased' as const }))
  return { state: 'opened', opened: count, erased, erasures, findings: createFindings(), ...more }
}

function read(payloads: number, openings: readonly ContentOpening[] = []): ContentEvidence {
  return { reading: 'read', tallies: [{ payloads, bytes: 10 * payloads }], openings }
}

const OPENS = 'whether sealed content opens, and is what the entries commit to'
const elsewhere = [{ ledger: 'clinic.example/agents/2', seq: 4, phase: 'erased' as const }]

const CASES: readonly (readonly [
  name: string,
  evidence: ContentEvidence,
  says: string,
  notChecked: readonly string[],
])[] = [
  ['nothing is sealed', NO_CONTENT, 'intact', []],
  ['nothing is sealed, and it was looked for', read(0), 'intact', []],
  ['not read', { ...read(2), reading: 'not read' }, 'intact', ['sealed content: 2 payloads; --content reads them']],
  ['one, not read', { ...read(1), reading: 'not read' }, 'intact', ['sealed content: 1 payload; --content reads it']],
  ['read', read(2), 'intact: 2 payloads, 20 bytes read', [`${OPENS}: that takes the keys`]],
  [
    'not opened, twice for one reason',
    read(2, [
      { state: 'not opened', why: 'no keys' },
      { state: 'not opened', why: 'no keys' },
    ]),
    'intact: 2 payloads, 20 bytes read',
    [`${OPENS}: not opened: no keys`],
  ],
  [
    'opened',
    read(2, [opened(2, 0, [])]),
    'intact: 2 payloads, 20 bytes read; 2 opened and equal to their commitments',
    [],
  ],
  [
    'erased',
    read(2, [opened(1, 1, [7])]),
    'intact: 2 payloads, 20 bytes read; 1 opened and equal to its commitment; 1 unavailable: erased under the record at seq 7',
    ['whether 1 erased payload held what the entries commit to'],
  ],
  [
    'erased under many records',
    read(9, [opened(4, 5, [7, 8, 9, 10, 11])]),
    'intact: 9 payloads, 90 bytes read; 4 opened and equal to their commitments; 5 unavailable: erased under the records at seq 7, 8, 9 and 2 more',
    ['whether 5 erased payloads held what the entries commit to'],
  ],
  [
    'two ledgers, and a record of another one; the rest was not opened',
    {
      ...read(3, [opened(1, 1, [], { erasures: elsewhere }), opened(0, 0, [], { stopped: 'from seq 3 on, no keys' })]),
      tallies: [
        { payloads: 2, bytes: 20 },
        { payloads: 1, bytes: 5 },
      ],
    },
    'intact: 3 payloads, 25 bytes read; 1 opened and equal to its commitment; 1 unavailable: erased under the record at seq 4 of clinic.example/agents/2',
    [`${OPENS}: not opened: from seq 3 on, no keys`, 'whether 1 erased payload held what the entries commit to'],
  ],
]

describe('what the content axis says, and what was not checked:', () => {
  for (const [name, evidence, says, notChecked] of CASES) {
    test(name, () => {
      assert.deepEqual(contentAxis(evidence, LEDGER), { verdict: 'intact', says })
      assert.deepEqual(contentNotChecked(evidence), notChecked)
    })
  }
})
