// The object store that a text names: the path of a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX (spec/object-stores.md §6).

import type { Clock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { folderStore } from './folder.ts'
import { gcsStore } from './gcs.ts'
import type { ObjectStore } from './object-store.ts'
import { s3Store } from './s3.ts'

/**
 * Nothing is asked yet of whoever keeps it.
 * @throws LedgerError `invalid-query`; where the text holds a secret, it is not shown
 */
export function openObjectStore(place: string, clock: Clock): ObjectStore {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(place) ?? []
  switch (scheme?.toLowerCase()) {
    case undefined:
      if (place === '') throw notOfItsForm('it is empty')
      return folderStore(place, clock)
    case 's3':
      return s3Store({ ...bucketOf(place, ['region', 'endpoint']), clock })
    case 'gs':
      return gcsStore({ ...bucketOf(place, ['endpoint']), clock })
    default:
      throw notOfItsForm(`nothing is known of ${scheme}://`)
  }
}

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/
/** With a letter or digit first in each part, as keys have. */
const PREFIX = /^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*$/
const REGION = /^[a-z0-9-]{1,40}$/

interface BucketPlace {
  readonly bucket: string
  readonly prefix: string
  readonly region?: string
  readonly endpoint?: string
}

function bucketOf(place: string, known: readonly ('region' | 'endpoint')[]): BucketPlace {
  if (!URL.canParse(place)) throw notOfItsForm('it is no URL')
  const { host, pathname, searchParams, username, password, hash } = new URL(place)
  if (username !== '' || password !== '') throw notOfItsForm('it holds a name or a password')
  if (!BUCKET.test(host)) throw notOfItsForm('its bucket has no name that buckets have')
  const prefix = pathname.slice(1).replace(/[^/]$/, '$&/')
  if (!PREFIX.test(prefix) || hash !== '')
    throw notOfItsForm('its prefix has other characters than A-Z a-z 0-9 . _ - /')
  const settings = [...searchParams]
  for (const [name] of settings) {
    if (!known.some((one) => one === name) || searchParams.getAll(name).length > 1)
      throw notOfItsForm(`it has a parameter other than ${known.join(' and ')}, or one twice`)
  }
  const { region, endpoint } = Object.fromEntries(settings)
  if (region !== undefined && !REGION.test(region)) throw notOfItsForm('its region is none')
  if (endpoint !== undefined) assertEndpoint(endpoint)
  return {
    bucket: host,
    prefix,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  }
}

function assertEndpoint(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text.replace(/\/$/, '')
  if (!isPlain) throw notOfItsForm('its endpoint is not of the form https://HOST[:PORT]')
}

function notOfItsForm(problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    path: 'archive',
    problem: `no place for an archive: ${problem}`,
    cure: 'the path of a folder, s3://BUCKET/PREFIX?region=REGION&endpoint=URL or gs://BUCKET/PREFIX',
  })
}
