// A server on the loopback interface that speaks as much of the JSON API of Google Cloud Storage as an archive needs, and refuses what Google's documentation
// says that the service refuses. Nothing of it was held against the service itself.
//
// [lock]      https://cloud.google.com/storage/docs/object-lock
// [policy]    https://cloud.google.com/storage/docs/bucket-lock
// [versions]  https://cloud.google.com/storage/docs/object-versioning
// [conditions] https://cloud.google.com/storage/docs/request-preconditions
// [api]       https://cloud.google.com/storage/docs/json_api/v1/objects

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'

import type { Clock } from '../src/clock/clock.ts'

export interface GcsServer {
  readonly endpoint: string
  /** Every request so far: method and path. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

export interface GcsBucket {
  readonly objectRetention: boolean
  readonly versioning: boolean
}

interface Kept {
  readonly bucket: string
  readonly name: string
  readonly generation: number
  readonly bytes: Buffer
  isLive: boolean
  retention: { readonly mode: string; readonly retainUntilTime: string } | undefined
}

class Refusal extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
    this.reason = reason
  }
}

type Answer = { readonly json: object } | { readonly bytes: Buffer; readonly status: 200 | 206 } | 'nothing'

const LONGEST_MILLIS = 3_155_760_000_000

export async function startGcs(buckets: Readonly<Record<string, GcsBucket>>, clock: Clock): Promise<GcsServer> {
  const asked: string[] = []
  let kept: Kept[] = []
  let generations = 1_700_000_000_000_000

  function bucketOf(name: string): GcsBucket {
    return buckets[name] ?? refuse(404, 'notFound')
  }

  function isRetained({ retention }: Kept): boolean {
    return retention !== undefined && Date.parse(retention.retainUntilTime) > clock.now()
  }

  function found(bucket: string, name: string, generation: string | null): Kept {
    bucketOf(bucket)
    const one = kept.find(
      (other) =>
        other.bucket === bucket &&
        other.name === name &&
        (generation === null ? other.isLive : String(other.generation) === generation),
    )
    return one ?? refuse(404, 'notFound')
  }

  function insert(bucket: string, query: URLSearchParams, metadata: Metadata, bytes: Buffer): Answer {
    const { objectRetention, versioning } = bucketOf(bucket)
    const name = query.get('name') ?? ''
    const live = kept.find((one) => one.bucket === bucket && one.name === name && one.isLive)
    // [conditions] 0: only where there is no live version.
    if (query.get('ifGenerationMatch') === '0' && live !== undefined) refuse(412, 'conditionNotMet')
    if (metadata.md5Hash !== undefined && metadata.md5Hash !== md5(bytes)) refuse(400, 'invalid')
    if (metadata.retention !== undefined) assertRetention(objectRetention, undefined, metadata.retention, false)
    if (live !== undefined) {
      // [lock] Neither deleted nor replaced; [versions] made noncurrent it can be.
      if (isRetained(live) && !versioning) refuse(403, 'retentionPolicyNotMet')
      live.isLive = false
      if (!versioning) kept = kept.filter((one) => one !== live)
    }
    const { retention } = metadata
    const one = { bucket, name, generation: ++generations, bytes, isLive: true, retention }
    kept.push(one)
    return { json: resource(one) }
  }

  function assertRetention(
    isEnabled: boolean,
    before: Kept | undefined,
    retention: Retention,
    override: boolean,
  ): void {
    // [lock] Only in a bucket that has the feature.
    if (!isEnabled) refuse(400, 'invalid')
    const until = Date.parse(retention.retainUntilTime)
    if (!['Locked', 'Unlocked'].includes(retention.mode) || Number.isNaN(until)) refuse(400, 'invalid')
    if (until > clock.now() + LONGEST_MILLIS) refuse(400, 'invalid')
    if (before?.retention === undefined || !isRetained(before)) {
      if (until <= clock.now()) refuse(400, 'invalid')
      return
    }
    const isShorter = until < Date.parse(before.retention.retainUntilTime)
    // [lock] Locked: neither reduced nor removed, nor its mode changed. Unlocked: with a permission, and the word for it.
    if (before.retention.mode === 'Locked' && (isShorter || retention.mode !== 'Locked')) refuse(403, 'forbidden')
    if (before.retention.mode === 'Unlocked' && isShorter && !override) refuse(403, 'forbidden')
  }

  function patch(one: Kept, query: URLSearchParams, { retention }: Metadata): Answer {
    const override = query.get('overrideUnlockedRetention') === 'true'
    if (retention === null) {
      if (one.retention?.mode === 'Locked' && isRetained(one)) refuse(403, 'forbidden')
      one.retention = undefined
    } else if (retention !== undefined) {
      assertRetention(bucketOf(one.bucket).objectRetention, one, retention, override)
      one.retention = retention
    }
    return { json: resource(one) }
  }

  function remove(one: Kept, query: URLSearchParams): Answer {
    // [versions] Without a generation the live version becomes noncurrent, retained or not.
    if (bucketOf(one.bucket).versioning && !query.has('generation')) {
      one.isLive = false
      return 'nothing'
    }
    // [policy], [lock]
    if (isRetained(one)) refuse(403, 'retentionPolicyNotMet')
    kept = kept.filter((other) => other !== one)
    return 'nothing'
  }

  function list(bucket: string, query: URLSearchParams): Answer {
    bucketOf(bucket)
    const all = kept
      .filter((one) => one.bucket === bucket && one.name.startsWith(query.get('prefix') ?? ''))
      .filter(({ isLive }) => isLive || query.get('versions') === 'true')
      .sort((a, b) => (a.name === b.name ? a.generation - b.generation : a.name < b.name ? -1 : 1))
    const from = Number(query.get('pageToken') ?? 0)
    const items = all.slice(from, from + PAGE).map(resource)
    return { json: { items, ...(from + PAGE < all.length ? { nextPageToken: String(from + PAGE) } : {}) } }
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    asked.push(`${request.method} ${pathname}`)
    for (const name of searchParams.keys()) if (!PARAMETERS.has(name)) refuse(400, `unknown parameter ${name}`)
    const body = await bytesOf(request)
    const [, upload, bucket = '', objects, object] =
      /^\/(upload\/)?storage\/v1\/b\/([^/]+)(\/o(?:\/(.+))?)?$/.exec(pathname) ?? refuse(404, 'notFound')
    if (upload !== undefined) return insert(bucket, searchParams, ...parts(request, body))
    if (objects === undefined) return { json: bucketResource(bucketOf(bucket)) }
    if (object === undefined) return list(bucket, searchParams)
    const one = found(bucket, decodeURIComponent(object), searchParams.get('generation'))
    if (request.method === 'PATCH') return patch(one, searchParams, JSON.parse(body.toString()))
    if (request.method === 'DELETE') return remove(one, searchParams)
    if (searchParams.get('alt') !== 'media') return { json: resource(one) }
    return media(one, request.headers.range)
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (given) => {
        if (given === 'nothing') response.writeHead(204).end()
        else if ('json' in given) response.writeHead(200, JSON_TYPE).end(JSON.stringify(given.json))
        else response.writeHead(given.status, { 'content-length': given.bytes.length }).end(given.bytes)
      },
      (error: Error) => {
        const { status, reason } = error instanceof Refusal ? error : new Refusal(500, error.message)
        const body = {
          error: { code: status, message: reason, errors: [{ reason, message: reason, domain: 'global' }] },
        }
        response.writeHead(status, JSON_TYPE).end(JSON.stringify(body))
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    asked,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const PAGE = 3
const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' }
const PARAMETERS = new Set([
  ...['name', 'uploadType', 'ifGenerationMatch', 'generation', 'alt', 'prefix', 'versions', 'pageToken', 'prettyPrint'],
  'overrideUnlockedRetention',
])

interface Retention {
  readonly mode: string
  readonly retainUntilTime: string
}

interface Metadata {
  readonly md5Hash?: string
  readonly retention?: Retention
}

function refuse(status: number, reason: string): never {
  throw new Refusal(status, reason)
}

function bucketResource({ objectRetention, versioning }: GcsBucket): object {
  return {
    kind: 'storage#bucket',
    versioning: { enabled: versioning },
    softDeletePolicy: { retentionDurationSeconds: '604800' },
    ...(objectRetention ? { objectRetention: { mode: 'Enabled' } } : {}),
  }
}

// Numbers of 64 bits are texts.
function resource({ bucket, name, generation, bytes, retention }: Kept): object {
  const size = String(bytes.length)
  return { kind: 'storage#object', bucket, name, generation: String(generation), size, md5Hash: md5(bytes), retention }
}

function media({ bytes }: Kept, range: string | undefined): Answer {
  if (range === undefined) return { bytes, status: 200 }
  const [, from = 0, to = 0] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? refuse(400, 'invalid')).map(Number)
  if (from >= bytes.length) refuse(416, 'requestedRangeNotSatisfiable')
  return { bytes: bytes.subarray(from, to + 1), status: 206 }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64')
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** multipart/related: the metadata, then the bytes. */
function parts(request: IncomingMessage, body: Buffer): [Metadata, Buffer] {
  const [, boundary] = /boundary="?([^";]+)/.exec(request.headers['content-type'] ?? '') ?? refuse(400, 'invalid')
  const [, first = refuse(400, 'invalid'), second = refuse(400, 'invalid')] = split(body, `--${boundary}`)
  return [JSON.parse(contentOf(first).toString()), contentOf(second)]
}

function split(bytes: Buffer, by: string): Buffer[] {
  const at = bytes.indexOf(by)
  return at === -1 ? [bytes] : [bytes.subarray(0, at), ...split(bytes.subarray(at + by.length), by)]
}

function contentOf(part: Buffer): Buffer {
  return part.subarray(part.indexOf('\r\n\r\n') + 4, part.length - 2)
}
