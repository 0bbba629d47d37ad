import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { before, describe, it } from 'node:test'
import { COMMITTED, expectedArtifacts } from '../../scripts/contracts/artifacts.ts'
import { runHardhat } from '../../scripts/contracts/hardhat.ts'

/** The end of Hardhat's output, where it tells failures in full. */
const MAX_OUTPUT_CHARS = 20_000

/** Hardhat runs what stands in test/contracts/spec and contracts/test itself; here it runs once, and every one of its tests is told on. */
describe('the contracts', () => {
  let output: string
  let status: number

  before(() => {
    ;({ status, output } = runHardhat(['test'], 'pipe'))
  })

  it('pass their tests on the chain, the fuzz tests and the invariants', async (t) => {
    for (const { name, passed } of told(output)) await t.test(name, () => assert.ok(passed, 'Hardhat tells why below'))
    assert.equal(status, 0, output.slice(-MAX_OUTPUT_CHARS))
  })

  it('run each leaf of the behaviour trees', () => {
    const ran = new Set(told(output).map(({ name }) => name))
    for (const path of globSync('trees/*.tree', { cwd: import.meta.dirname })) {
      const leaves = leavesOf(readFileSync(join(import.meta.dirname, path), 'utf8'))
      assert.ok(leaves.length > 5)
      const missing = leaves.filter((leaf) => !ran.has(leaf))
      assert.deepEqual(missing, [], `${basename(path)} has leaves that no test is named after`)
    }
  })

  it('are what is committed for deploying: `npm run contracts` brings it up to date', () => {
    for (const [name, text] of expectedArtifacts()) {
      assert.ok(readFileSync(join(COMMITTED, name), 'utf8') === text, `${name} is not what the sources compile to`)
    }
  })
})

/** What Hardhat's reporters say of each test: `✔ name (12ms)`, or `1) name`. */
function told(output: string): { name: string; passed: boolean }[] {
  const lines = output.matchAll(/^ {4}(✔|\d+\)) (.*?)(?: \((?:\d+ms|runs: \d+)\))?$/gm)
  return [...lines].map(([, mark, name]) => ({ name: name!, passed: mark === '✔' }))
}

/** Lines without a line below them that is indented further; "it" is the subject of the test's name. */
function leavesOf(tree: string): string[] {
  const lines = tree.split('\n').filter((line) => line.trim() !== '')
  const depth = (line: string) => line.search(/[^│├└─ ]/)
  const leaves = lines.filter((line, i) => depth(line) > 0 && depth(lines[i + 1] ?? '') <= depth(line))
  return leaves.map((line) => line.slice(depth(line)).replace(/^it /, ''))
}
