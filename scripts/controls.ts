// Writes the pages of docs/controls/ from the data beside them: node scripts/controls.ts. packages/affidavit/test/controls.test.ts holds them to it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { indexOf, pageOf } from '../packages/affidavit/test/controls-page.ts'
import { CONTROLS_FOLDER, REGIMES, readEvidence, readRegime } from '../packages/affidavit/test/controls-source.ts'

const evidence = readEvidence()
const regimes = new Map(REGIMES.map((name) => [name, readRegime(name)]))
for (const [name, regime] of regimes) writeFileSync(join(CONTROLS_FOLDER, `${name}.md`), pageOf(name, regime, evidence))

const index = join(CONTROLS_FOLDER, 'README.md')
const between = /(?<=<!-- pages -->\n).*(?=<!-- end of pages -->)/s
writeFileSync(
  index,
  readFileSync(index, 'utf8').replace(between, () => indexOf(regimes)),
)
