import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Anvil } from '../../src/chain/devnet/anvil.ts'
import {
  ChainSourcesDisagreeError,
  ChainUnavailableError,
  NoChainError,
  RpcFailedError,
  RpcRefusedError,
  RpcUrlError,
  WrongChainError,
} from '../../src/chain/errors.ts'
import { createBreaker } from '../../src/chain/rpc/breaker.ts'
import { count, quantity } from '../../src/chain/rpc/fields.ts'
import { createTransport } from '../../src/chain/rpc/transport.ts'
import type { Sender } from '../../src/chain/sender/sender.ts'
import { anvil, call, counted, setCounter } from './support/anvil.ts'
import { type Endpoint, garbage, honest, lying, reply, silent, startProxy } from './support/proxy.ts'
import { increment, senderOver } from './support/sender.ts'

/** Nothing listens on the port of tcpmux. */
const DEAD = 'http://127.0.0.1:1'

describe('two RPC endpoints, trusted with nothing', () => {
  let chain: Anvil
  let one: Endpoint
  let two: Endpoint
  before(async () => {
    chain = await anvil()
    await setCounter(chain.url)
    one = await startProxy(() => chain.url)
    two = await startProxy(() => chain.url)
  })
  afterEach(async () => {
    for (const sender of senders.splice(0)) await sender.stop()
    one.behave(honest)
    two.behave(honest)
    await call(chain.url, 'evm_setAutomine', true)
  })
  after(async () => {
    await one.close()
    await two.close()
    await chain.stop()
  })

  const senders: Sender[] = []
  const make = (urls: string[], init: Parameters<typeof senderOver>[1] = {}) => {
    const made = senderOver(urls, { timeoutMs: 1_000, ...init })
    senders.push(made.sender)
    return made
  }

  const failing: readonly (readonly [string, (request: never, response: never) => unknown])[] = [
    ['something that is no JSON', garbage('<html>') as never],
    ['an HTTP error', ((_: never, response: { writeHead(code: number): { end(): void } }) => response.writeHead(502).end()) as never],
    [
      'a redirect',
      ((_: never, response: { writeHead(code: number, headers: object): { end(): void } }) =>
        response.writeHead(302, { location: two.url }).end()) as never,
    ],
    ['nothing at all', silent as never],
    ['more than anyone may say', garbage('x'.repeat(5 * 1024 * 1024)) as never],
    ['another type', lying(({ method }, result) => (method === 'eth_chainId' ? result : { surprise: true })) as never],
    [
      'a rate limit',
      (({ id }: { id: number }, response: never) => reply(response, { id, error: { code: -32005, message: 'slow down' } })) as never,
    ],
    ['another chain', lying(({ method }, result) => (method === 'eth_chainId' ? '0x1' : result)) as never],
  ]
  for (const [what, behaviour] of failing) {
    it(`asks the second where the first answers with ${what}`, async () => {
      one.behave(behaviour as never)
      const { rpc } = make([one.url, two.url])
      assert.equal(await rpc.ask('eth_chainId', [], count), 31337)
      assert.equal(await rpc.agree('eth_chainId', [], count), 31337)
      await assert.rejects(make([one.url]).rpc.ask('eth_blockNumber', [], count), (error) => {
        assert.ok(error instanceof ChainUnavailableError || error instanceof WrongChainError)
        return error.exitCode === (error instanceof WrongChainError ? 5 : 3)
      })
    })
  }

  it('leaves a dead one alone for a while, and asks the one that answered first', async () => {
    const { rpc } = make([DEAD, two.url])
    for (let round = 0; round < 20; round++) await rpc.ask('eth_blockNumber', [], count)
    one.behave(silent)
    const slow = make([one.url, two.url])
    const before = one.seen.length
    for (let round = 0; round < 20; round++) await slow.rpc.ask('eth_blockNumber', [], count)
    assert.equal(one.seen.length - before, 1)
  })

  it('takes no side where two disagree, and the majority’s where there are three', async () => {
    one.behave(lying(({ method }, result) => (method === 'eth_getBalance' ? '0xffff' : result)))
    const ask = (urls: string[]) => make(urls).rpc.agree('eth_getBalance', [increment.to, 'latest'], quantity)
    await assert.rejects(ask([one.url, two.url]), (error) => error instanceof ChainSourcesDisagreeError && error.exitCode === 5)
    assert.equal(await ask([one.url, two.url, chain.url]), 0n)
  })

  it('believes no receipt that only one endpoint knows', async () => {
    const before = await counted(chain.url)
    let invented = 0
    const enough = Promise.withResolvers<void>()
    one.behave(
      lying(({ method, params }, result) => {
        if (method !== 'eth_getTransactionReceipt' || result !== null) return result
        if (++invented === 12) enough.resolve()
        const word = `0x${'11'.repeat(32)}`
        return { transactionHash: params[0], blockNumber: '0x1', blockHash: word, status: '0x1', gasUsed: '0x1', logs: [] }
      }),
    )
    await call(chain.url, 'evm_setAutomine', false)
    const { sender } = make([one.url, two.url], { stuckAfterMs: 60_000 })
    const outcome = sender.send(increment)
    // More often than the two are asked before their difference counts.
    assert.equal(await Promise.race([outcome.then(() => 'believed'), enough.promise.then(() => 'not believed')]), 'not believed')
    one.behave(honest)
    await call(chain.url, 'evm_setAutomine', true)
    await call(chain.url, 'evm_mine')
    assert.equal((await outcome).outcome, 'mined')
    assert.equal(await counted(chain.url), before + 1)
  })

  it('gets a transaction past an endpoint that swallows it', async () => {
    const before = await counted(chain.url)
    const swallow = `0x${'22'.repeat(32)}`
    one.behave(async (request, response, pass) =>
      reply(response, { id: request.id, ...(request.method === 'eth_sendRawTransaction' ? { result: swallow } : await pass()) }),
    )
    const { sender } = make([one.url, two.url])
    assert.equal((await sender.send(increment)).outcome, 'mined')
    assert.equal(await counted(chain.url), before + 1)
  })

  it('survives an outage before and during a transaction', async () => {
    const before = await counted(chain.url)
    const mute = ({ method }: { method: string }) => method !== 'eth_chainId'
    one.behave((_, response) => response.destroy())
    const { sender } = make([one.url], { stuckAfterMs: 60_000 })
    const outcome = sender.send(increment)
    while (one.seen.length === 0) await new Promise(setImmediate)
    one.behave(async (request, response, pass) => {
      const answer = await pass()
      // The node takes the transaction, and its answer is lost.
      if (request.method === 'eth_sendRawTransaction' && mute(request)) {
        response.destroy()
        one.behave((_, dead) => dead.destroy())
        setTimeout(() => one.behave(honest), 200)
      } else reply(response, { id: request.id, ...answer })
    })
    assert.equal((await outcome).outcome, 'mined')
    assert.equal(await counted(chain.url), before + 1)
  })

  it('goes on over the second endpoint when the first dies', async () => {
    const before = await counted(chain.url)
    await call(chain.url, 'evm_setAutomine', false)
    const { sender } = make([one.url, two.url], { stuckAfterMs: 60_000 })
    const sent = Promise.withResolvers<string>()
    const outcome = sender.send(increment, { onSent: sent.resolve })
    await sent.promise
    one.behave((_, response) => response.destroy())
    await call(chain.url, 'evm_setAutomine', true)
    await call(chain.url, 'evm_mine')
    assert.equal((await outcome).outcome, 'mined')
    assert.equal(await counted(chain.url), before + 1)
  })

  it('is led ahead by no one that claims a higher block', async () => {
    one.behave(lying(({ method }, result) => (method === 'eth_getBlockByNumber' ? { ...(result as object), number: '0xffff' } : result)))
    const { head } = make([one.url, two.url])
    assert.ok((await head.latest()).number < 1000)
  })
})

