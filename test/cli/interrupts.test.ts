import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { ended, printed } from './run.ts'

const FIXTURE = resolve(import.meta.dirname, 'fixtures/busy.ts')

describe('signals', () => {
  for (const [first, second] of [
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
    ['SIGHUP', 'SIGTERM'],
  ] as const) {
    it(`${first} asks for an orderly end, ${second} after it ends at once with 130`, async () => {
      const child = spawn(process.execPath, [FIXTURE])
      const end = ended(child)
      await printed(child, 'started')
      child.kill(first)
      await printed(child, 'leaving')
      child.kill(second)
      const { code, stdout } = await end
      assert.equal(code, 130)
      assert.equal(stdout, `started\nleaving: interrupted by ${first}\nlast words\n`)
    })
  }
})
