// Foreign test vectors that may lie beside the checkout. Nothing depends on them: without them those tests are skipped.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** The folder `shared` beside the project, where it exists. */
export function sharedFolder(): string | undefined {
  const folder = resolve(import.meta.dirname, '../../../../shared')
  return existsSync(folder) ? folder : undefined
}
