// A process that is killed at any call that changes a key file: the folder is whole afterwards, as before or as after.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { LedgerError } from '../src/errors/ledger-error.ts'
import { openKeyFolder } from './key-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-key-folder-'))
after(() => rmSync(root, { recursive: true, force: true }))

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const CONTEXT = 'killed.example/agents 1'

let folders = 0
function freshFolder(): string {
  return join(root, String(folders++), 'kek')
}

for (const kind of ['file', 'environment']) {
  const template = freshFolder()
  const wrapper = openKeyFolder(kind, template)
  const version = await wrapper.create()
  const wrapped = await wrapper.wrap(version, KEY, CONTEXT)

  function copyOfTemplate(): string {
    const folder = freshFolder()
    cpSync(template, folder, { recursive: true })
    chmodSync(folder, 0o700)
    return folder
  }

  describe(`${kind}: a process killed while it creates a version`, async () => {
    const calls = await runChild(kind, freshFolder(), 'create', 'never')
    test('syncs the file before it is in its place, and the folders after', () => {
      assert.deepEqual(calls.slice(calls.lastIndexOf('chmodSync') + 1).filter(isLasting), [
        ...['fsyncSync', 'writeSync', 'fsyncSync', 'linkSync', 'rmSync', 'fsyncSync'],
      ])
    })
    for (const at of calls.keys()) {
      test(`before call ${at}, ${calls[at]}: there is none, or a whole one that nobody uses`, async () => {
        const folder = freshFolder()
        await runChild(kind, folder, 'create', at)
        const reopened = openKeyFolder(kind, folder)
        const left = await reopened.versions()
        assert.equal(left.length, calls.slice(0, at).includes('linkSync') ? 1 : 0)
        for (const one of left) {
          assert.equal(one.state, 'usable')
          const bytes = await reopened.wrap(one.version, KEY, CONTEXT)
          assert.deepEqual(await reopened.unwrap(one.version, bytes, CONTEXT), KEY)
        }
        await reopened.create()
        assert.equal((await reopened.versions()).length, left.length + 1)
        assert.deepEqual(
          readdirSync(folder).filter((name) => name.endsWith('.tmp')),
          [],
          'no draft with a secret is left',
        )
      })
    }
  })

  describe(`${kind}: a process killed while it destroys a version`, async () => {
    const calls = await runChild(kind, copyOfTemplate(), version, 'never')
    const buried = calls.indexOf('linkSync')
    test('syncs the tombstone before it overwrites the key, and that before it removes it', () => {
      assert.deepEqual(calls.filter(isLasting), [
        ...['writeSync', 'fsyncSync', 'linkSync', 'rmSync', 'fsyncSync'],
        ...['writeSync', 'fsyncSync', 'rmSync', 'fsyncSync'],
      ])
    })
    for (const at of calls.keys()) {
      test(`before call ${at}, ${calls[at]}: it opens, or is destroyed, and destroying again finishes`, async () => {
        const folder = copyOfTemplate()
        const secret = readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8').split('\n')[3] ?? ''
        await runChild(kind, folder, version, at)
        const reopened = openKeyFolder(kind, folder)
        const opened = await reopened.unwrap(version, wrapped, CONTEXT).catch((error: unknown) => codeOf(error))
        assert.deepEqual(opened, at <= buried ? KEY : 'key-destroyed')
        const [left] = await reopened.versions()
        assert.ok(at <= buried ? left?.state === 'usable' : left?.state !== 'usable')
        assert.equal(await reopened.destroy(version), 'destroyed')
        assert.deepEqual(await reopened.versions(), [{ version, state: 'destroyed' }])
        const names = readdirSync(folder)
        assert.deepEqual(names, [`${version}.destroyed`])
        assert.ok(names.every((name) => !readFileSync(join(folder, name), 'utf8').includes(secret)))
      })
    }
  })
}

function isLasting(call: string): boolean {
  return ['writeSync', 'fsyncSync', 'linkSync', 'rmSync'].includes(call)
}

function codeOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : String(error)
}

/** Runs a child that dies at a call; answers the calls that it came to. */
function runChild(kind: string, folder: string, work: string, at: number | 'never'): Promise<string[]> {
  const script = join(import.meta.dirname, 'key-folder-child.ts')
  const args = ['--conditions=affidavit-source', script, kind, folder, work, String(at)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      const expected = at === 'never' ? undefined : 'SIGKILL'
      if ((error?.signal ?? undefined) !== expected || error?.killed) reject(new Error(`not as expected: ${stderr}`))
      else resolve(stdout.split('\n').slice(0, -1).map(nameOf))
    })
  })
}

// Written by key-folder-child.ts as the name of a call.
function nameOf(line: string): string {
  return JSON.parse(line) as string
}
