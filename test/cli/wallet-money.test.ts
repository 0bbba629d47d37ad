/** Wallet commands over endpoints that are late, wrong or unwilling: money moves once, and what is wrong is named. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Chain } from '../../src/ports.ts'
import { lateReceipts } from '../chain/support/lagging.ts'
import { type Endpoint, honest, reply, startProxy } from '../chain/support/proxy.ts'
import { startWorld, TOKEN, type World } from '../chain/support/world.ts'
import { startProcess } from '../e2e/support/process.ts'
import { type Ended, minga } from './run.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const NOBODY = '0x000000000000000000000000000000000000dEaD'

describe('minga wallet', () => {
  let world: World
  let endpoint: Endpoint
  let directory: string
  let owner: Chain
  before(async () => {
    world = await startWorld()
    endpoint = await startProxy(() => world.url)
    directory = await mkdtemp(join(tmpdir(), 'minga-wallet-'))
    owner = await world.open(7)
    await writeFile(join(directory, 'wallet.key'), world.devnet.chain.development!.wallets[7]!.key, { mode: 0o600 })
  })
  afterEach(() => endpoint.behave(honest))
  after(async () => {
    await endpoint.close()
    await world.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const flags = () => [
    ...['--data-dir', join(directory, 'data'), '--wallet-key-file', join(directory, 'wallet.key')],
    ...['--chain-file', world.devnet.chainFile, '--chain-rpc', endpoint.url],
  ]
  const wallet = (...args: string[]): Promise<Ended> => minga(['wallet', ...args, ...flags()])
  const sent = async () => Number(await world.rpc('eth_getTransactionCount', owner.wallet, 'latest'))
  const bonded = async () => (await owner.balances()).bondWei

  it('bonds once where receipts are late, and says so', { timeout: 120_000 }, async () => {
    endpoint.behave(lateReceipts(1_500))
    const { code, stdout, stderr } = await wallet('bond', '40')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^bonded/)
    assert.deepEqual([await sent(), await bonded()], [1, 40n * TOKEN])
  })

  it('goes on with the same transaction where it is run again after it was killed', { timeout: 120_000 }, async () => {
    const before = await sent()
    const arrived = Promise.withResolvers<void>()
    endpoint.behave(async (request, response, pass) => {
      if (request.method !== 'eth_sendRawTransaction') return honest(request, response, pass)
      await pass()
      arrived.resolve()
    })
    const bonding = startProcess(CLI, ['wallet', 'bond', '2', ...flags()])
    try {
      await arrived.promise
    } finally {
      await bonding.kill()
      endpoint.behave(honest)
    }
    const { code, stderr } = await wallet('bond', '2')
    assert.equal(code, 0, stderr)
    assert.deepEqual([await sent(), await bonded()], [before + 1, 42n * TOKEN])
  })

  it('signs nothing for an address without an escrow, which is no fault of the endpoint', { timeout: 120_000 }, async () => {
    const before = await sent()
    const { code, stderr } = await wallet('bond', '40', '--chain-escrow', NOBODY)
    assert.equal(code, 2, stderr)
    assert.match(stderr, /expected an escrow at 0x0+dEaD on chain 31337, found no code there\n {2}→ mend --chain-escrow/)
    assert.doesNotMatch(stderr, /endpoint fails/)
    assert.equal(await sent(), before)
    const peer = await minga(['peer', ...flags(), '--chain-escrow', NOBODY])
    assert.equal(peer.code, 2, peer.stderr)
    assert.match(peer.stderr, /found no code there/)
  })

  it('ends with 3 where the endpoint refuses, 6 where there is nothing to have, 2 where nothing is asked', {
    timeout: 120_000,
  }, async () => {
    endpoint.behave(({ id, method }, response, pass) =>
      method === 'eth_chainId'
        ? honest({ id, method, params: [] }, response, pass)
        : reply(response, { id, error: { code: -32000, message: 'no plan for this' } }),
    )
    const refused = await wallet('bond', '1')
    assert.deepEqual([refused.code, /no plan for this/.test(refused.stderr)], [3, true], refused.stderr)
    endpoint.behave(honest)
    const nothing = await wallet('unbond')
    assert.deepEqual([nothing.code, /a bond asked back/.test(nothing.stderr)], [6, true], nothing.stderr)
    assert.equal((await wallet('withdraw')).code, 6)
    assert.equal((await wallet('bond', '0')).code, 2)
  })
})
