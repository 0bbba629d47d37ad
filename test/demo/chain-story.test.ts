import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followChain } from '../../src/demo/chain-story.ts'
import type { Chain, ChainEvent } from '../../src/ports.ts'

const at = { blockNumber: 7, transaction: '0xab' }
const EVENTS: ChainEvent[] = [
  {
    type: 'macrojobs:settled',
    ...at,
    escrowId: 1n,
    chunk: 0,
    attempt: 0,
    finisher: '0x01',
    counted: 0b101n,
    settled: 0b101n,
    verdicts: [],
    payees: [
      { wallet: '0x01', count: 20n + (1n << 32n) },
      { wallet: '0x02', count: 1n << 32n },
    ],
  },
  { type: 'wallet:convicted', ...at, escrowId: 1n, wallet: '0x02', subject: '0x', burnedWei: 5n },
  { type: 'chain:advanced', blockNumber: 9, timestamp: 1 },
]

/** A chain that tells these events, and then nothing until it is stopped. */
function telling(events: readonly ChainEvent[]): Chain {
  async function* tell(_fromBlock: number, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ChainEvent> {
    yield* events
    await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
  }
  return { events: tell } as unknown as Chain
}

test('the chain’s events add up by name', async () => {
  const lines: string[] = []
  const nameOf = (wallet: string) => `peer ${Number(wallet)}`
  const story = followChain({ chain: telling(EVENTS), nameOf, onEvent: (_, line) => void lines.push(line) })
  await story.until(() => story.blockNumber() >= 9, { signal: AbortSignal.timeout(5_000) })
  assert.deepEqual(story.settled(), [{ name: 'peer 1', chunk: 0, attempt: 0, macroJobs: 2, transaction: '0xab' }])
  assert.deepEqual(story.convicted(), [{ name: 'peer 2', burnedWei: 5n, transaction: '0xab' }])
  assert.deepEqual(
    [...story.paid()],
    [
      ['peer 1', { processed: 20, validated: 1 }],
      ['peer 2', { processed: 0, validated: 1 }],
    ],
  )
  assert.equal(lines.length, 2)
  await assert.rejects(
    story.until(() => false, { signal: AbortSignal.timeout(1) }),
    { name: 'TimeoutError' },
  )
  await story.stop()
})
