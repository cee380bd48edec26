// Sealing of bodies in memory, against AES-256-GCM and SHA-256 of the same bytes in one call each: what the format costs
// beyond them is the commitment, the chunks and, for short bodies, the key.

import { createCipheriv, createSecretKey, hash, randomBytes } from 'node:crypto'

import { createRandomSource } from '../packages/affidavit/src/crypto/random.ts'
import { createPayloadKey } from '../packages/affidavit/src/vault/content-key.ts'
import { sealBytes } from '../packages/affidavit/src/vault/seal.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'

const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ['2 kB', 2_000],
  ['1 MiB', 2 ** 20],
]

export async function measureSeal({ effort }: Context): Promise<Row[]> {
  const bytesPerRound = effort === 'quick' ? 20_000_000 : 60_000_000
  const rows: Row[] = []
  for (const [name, size] of SIZES) {
    const body = randomBytes(size)
    const times = Math.ceil(bytesPerRound / size)
    const megabytes = (times * size) / 1e6
    const rounds = await repeat(effort === 'quick' ? 5 : 15, async () => ({
      ours: megabytes / (await secondsOf(() => sealOften(body, times))),
      raw: megabytes / (await secondsOf(() => encryptOften(body, times))),
    }))
    rows.push({
      measurement: 'seal',
      what: `bodies of ${name}`,
      against: 'raw AES-256-GCM + SHA-256',
      unit: 'MB/s',
      ...compare(
        rounds,
        ({ ours }) => ours,
        ({ raw }) => raw,
      ),
    })
  }
  return rows
}

function sealOften(body: Uint8Array, times: number): void {
  const random = createRandomSource()
  const place = { ledger: 'bench.example/clinic', conversation: 'conversation-7', blob_id: '00'.repeat(16) }
  for (let i = 0; i < times; i++) sealBytes({ ...place, payloadKey: createPayloadKey(random), random }, body)
}

function encryptOften(body: Uint8Array, times: number): void {
  const key = createSecretKey(randomBytes(32))
  const nonce = Buffer.alloc(12)
  for (let i = 0; i < times; i++) {
    nonce.writeUInt32BE(i)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    const sealed = cipher.update(body)
    cipher.final()
    cipher.getAuthTag()
    hash('sha256', sealed, 'hex')
  }
}
