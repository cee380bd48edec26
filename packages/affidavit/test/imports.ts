// Reads what a source file loads. Relies on the formatter: an import or export statement begins its line.

export interface Imports {
  /** Every string that names a TypeScript file by a relative path, so workers (`new URL(…)`) count as imports too. */
  readonly relative: readonly string[]
  /** The other specifiers: packages and modules of Node. */
  readonly packages: readonly string[]
  /** What is exported from elsewhere in one statement. */
  readonly reExports: readonly string[]
  /** Imports whose target is computed. */
  readonly unreadable: readonly string[]
}

const RELATIVE = /(['"`])(\.{1,2}\/[^'"`\n$]*\.ts)\1/g
const IMPORT = /^import\s+(?:type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?(['"])([^'"\n]+)\1/gm
const RE_EXPORT = /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s*from\s*(['"])([^'"\n]+)\1/gm
const DYNAMIC = /\bimport\(\s*(['"])([^'"\n]+)\1/g
const COMPUTED = /\bimport\((?!\s*['"])[^\n]*|\b(?:require|createRequire|getBuiltinModule)\([^\n]*/g

/** What `source` loads, statically or not, types included. */
export function readImports(source: string): Imports {
  const code = source.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const specifiers = [IMPORT, RE_EXPORT, DYNAMIC].flatMap((pattern) => all(code, pattern, 2))
  const relative = all(code, RELATIVE, 2)
  return {
    relative: unique(relative),
    packages: unique(specifiers.filter((specifier) => !specifier.startsWith('.'))),
    reExports: unique(all(code, RE_EXPORT, 2)),
    unreadable: [
      ...all(code, COMPUTED, 0),
      ...specifiers.filter((specifier) => specifier.startsWith('.') && !relative.includes(specifier)),
    ],
  }
}

function all(text: string, pattern: RegExp, group: number): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => match[group] ?? [])
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
