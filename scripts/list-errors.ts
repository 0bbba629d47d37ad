import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EXIT } from '../src/errors.ts'

/*
 * Every error of the house, read from the sources. `node scripts/list-errors.ts` brings the table in docs/ERRORS.md up to date; its last
 * column is kept where it was written by hand, since the hint of an error often depends on its facts.
 */

export interface ErrorFacts {
  /** Of its class. */
  name: string
  /** What its instances say of themselves; undefined where no literal stands in the class. */
  literal: string | undefined
  /** The folder that throws it, below src. */
  folder: string
  exitCode: number
  /** Its docstring in one line. */
  when: string
  /** The first hint that stands in its source, '' where it has none. */
  hint: string
}

/** The concrete subclasses of MingaError in all `errors.ts` of `src`, by folder and name. */
export function listErrors(src: string): ErrorFacts[] {
  const files = globSync('**/*errors.ts', { cwd: src }).sort()
  const classes = files.flatMap((file) => classesOf(readFileSync(join(src, file), 'utf8')).map((found) => ({ ...found, file })))
  return classes.flatMap(({ name, literal, isAbstract, when, hint, exit, parent, file }) => {
    if (isAbstract || name === 'MingaError') return []
    const inherited = exit ?? classes.find((other) => other.name === parent)?.exit
    if (inherited === undefined) return []
    return [{ name, literal, folder: file.replace(/\/?[^/]*$/, '') || '.', exitCode: EXIT[inherited], when, hint }]
  })
}

function classesOf(source: string) {
  const heads = source.matchAll(
    /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (abstract )?class (\w+) extends (\w+)[^{]*\{([\s\S]*?)\n?\}\n(?=\n|$)/g,
  )
  return [...heads].map(([, doc = '', abstract, name, parent, body]) => ({
    name: name!,
    parent: parent!,
    literal: /^ {2}override readonly name = '(\w+)'$/m.exec(body!)?.[1],
    isAbstract: abstract !== undefined,
    when: doc.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim(),
    hint: hintOf(body!),
    exit: /exitCode(?:: \w+)? = EXIT\.(\w+)/.exec(body!)?.[1] as keyof typeof EXIT | undefined,
  }))
}

const HINT = /hint:[^'"`]*?(?:'([^'\n]+)'|"([^"\n]+)"|`([^`\n]+)`)/

/** The first text after `hint:`; what a template puts in later is left out as an ellipsis. */
function hintOf(body: string): string {
  const [, single, double, template] = HINT.exec(body) ?? []
  return (single ?? double ?? template ?? '').replaceAll(/\$\{[^}]*\}/g, '…')
}

const ROW = /^\| `(\w+)` \| (\S+) \| (\d+) \| (.*?) \| (.*?) ?\|\n/gm

/** A hint as a sentence; a command or an option that it begins with stays as it is typed. */
export function sentence(hint: string): string {
  return hint === '' ? '' : `${hint[0]!.toUpperCase()}${hint.slice(1).replace(/\.$/, '')}.`
}

/** The rows of docs/ERRORS.md, by `folder/name`. */
export function documentedErrors(text: string): Map<string, { exitCode: number; when: string; todo: string }> {
  const rows = [...text.matchAll(ROW)]
  return new Map(
    rows.map(([, name, folder, exit, when, todo]) => [`${folder}/${name}`, { exitCode: Number(exit), when: when!, todo: todo! }]),
  )
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..')
  const path = join(root, 'docs/ERRORS.md')
  const text = readFileSync(path, 'utf8')
  const before = documentedErrors(text)
  const rows = listErrors(join(root, 'src')).map(({ name, folder, exitCode, when, hint }) => {
    const row = before.get(`${folder}/${name}`)
    return `| \`${name}\` | ${folder} | ${exitCode} | ${when || (row?.when ?? '')} | ${row?.todo || sentence(hint)} |\n`
  })
  writeFileSync(
    path,
    text
      .replace(ROW, '')
      .trimEnd()
      .concat('\n', ...rows),
  )
}
