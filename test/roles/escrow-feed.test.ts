import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLogger } from '../../src/log.ts'
import type { ChainEvent } from '../../src/ports.ts'
import { createEscrowFeed } from '../../src/roles/escrow-feed.ts'

it('the chain is followed also where it did not answer at first', async () => {
  let asked = 0
  const waits: number[] = []
  const told: ChainEvent[] = [
    { type: 'job:engaged', escrowId: 1n, wallet: '0x1', blockNumber: 7, transaction: '0x' },
    { type: 'job:engaged', escrowId: 2n, wallet: '0x1', blockNumber: 7, transaction: '0x' },
    { type: 'wallet:convicted', escrowId: 2n, wallet: '0x1', subject: '', burnedWei: 1n, blockNumber: 7, transaction: '0x' },
    { type: 'chain:advanced', blockNumber: 7, timestamp: 1 },
  ]
  const chain = {
    head: async () => {
      if (++asked < 3) throw new Error('no answer')
      return { number: 7, timestamp: 1 }
    },
    async *events(from: number) {
      assert.equal(from, 7)
      yield* told
    },
  }
  const clock = { nowMs: () => 0, sleep: async (ms: number) => void waits.push(ms) }
  const feed = createEscrowFeed({ chain, clock, logger: silentLogger }, { signal: new AbortController().signal })
  const heard: string[] = []
  const done = Promise.withResolvers<void>()
  feed.onEvent(1n, (event) => {
    heard.push(event.type)
    if (event.type === 'chain:advanced') done.resolve()
  })
  await feed.begun
  await done.promise
  assert.deepEqual(heard, ['job:engaged', 'wallet:convicted', 'chain:advanced'])
  assert.deepEqual(waits, [500, 1000])
})