describe('one endpoint', () => {
  it('is http or https, keeps its credentials for itself, and names its host alone', async () => {
    for (const url of ['ws://127.0.0.1:1', 'file:///etc/passwd', 'nonsense', '']) {
      assert.throws(() => createTransport(url, { timeoutMs: 100 }), RpcUrlError)
    }
    const { url, seen, close } = await startProxy(() => '')
    const transport = createTransport(`${url.replace('//', '//user:secret@')}/key-1234?key=5678`, { timeoutMs: 1000 })
    await assert.rejects(transport.send('eth_chainId', []), (error) => {
      assert.ok(error instanceof RpcFailedError)
      return !/secret|1234|5678/.test(`${error.message} ${error.hint}`)
    })
    assert.deepEqual(seen, ['eth_chainId'])
    await close()
  })

  it('has its words cut and made harmless', async () => {
    const proxy = await startProxy(() => '')
    proxy.behave(({ id }, response) =>
      reply(response, { id, error: { code: 'x', message: `\u001b[31m${'a'.repeat(10_000)}`, data: '0xzz' } }),
    )
    await assert.rejects(createTransport(proxy.url, { timeoutMs: 1000 }).send('eth_call', []), (error) => {
      assert.ok(error instanceof RpcRefusedError)
      return (
        error.message.length < 500 &&
        !error.message.includes('\u001b') &&
        error.data === undefined &&
        error.code === 0 &&
        error.exitCode === 3
      )
    })
    await proxy.close()
  })

  it('does not have our key repeated by its words', async () => {
    const proxy = await startProxy(() => '')
    proxy.behave(({ id }, response) =>
      reply(response, { id, error: { code: -32000, message: 'no plan for key-1234, path /v3/key-1234?k=of-mine-56' } }),
    )
    const transport = createTransport(`${proxy.url}/v3/key-1234?k=of-mine-56`, { timeoutMs: 1000 })
    await assert.rejects(transport.send('eth_call', []), (error) => {
      assert.ok(error instanceof RpcRefusedError)
      return error.message.includes('no plan for …, path …') && !/1234|mine/.test(error.message)
    })
    await proxy.close()
  })

  it('needs to be there', () => assert.throws(() => senderOver([]), NoChainError))
})

describe('a breaker', () => {
  it('opens after two failures, lets one try through after each rest, and rests longer each time', () => {
    let nowMs = 0
    const breaker = createBreaker({ nowMs: () => nowMs })
    breaker.failed()
    assert.ok(breaker.allows())
    breaker.failed()
    assert.ok(!breaker.allows())
    nowMs = 500
    assert.ok(breaker.allows())
    assert.ok(!breaker.allows(), 'one at a time')
    breaker.failed()
    nowMs = 1_400
    assert.ok(!breaker.allows())
    nowMs = 1_600
    assert.ok(breaker.allows())
    breaker.succeeded()
    assert.ok(breaker.allows() && breaker.allows())
  })
})
