import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { parseBytes } from '../src/config/units.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** The value of a constant that is a product of numbers and of other names for such. */
function constantOf(file: string, name: string): number {
  const source = readFileSync(resolve(ROOT, 'src', file), 'utf8')
  const expression = new RegExp(`const ${name} = ([^\\n]+)`).exec(source)?.[1]
  assert.ok(expression !== undefined, `${file} has no ${name}`)
  const units: Record<string, number> = { KIB: 1024, MIB: 2 ** 20, MEBIBYTE: 2 ** 20, GIB: 2 ** 30 }
  return expression.split('*').reduce((product, factor) => product * (units[factor.trim()] ?? Number(factor.replaceAll('_', ''))), 1)
}

describe('docs/LIMITS.md', () => {
  const rows = [...readFileSync(resolve(ROOT, 'docs/LIMITS.md'), 'utf8').matchAll(/^\| (.+?) \| (.+?) \| `(.+?)` `(.+?)` \| .+ \|$/gm)]

  it('has its table', () => assert.ok(rows.length >= 15))

  for (const [, what, limit, file, name] of rows) {
    it(`tells the truth about: ${what}`, () => assert.equal(parseBytes(limit!), constantOf(file!, name!)))
  }
})
