// An S3 server of a test's own that keeps locks, Ceph RGW on one monitor and one disk in memory: started and stopped with the test.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

import { S3 } from '@aws-sdk/client-s3'

import { cephPrograms, pluginFolder } from './ceph-programs.ts'

export interface S3Server {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** With every permission there is: of whom all buckets belong to. */
  client(): S3
  /** Nothing of it is there any more, nor anything that was kept in it. */
  stop(): Promise<void>
}

const READY_MILLIS = 90_000

export async function startS3(): Promise<S3Server> {
  const programs = cephPrograms()
  if (programs === undefined) throw new Error('Ceph is not here')
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-s3-'))
  const [monitor, gateway] = [await freePort(), await freePort()]
  const bin = (name: string): string => join(programs.root, 'usr/bin', name)
  const env = { ...process.env, LD_LIBRARY_PATH: programs.libraries }
  const children: ChildProcess[] = []

  const run = (name: string, ...args: readonly string[]): string =>
    execFileSync(bin(name), args, { env, cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const start = (name: string, ...args: readonly string[]): void => {
    const log = openSync(join(folder, `${name}.log`), 'a')
    // Whatever becomes of the test, its server ends with it.
    const words = ['--pdeathsig', 'KILL', bin(name), ...args, '-f']
    children.push(spawn('setpriv', words, { env, cwd: folder, stdio: ['ignore', log, log] }))
    closeSync(log)
  }
  const stop = async (): Promise<void> => {
    for (const child of children) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    const fsid = randomUUID()
    for (const name of ['mon', 'osd', 'rgw']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'ceph.conf'), configuration(fsid, folder, monitor, gateway, pluginFolder(programs)))
    const conf = ['-c', join(folder, 'ceph.conf')]
    run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitor}]`, 'monmap')
    run('osdmaptool', ...conf, '--createsimple', '1', 'osdmap')
    run('ceph-mon', ...conf, '--mkfs', '-i', 'a', '--monmap', 'monmap', '--osdmap', 'osdmap')
    start('ceph-mon', ...conf, '-i', 'a')
    run('ceph-osd', ...conf, '-i', '0', '--mkfs', '--osd-uuid', fsid)
    start('ceph-osd', ...conf, '-i', '0')
    start('radosgw', ...conf, '-n', 'client.rgw')
    await untilAnswered(`http://127.0.0.1:${gateway}/`, children, () => logsIn(folder))
    const keys = ['--access-key=AKIDEXAMPLE', '--secret-key=an-example-no-secret']
    run('radosgw-admin', ...conf, '-n', 'client.rgw', 'user', 'create', '--uid=owner', '--display-name=owner', ...keys)
  } catch (error) {
    await stop()
    throw error
  }

  const endpoint = `http://127.0.0.1:${gateway}`
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'an-example-no-secret' }
  return {
    endpoint,
    credentials,
    client: () =>
      new S3({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true, ...WITHOUT_CHECKSUMS_OF_THE_SDK }),
    stop,
  }
}

const WITHOUT_CHECKSUMS_OF_THE_SDK = {
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const

// Nobody but us knows of it: no authentication among its parts. The monitor waits for nobody else, so it need not wait long.
function configuration(fsid: string, folder: string, monitor: number, gateway: number, plugins: string): string {
  return `[global]
fsid = ${fsid}
mon host = v2:127.0.0.1:${monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
keyring = /dev/null
ms bind msgr1 = false
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
rgw rados pool pg num min = 1
rgw override bucket index max shards = 1
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
paxos propose interval = 0.02
paxos min wait = 0.01
mon tick interval = 1
osd tick interval = 0.5
osd objectstore = memstore
memstore device bytes = 1073741824
osd class dir = ${plugins}/rados-classes
plugin dir = ${plugins}/ceph
erasure code dir = ${plugins}/ceph/erasure-code
admin socket =
run dir = ${folder}
log to file = false
mon cluster log to file = false
mon data = ${folder}/mon
osd data = ${folder}/osd
rgw data = ${folder}/rgw
rgw enable apis = s3
rgw frontends = beast endpoint=127.0.0.1:${gateway}
`
}

async function untilAnswered(url: string, children: readonly ChildProcess[], logs: () => string): Promise<void> {
  for (const giveUpAt = performance.now() + READY_MILLIS; ; await delay(50)) {
    const isThere = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isThere) return
    if (performance.now() > giveUpAt || children.some(({ exitCode }) => exitCode !== null))
      throw new Error(`Ceph does not come up: ${logs()}`)
  }
}

function logsIn(folder: string): string {
  const names = ['ceph-mon', 'ceph-osd', 'radosgw']
  return names.map((name) => `${name}: ${readFileSync(join(folder, `${name}.log`), 'utf8').slice(-500)}`).join('\n')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
