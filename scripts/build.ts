// Builds packages/affidavit/dist from scratch: what was deleted from src must not be published.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const root = join(import.meta.dirname, '..')

rmSync(join(root, 'packages/affidavit/dist'), { recursive: true, force: true })
const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'packages/affidavit/tsconfig.build.json')],
  { stdio: 'inherit', timeout: 120_000 },
)
if (tsc.error !== undefined) throw tsc.error
process.exitCode = tsc.status ?? 1
