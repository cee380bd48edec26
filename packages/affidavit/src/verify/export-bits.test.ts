// Every byte of a small export counts: whichever is flipped, verification notices, and so does it for every name. AFFIDAVIT_SOAK=1
// flips each bit of them.

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'

import { type ForgedLog, type Forgery, forgeExport, forgeLog } from '../../test/export-forge.ts'
import { heartbeatKey, logKey, noteOf, pinnedTo } from '../../test/signing.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import { verifyExport } from './export.ts'
import type { Axis } from './finding.ts'
import type { Report } from './report.ts'

const SOAK = process.env.AFFIDAVIT_SOAK === '1'

// Tens of thousands of files are written: in memory where the system has a place for that.
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'affidavit-bits-'))
after(() => rmSync(root, { recursive: true, force: true }))

const origin = 'c.example/a/01'
const [first, second] = [logKey(origin), logKey(origin)]
const heartbeat = heartbeatKey(origin)

const plain = forgeLog([{ conversation_id: 'c' }, { conversation_id: 'c' }, {}, {}], { origin, key: first, heartbeat })
const whole: Small = { name: 'of everything', log: plain, forgery: {} }

const rotated = forgeLog([{ action: 'key_rotated', details: changeOfKeys() }, { actor_id: 'b' }], {
  origin,
  key: first,
  heartbeat,
})
/** Some entries of a ledger whose key was replaced, verified under the old key: with every kind of file there is. */
const some: Small = {
  name: 'of some entries, under a key that was replaced',
  log: rotated,
  forgery: {
    key: second,
    query: { actor_id: 'b' },
    lines: rotated.entries.slice(2),
    keyLines: rotated.entries.slice(0, 2),
    rotations: [noteOf(origin, rotated.entries.slice(0, 2), [first, second])],
    checkpoint: noteOf(origin, rotated.entries, [second, heartbeat]),
    cover: { requester: 'r', reason: 'why' },
  },
}

interface Small {
  readonly name: string
  readonly log: ForgedLog
  readonly forgery: Forgery
}

function changeOfKeys(): { old_key: string; new_key: string } {
  return { old_key: formatVerifierKey(first.verifierKey), new_key: formatVerifierKey(second.verifierKey) }
}

function judge(folder: string): Promise<Report> {
  return verifyExport(folder, { trust: pinnedTo(first), anchors: [] })
}

function filesIn(folder: string): string[] {
  const items = readdirSync(folder, { recursive: true, withFileTypes: true })
  return items.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name).slice(folder.length + 1))
}

/** The axis that a flipped bit of a file must contradict. */
const AXES: Readonly<Record<string, Axis>> = {
  checkpoint: 'signer',
  'log.vkey': 'signer',
  'export.note': 'signer',
  'rotations.log': 'signer',
}

/** Verifications at once, each in a folder of its own. */
const LANES = 4

interface Bit {
  readonly file: string
  readonly bytes: Uint8Array
  /** Of the file: byte, and bit in it. */
  readonly at: number
  readonly bit: number
}

/** All of them in a soak, else one of each byte, a different one in the next, so that the suite stays short. */
function bitsOf(file: string, bytes: Uint8Array): Bit[] {
  return Array.from(bytes).flatMap((_, at) =>
    (SOAK ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8]).map((bit) => ({ file, bytes, at, bit })),
  )
}

function flipped({ bytes, at, bit }: Bit): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit))
}

function assertFound({ status, findings, broken_at }: Report, { file, bytes, at, bit }: Bit, small: Small): void {
  const where = `bit ${bit} of byte ${at} of ${file}: ${JSON.stringify(findings)}`
  assert.equal(status, 'tampered', where)
  const axis = AXES[file] ?? 'content'
  assert.ok(
    findings.some((found) => found.axis === axis),
    where,
  )
  if (small !== whole || file !== 'entries.jsonl') return
  const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length
  assert.equal(broken_at?.seq, line, where)
}

for (const small of [whole, some]) {
  describe(`a small export ${small.name}`, () => {
    const original = mkdtempSync(join(root, 'export-'))
    forgeExport(original, small.log, small.forgery)
    const files = filesIn(original)
    const lanes = Array.from({ length: LANES }, (_, i) => {
      cpSync(original, `${original}-${i}`, { recursive: true })
      return `${original}-${i}`
    })

    test('is valid as it is', async () => {
      const report = await judge(original)
      assert.deepEqual([report.status, report.findings], ['valid', []])
    })

    test('with any byte of any file flipped is not, and the finding names the axis', async (t) => {
      const bits = files.flatMap((file) => bitsOf(file, readFileSync(join(original, file))))
      await Promise.all(
        lanes.map(async (folder, lane) => {
          for (let i = lane; i < bits.length; i += LANES) {
            const bit = bits[i] ?? assert.fail()
            writeFileSync(join(folder, bit.file), flipped(bit))
            const report = await judge(folder)
            writeFileSync(join(folder, bit.file), bit.bytes)
            assertFound(report, bit, small)
          }
        }),
      )
      t.diagnostic(`${bits.length} bits of ${files.length} files flipped, ${bits.length} found`)
    })

    test('with any file renamed, removed, doubled or moved is not', async (t) => {
      let found = 0
      const [folder = ''] = lanes
      const isFound = async (): Promise<void> => {
        assert.notEqual((await judge(folder)).status, 'valid')
        found++
      }
      for (const file of files) {
        const path = join(folder, file)
        for (const name of otherNames(file)) {
          const other = join(folder, name)
          if (existsSync(other)) continue
          const made = mkdirSync(dirname(other), { recursive: true })
          renameSync(path, other)
          await isFound()
          cpSync(other, path)
          await isFound()
          rmSync(made ?? other, { recursive: true })
        }
        const bytes = readFileSync(path)
        rmSync(path)
        await isFound()
        writeFileSync(path, bytes)
      }
      assert.equal((await judge(folder)).status, 'valid', 'everything is back in its place')
      t.diagnostic(`${found} folders with other names, ${found} found`)
    })
  })
}

/** A name with each of its bits flipped, where that is a name; and other places. */
function otherNames(file: string): string[] {
  const names = new Set([`${file}.bak`, `tile/${file}`, `x/${file}`, ` ${file}`])
  const bytes = Buffer.from(file)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const name = Buffer.from(flipped).toString('latin1')
    if (/^[ -~]+$/.test(name) && !name.split('/').some((part) => part === '' || part === '.' || part === '..'))
      names.add(name)
  }
  names.delete(file)
  return [...names]
}
