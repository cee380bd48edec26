// Builds packages/affidavit/dist from scratch: what was deleted from src must not be published.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const root = join(import.meta.dirname, '..')
const src = join(root, 'packages/affidavit/src')
const dist = join(root, 'packages/affidavit/dist')

rmSync(dist, { recursive: true, force: true })
copyData()
compile()

// What is no TypeScript is read at run time by its place beside the code: SQL, mostly.
function copyData(): void {
  cpSync(src, dist, { recursive: true, filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts') })
}

function compile(): void {
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'packages/affidavit/tsconfig.build.json')],
    { stdio: 'inherit', timeout: 120_000 },
  )
  if (tsc.error !== undefined) throw tsc.error
  process.exitCode = tsc.status ?? 1
}
