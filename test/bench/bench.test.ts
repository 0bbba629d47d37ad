import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const MAIN = fileURLToPath(new URL('../../scripts/bench/main.ts', import.meta.url))
const run = promisify(execFile)

interface Written {
  quick: boolean
  machine: { cores: number }
  figures: { id: number; title: string; rows: { what: string; measured: number[]; median: { median: number } }[] }[]
}

async function bench(t: TestContext, ...args: string[]) {
  const out = await mkdtemp(join(tmpdir(), 'minga-bench-test-'))
  t.after(() => rm(out, { recursive: true, force: true }))
  const { stdout } = await run(process.execPath, [MAIN, '--quick', '--out', out, ...args])
  return { stdout, written: JSON.parse(await readFile(join(out, 'latest.json'), 'utf8')) as Written }
}

describe('the benchmark', () => {
  it('runs its figures to their end, prints a table, and writes what it measured', { timeout: 60_000 }, async (t) => {
    const { stdout, written } = await bench(t, '--only', '2,6')
    assert.equal(written.quick, true)
    assert.ok(written.machine.cores > 0)
    assert.deepEqual(
      written.figures.map(({ id }) => id),
      [2, 6],
    )
    for (const { title, rows } of written.figures) {
      assert.ok(stdout.includes(title))
      assert.ok(rows.length > 0)
      for (const { what, measured, median } of rows) {
        assert.ok(stdout.includes(what))
        assert.ok(measured.length > 0 && measured.every((value) => value > 0) && median.median > 0, what)
      }
    }
  })

  it('refuses a figure that it does not have, and says which there are', { timeout: 20_000 }, async (t) => {
    await assert.rejects(bench(t, '--only', '99'), (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 2)
      assert.match(error.stderr, /expected figures 1 to 9 in --only, found 99/)
      return true
    })
  })
})
