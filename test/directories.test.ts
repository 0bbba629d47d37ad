import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeDirectory } from '../src/directories-node.ts'
import { ended } from './cli/run.ts'

const onLinux = { skip: process.platform !== 'linux' && 'no /proc' }

/** Long above what it takes; Node's own recursive mkdir would take for ever, and hold its process with it. */
const TIMEOUT_MS = 60_000

/** The name of what a module of ours rejects with, and its fault, in a process of its own. */
async function rejectionOf(module: string, call: string): Promise<string> {
  const code = `import * as m from ${JSON.stringify(new URL(`../src/${module}`, import.meta.url).href)}
    await m.${call}.then(() => console.log('made'), (error) => console.log(error.name, error.fault ?? ''))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  const { stdout, signal } = await ended(child)
  clearTimeout(timer)
  return signal ?? stdout.trim()
}

describe('making a directory', () => {
  it('makes what is missing above it, takes what is there, and refuses a file in its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'minga-directories-'))
    try {
      const deep = join(folder, 'a', 'b')
      await Promise.all([makeDirectory(deep, { mode: 0o700 }), makeDirectory(deep, { mode: 0o700 })])
      await makeDirectory(deep)
      if (process.platform !== 'win32') assert.equal((await stat(join(folder, 'a'))).mode & 0o777, 0o700)
      await makeDirectory('/')
      await writeFile(join(folder, 'file'), '')
      await assert.rejects(makeDirectory(join(folder, 'file')), { code: 'EEXIST' })
      await assert.rejects(makeDirectory(join(folder, 'file', 'below')), { code: 'ENOTDIR' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('ends where a folder refuses to hold another', onLinux, async () => {
    assert.equal(await rejectionOf('protocol/wallet-file-node.ts', `loadWallet('/proc/x/y/wallet.key')`), 'WalletFileError unwritable')
    assert.equal(await rejectionOf('network/identity-node.ts', `loadIdentity('/proc/x/y/identity.json')`), 'IdentityFileError unwritable')
    assert.equal(await rejectionOf('storage/store-node.ts', `openFsStore('/proc/x/y')`), 'StoreFailedError')
    assert.equal(await rejectionOf('demo/pictures.ts', `makeRoomForPictures('/proc/x/y')`), 'ResultsUnwritableError')
  })
})
