// Tokens of SoftHSM2, for tests of what is kept in a PKCS#11 token; where it is installed.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

/** A token needs SoftHSM2, which is installed only where that was asked for, and the optional package. */
export async function missingForSoftHsm(): Promise<string | undefined> {
  if (softHsmModule() === undefined && process.env.AFFIDAVIT_TEST_INSTALL === '1') installSoftHsm()
  if (softHsmModule() === undefined)
    return 'SoftHSM2 is not installed; AFFIDAVIT_TEST_INSTALL=1 lets the tests install it'
  const built = await import('pkcs11js').then(
    () => true,
    () => false,
  )
  return built ? undefined : 'pkcs11js was not built; that takes Python, make and a C++ compiler'
}

/** The library that is loaded. */
export function softHsmModule(): string | undefined {
  return MODULES.find((path) => existsSync(path))
}

function installSoftHsm(): void {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  for (const words of [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', 'softhsm2'],
  ]) {
    const [program = '', ...args] = [...sudo, ...words]
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status } = spawnSync(program, args, { env, stdio: 'ignore', timeout: 120_000 })
    if (status !== 0) return
  }
}

/** Has this process, and those it starts, find tokens below `root`. It is read when the module is loaded into a process. */
export function useSoftHsm(root: string): void {
  mkdirSync(join(root, 'tokens'))
  writeFileSync(join(root, 'softhsm2.conf'), `directories.tokendir = ${join(root, 'tokens')}\nlog.level = ERROR\n`)
  // SoftHSM finds its tokens by nothing else.
  process.env.SOFTHSM2_CONF = join(root, 'softhsm2.conf')
}

export function makeToken(label: string, pin: string): void {
  const pins = ['--so-pin', '84736251', '--pin', pin]
  execFileSync('softhsm2-util', ['--init-token', '--free', '--label', label, ...pins], { stdio: 'ignore' })
}
