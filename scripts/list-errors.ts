import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EXIT } from '../src/errors.ts'

/*
 * Every error of the house, read from the sources, beside docs/ERRORS.md. `node scripts/list-errors.ts` prints rows for the table; the
 * column "What to do" is written by hand, since the hint of an error often depends on its facts.
 */

export interface ErrorFacts {
  name: string
  /** The folder that throws it, below src. */
  folder: string
  /** Its docstring in one line. */
  when: string
  exitCode: number
}

/** The concrete subclasses of MingaError in all `errors.ts` of `src`, by folder and name. */
export function listErrors(src: string): ErrorFacts[] {
  const files = globSync('**/*errors.ts', { cwd: src }).sort()
  const classes = files.flatMap((file) => classesOf(readFileSync(join(src, file), 'utf8')).map((found) => ({ ...found, file })))
  return classes.flatMap(({ name, isAbstract, doc, exit, parent, file }) => {
    if (isAbstract || name === 'MingaError') return []
    const inherited = exit ?? classes.find((other) => other.name === parent)?.exit
    if (inherited === undefined) return []
    return [{ name, folder: file.replace(/\/?[^/]*$/, '') || '.', when: doc, exitCode: EXIT[inherited] }]
  })
}

interface ErrorClass {
  name: string
  parent: string
  isAbstract: boolean
  doc: string
  exit: keyof typeof EXIT | undefined
}

function classesOf(source: string): ErrorClass[] {
  const heads = source.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (abstract )?class (\w+) extends (\w+)[^{]*\{([\s\S]*?)\n\}/g)
  return [...heads].map(([, doc = '', abstract, name, parent, body]) => ({
    name: name!,
    parent: parent!,
    isAbstract: abstract !== undefined,
    doc: doc.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim(),
    exit: /exitCode(?:: \w+)? = EXIT\.(\w+)/.exec(body!)?.[1] as keyof typeof EXIT | undefined,
  }))
}

if (import.meta.main) {
  for (const { name, folder, when, exitCode } of listErrors(resolve(import.meta.dirname, '../src'))) {
    console.log(`| \`${name}\` | ${folder} | ${exitCode} | ${when} | |`)
  }
}
