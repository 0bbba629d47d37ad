import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { loadWallet } from '../../src/protocol/wallet-file-node.ts'

describe('the wallet’s file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-wallet-file-'))
  })
  after(async () => rm(folder, { recursive: true }))

  it('is made once, for its owner alone', async () => {
    const path = join(folder, 'made', 'wallet.key')
    const { address } = await loadWallet(path)
    assert.equal((await loadWallet(path, { mustExist: true })).address, address)
    if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('is told what to do about by its fault: only one that was named can be left out', async () => {
    const directory = join(folder, 'directory')
    await mkdir(directory)
    const corrupt = join(folder, 'corrupt')
    await writeFile(corrupt, '0x12')
    await assert.rejects(loadWallet(directory), { name: 'WalletFileError', fault: 'unreadable', hint: /^A directory stands there/ })
    await assert.rejects(loadWallet(join(corrupt, 'below')), { fault: /^un/, hint: /^Check the permissions/ })
    await assert.rejects(loadWallet(corrupt), { fault: 'corrupt', hint: /backup/ })
    await assert.rejects(loadWallet(join(folder, 'none'), { mustExist: true }), { fault: 'missing', hint: /leave --wallet-key-file out/ })
  })
})
