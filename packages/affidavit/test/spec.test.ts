// The pages of spec/ number their invariants, and say which code enforces each and which test breaks with it: all that
// they name is there.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const home = join(import.meta.dirname, '..')
const pages = join(home, '../../spec')

const files = globSync('{src,test,testdata}/**/*.{ts,sql,json}', { cwd: home })
const sources = textsOf('src/**/*.ts')
const proofs = [...textsOf('{src,test}/**/*.ts'), ...textsOf('testdata/**/*.json')]

function textsOf(pattern: string): string[] {
  return globSync(pattern, { cwd: home }).map((file) => readFileSync(join(home, file), 'utf8'))
}

interface Invariant {
  readonly name: string
  readonly code: string
  readonly proof: string
}

function invariantsOf(page: string): Invariant[] {
  const rows = readFileSync(join(pages, page), 'utf8').matchAll(/^\| ([A-Z]\d+) \| .* \| ([^|]+) \| ([^|]+) \|$/gm)
  return [...rows].map(([, name = '', code = '', proof = '']) => ({ name, code, proof }))
}

/** A file by the end of its path, a test by its name without `.test.ts`, or a function. */
function isThere(name: string): boolean {
  if (name.endsWith('*.ts'))
    return files.some((file) => file.includes(name.slice(name.indexOf('/') + 1, -'*.ts'.length)))
  if (/\.(ts|sql|json)$/.test(name)) return files.some((file) => `/${file}`.endsWith(`/${name}`))
  if (name.endsWith('/*') || name.endsWith('/')) return files.some((file) => file.includes(`/${name.replace('*', '')}`))
  return files.some((file) => file.endsWith(`/${name}.test.ts`)) || sources.some((text) => declares(text, name))
}

function declares(text: string, name: string): boolean {
  return new RegExp(`(function\\*?|const|interface|type) ${name}\\b|^ {2}(async )?${name}\\(`, 'm').test(text)
}

// "refused as an entry: version 0" is a row of the test data, or a test in a group, behind what the group says.
function isTold(test: string): boolean {
  const parts = test.split(/…|(?<=: )/).map((part) => part.trim().replace(/:$/, ''))
  return parts.every((part) => proofs.some((text) => text.includes(part)))
}

describe('what a page of the specification names is there', () => {
  for (const page of globSync('*.md', { cwd: pages })) {
    test(page, () => {
      const invariants = invariantsOf(page)
      const numbers = invariants.map(({ name }) => Number(name.slice(1))).sort((a, b) => a - b)
      assert.ok(numbers.length > 0)
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => i + 1),
      )
      const missing = invariants.flatMap(({ name, code, proof }) => [
        ...[...`${code} ${proof}`.matchAll(/`([^`]+)`/g)].flatMap(([, what = '']) =>
          isThere(what) ? [] : `${name}: ${what}`,
        ),
        ...[...proof.matchAll(/"([^"]+)"/g)].flatMap(([, what = '']) => (isTold(what) ? [] : `${name}: “${what}”`)),
      ])
      assert.deepEqual(missing, [])
    })
  }
})
