/** Nothing is signed for an address that is no escrow: a permit in its calldata would give away the wallet's tokens. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { Wallet } from 'ethers'
import { connectChain } from '../../src/chain/connect.ts'
import { ChainUnavailableError, WrongEscrowError } from '../../src/chain/errors.ts'
import { type Endpoint, honest, type Request, startProxy } from './support/proxy.ts'
import { startWorld, TOKEN, type World } from './support/world.ts'

const NOBODY = '0x000000000000000000000000000000000000dEaD'

describe('the contracts at the configured addresses', () => {
  let world: World
  let proxy: Endpoint
  before(async () => {
    world = await startWorld()
    proxy = await startProxy(() => world.url)
  })
  afterEach(() => proxy.behave(honest))
  after(async () => {
    await world.stop()
    await proxy.close()
  })

  const connect = (changes: { escrow?: string; token?: string } = {}, rpc = [proxy.url]) => {
    const walletKey = new Uint8Array(Buffer.from(world.devnet.chain.development!.wallets[1]!.key.slice(2), 'hex'))
    return connectChain({ chain: { ...world.devnet.chain, ...changes, rpc }, walletKey, timeoutMs: 5_000, giveUpMs: 3_000 })
  }
  const refuses = (opening: Promise<unknown>, found: RegExp) =>
    assert.rejects(opening, (error) => {
      assert.ok(error instanceof WrongEscrowError, String(error))
      assert.match(error.message, found)
      assert.match(String(error.hint), /--chain-escrow/)
      return error.exitCode === 2
    })
  const sent = ({ seen }: Endpoint) => seen.filter((method) => /send|estimate/.test(method))

  it('are an escrow and its token, or nothing begins', async () => {
    const { escrow, token, verifiers } = world.devnet.chain
    await refuses(connect({ escrow: NOBODY }), /expected an escrow at 0x0+dEaD on chain 31337, found no code there/)
    await refuses(connect({ escrow: token }), /found another contract, which names no token/)
    // Whatever it is asked, it says yes.
    await refuses(connect({ escrow: Object.values(verifiers)[0]!.verifier }), /found one of the token 0x0+1$/)
    await refuses(
      connect({ token: NOBODY }),
      new RegExp(`expected an escrow of the token ${NOBODY} at ${escrow} .* found one of the token ${token}`),
    )
    await (await connect()).stop()
    assert.deepEqual(sent(proxy), [])
  })

  it('are looked at before anything is signed, where no endpoint answered at the start', async () => {
    const before = await world.rpc('eth_getTransactionCount', new Wallet(world.devnet.chain.development!.wallets[1]!.key).address, 'latest')
    proxy.behave((_, response) => response.destroy())
    const chain = await connect({ escrow: NOBODY })
    await assert.rejects(chain.balances(), ChainUnavailableError)
    const bonding = chain.bond(TOKEN)
    proxy.behave(honest)
    await refuses(bonding, /found no code there/)
    await refuses(chain.balances(), /found no code there/)
    await refuses(chain.rules(), /found no code there/)
    await chain.stop()
    assert.equal(await world.rpc('eth_getTransactionCount', chain.wallet, 'latest'), before)
    assert.deepEqual(sent(proxy), [])
  })

  it('are asked for once', async () => {
    const asked: Request[] = []
    proxy.behave((request, response, pass) => {
      asked.push(request)
      return honest(request, response, pass)
    })
    const chain = await connect()
    await chain.balances()
    await chain.balances()
    await chain.bond(TOKEN)
    await chain.stop()
    assert.equal(asked.filter(({ method }) => method === 'eth_getCode').length, 2)
  })
})
