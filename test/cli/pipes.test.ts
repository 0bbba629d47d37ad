import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CLI, cleanEnv, ended } from './run.ts'

describe('a named pipe', { skip: process.platform === 'win32' && 'no pipes' }, () => {
  let folder: string
  let pipe: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-pipes-'))
    pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const commands: [string, () => string[]][] = [
    ['as a Job file', () => ['place', pipe, '--dry-run']],
    ['as an identity', () => ['peer', '--identity-file', pipe]],
    ['as a wallet’s key', () => ['peer', '--wallet-key-file', pipe]],
    ['as the key of a private network', () => ['peer', '--pnet-key-file', pipe]],
    ['as a chain file', () => ['wallet', '--chain-file', pipe]],
    ['as a configuration', () => ['config', '--config', pipe]],
  ]
  for (const [name, command] of commands) {
    it(`${name} is refused at once, and holds no process`, async () => {
      const child = spawn(process.execPath, [CLI, ...command(), '--data-dir', join(folder, 'data')], { env: cleanEnv })
      // Whatever waits for a pipe's writer ends with this signal alone.
      const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
      const { code, stderr } = await ended(child)
      clearTimeout(timer)
      assert.equal(code, 2, stderr)
      assert.ok(stderr.includes(pipe), stderr)
    })
  }
})
