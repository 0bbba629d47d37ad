import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cleanEnv, ended, printed } from './run.ts'

const CLI = resolve(import.meta.dirname, '../../src/cli.ts')
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

  it('leave the exit code of a command that is through', async () => {
    const child = spawn(process.execPath, [FIXTURE, 'through'])
    const end = ended(child)
    await printed(child, 'started')
    child.kill('SIGINT')
    await printed(child, 'leaving')
    child.kill('SIGINT')
    assert.equal((await end).code, 0)
  })
})

const stateOf = ({ pid }: ChildProcess) => execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })

describe('signals to a peer that does nothing', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-signals-'))
  })
  after(() => rm(folder, { recursive: true }))

  /** All of them wait for it while it is stopped: it gets them at the same moment. */
  async function endAtOnce(name: string, signals: readonly NodeJS.Signals[]) {
    const args = [CLI, 'bootstrap', '--json', '-d', join(folder, name), '--listen', '/ip4/127.0.0.1/tcp/0']
    const child = spawn(process.execPath, args, { env: cleanEnv, stdio: ['ignore', 'pipe', 'pipe'] })
    const end = ended(child)
    await printed(child, '\n')
    child.kill('SIGSTOP')
    while (!stateOf(child).startsWith('T'));
    for (const signal of [...signals, 'SIGCONT'] as const) child.kill(signal)
    const { code, stdout } = await end
    return { code, leftInOrder: stdout.includes('"stopped"') }
  }

  it('are one where they are equal: it leaves in order, with 0', async () => {
    assert.deepEqual(await endAtOnce('equal', ['SIGINT', 'SIGINT']), { code: 0, leftInOrder: true })
  })

  it('are two where they differ: it ends at once, with 130', async () => {
    assert.deepEqual(await endAtOnce('different', ['SIGINT', 'SIGTERM']), { code: 130, leftInOrder: false })
  })
})
