// Runs before the scripts of package.json, on whatever Node there is, and says what to do where it is too old.
// Plain JavaScript, since a Node that is too old does not run TypeScript.
import { existsSync } from 'node:fs'
import process from 'node:process'

const [major, minor] = process.versions.node.split('.').map(Number)
// Keep in step with "engines" in package.json; packages/affidavit/test/runtime.test.ts compares the two.
const inRange = (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26

if (!inRange) {
  console.error(
    `This workspace needs Node.js 24.16 or a later 24, or 26.1 or later; this is ${process.versions.node}.\n${cure()}`,
  )
  process.exitCode = 4
}

function cure() {
  const bundled = `node-linux-${process.arch}`
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return 'For this system the workspace brings none: install a current LTS release from https://nodejs.org.'
  }
  if (!existsSync(new URL(`../node_modules/${bundled}/bin/node`, import.meta.url))) {
    return `The right one is an optional dependency (${bundled}) that is not installed: run \`npm ci --include=optional\`.`
  }
  return 'The right one is in node_modules/.bin: start the script through npm, which puts it first on the PATH.'
}
