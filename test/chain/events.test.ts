import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Chain, ChainEvent } from '../../src/ports.ts'
import { lying, startProxy } from './support/proxy.ts'
import { BUDGET, startWorld, terms, type World } from './support/world.ts'

describe('the escrow’s events', () => {
  let world: World
  let requester: Chain
  let leaving: AbortController
  before(async () => {
    world = await startWorld()
  })
  beforeEach(async () => {
    requester = await world.open(0)
    leaving = new AbortController()
  })
  afterEach(async () => {
    leaving.abort(new Error('seen enough'))
    await world.closeChains()
  })
  after(() => world.stop())

  type Found = Exclude<ChainEvent, { type: 'chain:advanced' }>
  const isNews = (event: ChainEvent): event is Found => event.type !== 'chain:advanced'
  /** The next events that are more than new blocks. */
  const news = (chain: Chain, fromBlock: number) => {
    const events = chain.events(fromBlock, { signal: leaving.signal })[Symbol.asyncIterator]()
    return async (): Promise<Found> => {
      for (;;) {
        const { value, done } = await events.next()
        if (done) assert.fail('the events ended')
        if (isNews(value)) return value
      }
    }
  }

  it('come in order, from the block asked for on', async () => {
    const from = (await requester.head()).number
    const placed = [terms(), terms()]
    for (const asked of placed) await requester.open(asked)
    const next = news(await world.open(1), from + 1)
    for (const asked of placed) {
      const event = await next()
      assert.equal(event.type, 'job:opened')
      assert.ok(event.type === 'job:opened')
      assert.deepEqual([event.terms, event.requester, event.budgetWei], [asked, requester.wallet, BUDGET])
      assert.equal(event.escrowId, requester.escrowIdOf(requester.wallet, asked.jobId))
    }
    const [first] = placed
    await requester.cancel(requester.escrowIdOf(requester.wallet, first!.jobId))
    const cancelled = await next()
    assert.ok(cancelled.type === 'job:cancelled')
    assert.equal(cancelled.refundedWei, BUDGET)
  })

  it('are void after a reorganisation, and told anew; the transaction that vanished is sent again', async () => {
    const from = (await requester.head()).number
    const next = news(await world.open(1), from + 1)
    const asked = terms()
    await requester.open(asked)
    const opened = await next()
    assert.equal(opened.type, 'job:opened')
    assert.ok(opened.type === 'job:opened')
    // Blocks on top may have come meanwhile: all of them go.
    const depth = (await requester.head()).number - opened.blockNumber + 1
    await world.rpc('anvil_reorg', depth, [])
    const void_ = await next()
    assert.ok(void_.type === 'chain:reorganized', void_.type)
    assert.ok(void_.fromBlock <= opened.blockNumber)
    const again = await next()
    assert.ok(again.type === 'job:opened')
    assert.deepEqual([again.terms, again.transaction], [asked, opened.transaction])
    assert.equal((await requester.job(opened.escrowId))?.heldWei, BUDGET)
  })

  it('hold nothing that one endpoint alone invents or hides', async () => {
    const proxy = await startProxy(() => world.url)
    proxy.behave(lying(({ method }, result) => (method === 'eth_getLogs' ? [] : result)))
    const from = (await requester.head()).number
    const blind = await world.open(1, [proxy.url, world.url])
    const next = news(blind, from + 1)
    await requester.open(terms())
    const first = next()
    assert.equal(await Promise.race([first.then(() => 'told'), world.rpc('anvil_mine', '0x1').then(() => 'silent')]), 'silent')
    proxy.behave(lying((_, result) => result))
    assert.equal((await first).type, 'job:opened')
    await blind.stop()
    await proxy.close()
  })

  it('go on after an outage', async () => {
    const proxy = await startProxy(() => world.url)
    const from = (await requester.head()).number
    const next = news(await world.open(1, [proxy.url]), from + 1)
    await requester.open(terms())
    assert.equal((await next()).type, 'job:opened')
    proxy.behave((_, response) => response.destroy())
    await requester.open(terms())
    const later = next()
    proxy.behave(lying((_, result) => result))
    assert.equal((await later).type, 'job:opened')
    await world.closeChains()
    await proxy.close()
  })

  it('end with the chain', async () => {
    const events = requester.events(0)
    const reading = (async () => {
      for await (const _ of events);
    })()
    await requester.stop()
    await reading
  })
})
