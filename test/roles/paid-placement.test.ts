import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/log.ts'
import type { Chain } from '../../src/ports.ts'
import { NoHolderError } from '../../src/roles/errors.ts'
import { createHolder } from '../../src/roles/holder.ts'
import { placeJob } from '../../src/roles/requester.ts'
import { createFakeNetwork, type FakeNetwork } from '../fakes/network.ts'
import { CID } from '../support/job-world.ts'
import { fakeBlocks, memoryVault, startRolePeer } from './support.ts'

const HERE = { chainId: 31337, escrow: `0x${'e5'.repeat(20)}` }
const ELSEWHERE = { ...HERE, escrow: `0x${'e6'.repeat(20)}` }
const SIDE = { width: 1, height: 1, elementBytes: 4, block: { width: 1, height: 1 }, step: { x: 1, y: 1 }, layout: 'sequence' as const }
const SLICING = { macroJobs: 1, microJobs: 1, blocks: 1, microJobsPerRow: 1, blocksPerRow: 1, chunkMacroJobs: 1, output: SIDE, input: null }
const PAYMENT = { validationPriceWei: '7', finisherPriceWei: '3', minBondWei: '100' }

/** A holder with this chain, or with none. */
async function startHolder(t: TestContext, network: FakeNetwork, chain?: typeof HERE) {
  const peer = await startRolePeer(t, network, { answersFirst: true })
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
  const holder = await createHolder({ ...peer, blocks: fakeBlocks().blocks, vault: memoryVault(), chain, clock: systemClock, logger })
  t.after(() => holder.stop())
  return { self: peer.self, replica: peer.replica, holder, warnings }
}

/** Places Jobs that pay, and asks these holders in their order. */
async function startRequester(t: TestContext, network: FakeNetwork, holders: readonly { self: string }[]) {
  const peer = await startRolePeer(t, network)
  const calls: string[] = []
  const told: string[] = []
  const chain = {
    ...HERE,
    rules: async () => ({ slashBps: 2500, minBondWei: 1n }),
    open: async () => void calls.push('open'),
    cancel: async () => void calls.push('cancel'),
  } as unknown as Chain
  const blocks = { ...fakeBlocks().blocks, put: async () => CID }
  const components = { ...peer, wallet: `0x${'a1'.repeat(20)}`, blocks, chain, holders: () => holders.map(({ self }) => self) }
  const place = (name: string) =>
    placeJob(
      components,
      { name, code: 'x', slicing: SLICING, unitPriceWei: '5', payment: PAYMENT },
      { onWarning: (line) => void told.push(line) },
    )
  return { place, calls, told }
}

describe('a holder that was not given the chain of a paid Job', () => {
  it('says so to the requester and, once, to its operator, and keeps nothing; the next one is asked', async (t) => {
    const network = createFakeNetwork()
    const blind = await startHolder(t, network)
    const astray = await startHolder(t, network, ELSEWHERE)
    const right = await startHolder(t, network, HERE)
    const { place, told, calls } = await startRequester(t, network, [blind, astray, right])
    assert.deepEqual([blind.warnings, astray.warnings], [[], []])
    for (const name of ['first', 'second']) {
      const placed = await place(name)
      assert.deepEqual(placed.holders, [right.self])
      await placed.session.close()
    }
    const line = (self: string) => `${self} does not hold the Job: it was not given the chain that pays`
    assert.deepEqual(told, [line(blind.self), line(astray.self), line(blind.self), line(astray.self)])
    for (const { holder, replica, warnings } of [blind, astray]) {
      assert.deepEqual([holder.jobs(), await replica.jobs()], [[], []])
      assert.deepEqual(warnings, ['refuses to hold paid Jobs of a chain that it was not given (--chain-file)'])
    }
    assert.deepEqual(calls, ['open', 'open'])
  })

  it('is named with what to do where no other is left, and the price goes back', async (t) => {
    const network = createFakeNetwork()
    const { place, calls } = await startRequester(t, network, [await startHolder(t, network)])
    await assert.rejects(place('nowhere'), (error) => {
      assert.ok(error instanceof NoHolderError)
      assert.match(error.message, /none took it \(no-chain\)/)
      assert.match(error.hint ?? '', /minga bootstrap --chain-file/)
      return true
    })
    assert.deepEqual(calls, ['open', 'cancel'])
  })
})
