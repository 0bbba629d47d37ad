import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { documentedErrors, listErrors, sentence } from '../scripts/list-errors.ts'
import { EXIT, MingaError } from '../src/errors.ts'

const ROOT = resolve(import.meta.dirname, '..')
const errors = listErrors(resolve(ROOT, 'src'))

const text = readFileSync(resolve(ROOT, 'docs/ERRORS.md'), 'utf8')

describe('docs/ERRORS.md', () => {
  const list = documentedErrors(text)

  it('lists every error of the sources, and no other', () => {
    const inSources = new Set(errors.map(({ folder, name }) => `${folder}/${name}`))
    const inList = new Set(list.keys())
    assert.ok(inSources.size > 10)
    const hint = '`node scripts/list-errors.ts` brings the list up to date'
    assert.deepEqual(
      [...inSources].filter((key) => !inList.has(key)),
      [],
      hint,
    )
    assert.deepEqual(
      [...inList].filter((key) => !inSources.has(key)),
      [],
      hint,
    )
  })

  it('tells their exit codes as they are, when they come and what to do', () => {
    for (const { folder, name, exitCode } of errors) {
      const row = list.get(`${folder}/${name}`)
      assert.equal(row?.exitCode, exitCode, name)
      assert.ok(row.when.length > 10 && row.todo.length > 10, `${name} says nothing`)
    }
  })

  it('shows commands as they are typed, and no source of ours', () => {
    assert.equal(sentence('`minga devnet` starts a chain'), '`minga devnet` starts a chain.')
    assert.equal(sentence('try again.'), 'Try again.')
    for (const [key, { when, todo }] of list) {
      assert.doesNotMatch(`${when} ${todo}`, /\$\{/, key)
      assert.doesNotMatch(todo, /^(Minga [a-z]|Npm |Node scripts)/, key)
    }
    assert.equal(
      errors.find(({ name }) => name === 'DeploymentFailedError')?.hint,
      "look at the deployer's balance and at the chain's gas limit",
    )
  })

  it('are named by a literal, which a minifier leaves alone', () => {
    for (const { name, literal } of errors) assert.equal(literal, name, `${name} needs: override readonly name = '${name}'`)
  })

  it('explains every exit code', () => {
    for (const [name, code] of Object.entries(EXIT)) assert.ok(text.includes(`| ${code} | \`${name}\` |`), name)
  })
})

describe('MingaError', () => {
  class InnerError extends MingaError {
    override readonly name = 'InnerError'
    readonly exitCode = EXIT.network
  }
  class OuterError extends MingaError {
    override readonly name = 'OuterError'
    readonly exitCode = EXIT.jobFailed
  }

  it('carries its name, hint and cause', () => {
    const error = new InnerError({ message: 'm', hint: 'h', cause: 1 })
    assert.deepEqual([error.name, error.message, error.hint, error.cause, error.exitCode], ['InnerError', 'm', 'h', 1, 3])
  })

  it('walks its causes to the one that matches', () => {
    const inner = new InnerError({ message: 'inner' })
    const outer = new OuterError({ message: 'outer', cause: new Error('middle', { cause: inner }) })
    assert.equal(
      outer.walk((error) => error instanceof InnerError),
      inner,
    )
    assert.equal(
      outer.walk((error) => error instanceof OuterError),
      outer,
    )
    assert.equal(
      outer.walk(() => false),
      undefined,
    )
  })
})
