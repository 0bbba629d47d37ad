import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chain } from '../../src/ports.ts'
import { cancelJob } from '../../src/roles/cancel-job.ts'
import { CancelUnheardError, JobOverError, NotThePayerError, NotTheRequesterError } from '../../src/roles/errors.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import type { JobsBoard } from '../../src/roles/jobs-board.ts'
import { handClock, outcomeOf } from '../client/support.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const requester = peerName(16)
const holder = peerName(4)

function placed(info = plainInfo(2, 2, 2, requester)) {
  const world = new JobWorld(info, [{}, {}])
  const { view } = world
  const dropped: string[] = []
  const board = { find: () => undefined, drop: (jobId: string) => void dropped.push(jobId) } as unknown as JobsBoard
  const append = async (record: { kind: 'cancel' }) => world.write(requester, record)
  /** Whom the word has reached, and when: two comparisons, the second begun after it was written. */
  const reached = new Map<string, number>()
  const network = { living: [holder], isSlow: false }
  const syncWith = async (peer: string, { signal }: { signal: AbortSignal }) => {
    signal.throwIfAborted()
    if (network.isSlow) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    if (!network.living.includes(peer)) throw new Error('gone')
    reached.set(peer, (reached.get(peer) ?? 0) + 1)
  }
  const session = { jobId: view.jobId, view, append, log: { syncWith } } as unknown as JobSession
  const clock = handClock()
  const times = { unixMs: 0 }
  const components = { board, clock, unixMs: () => times.unixMs, providers: () => [peerName(3), holder, requester] }
  const cancel = (self: string, chain?: Chain, options = {}) => cancelJob({ ...components, self, chain }, session, options)
  return { world, dropped, reached, network, clock, times, cancel }
}

test('only the requester calls a Job off; each time that it does, the word goes out, and it is written once', async () => {
  const { world, dropped, reached, cancel } = placed()
  await assert.rejects(cancel(peerName(0)), NotTheRequesterError)
  await cancel(requester)
  assert.deepEqual(dropped, [world.view.jobId])
  assert.deepEqual([...reached], [[holder, 2]])
  const { version } = world.view
  assert.deepEqual(await cancel(requester), { refundedWei: 0n })
  assert.deepEqual([[...reached], world.view.version], [[[holder, 4]], version])
})

test('a Job whose deadline has passed is not cancelled, and nothing is written; one that was cancelled before is brought to others all the same', async () => {
  const { world, dropped, times, reached, cancel } = placed({ ...plainInfo(2, 2, 2, requester), deadline: 1000 })
  times.unixMs = 1_000_000
  await assert.rejects(cancel(requester), (error: unknown) => error instanceof JobOverError && error.state === 'expired')
  assert.deepEqual([dropped.length, world.view.cancelledBy.size, reached.size], [0, 0, 0])
  times.unixMs = 999_999
  await cancel(requester)
  times.unixMs = 1_000_000
  await cancel(requester)
  assert.deepEqual([...reached], [[holder, 4]])
})

test('a Job that is agreed is not cancelled, and nothing is written', async () => {
  const { world, dropped, cancel } = placed()
  world.settle((macro) => macro % 2)
  await assert.rejects(
    cancel(requester),
    (error: unknown) => error instanceof JobOverError && error.state === 'agreed' && error.exitCode === 1,
  )
  assert.deepEqual([dropped.length, world.view.cancelledBy.size], [0, 0])
})

test('a paid Job is called off by the wallet that paid, in whatever letters its address is written; another hears which key to give', async () => {
  const info = paidInfo(plainInfo(2, 2, 2, requester))
  const { cancel } = placed(info)
  const asked: bigint[] = []
  const job = async () => ({ state: 'open', heldWei: 7n })
  const cancelled = async (escrowId: bigint) => void asked.push(escrowId)
  const chainOf = (wallet: string) => ({ ...info.payment, wallet, job, cancel: cancelled }) as unknown as Chain
  const other = `0x${'99'.repeat(20)}`
  await assert.rejects(cancel(requester, chainOf(other)), (error: unknown) => {
    assert.ok(error instanceof NotThePayerError)
    assert.deepEqual([error.exitCode, error.payer], [2, info.wallet])
    assert.match(`${error.message} ${error.hint}`, new RegExp(`${other}.*--wallet-key-file`))
    return true
  })
  assert.deepEqual(asked, [])
  assert.equal((await cancel(requester, chainOf(info.wallet!.toLowerCase()))).refundedWei, 7n)
  assert.equal(asked.length, 1)
})

test('a word that nobody has taken is no cancelled Job: it says so in time, and is brought to the first that comes', async () => {
  const { world, network, clock, reached, cancel } = placed()
  network.living = []
  const unheard = cancel(requester)
  const isTold = (error: unknown) => error instanceof CancelUnheardError && error.exitCode === 3 && /none of 2/.test(error.message)
  const rejected = assert.rejects(unheard, isTold)
  assert.equal(await outcomeOf(unheard), 'still waiting')
  clock.pass(9999)
  assert.equal(await outcomeOf(unheard), 'still waiting')
  clock.pass(1)
  await rejected
  assert.equal(world.view.cancelledBy.size, 1)
  // Nor does a peer that gives no answer at all.
  network.isSlow = true
  const slow = assert.rejects(cancel(requester), CancelUnheardError)
  clock.pass(10_000)
  await slow
  network.isSlow = false
  const again = cancel(requester)
  assert.equal(await outcomeOf(again), 'still waiting')
  network.living = [holder]
  clock.pass(500)
  assert.deepEqual(await again, { refundedWei: 0n })
  assert.deepEqual([...reached], [[holder, 2]])
})

test('who asks for the end while the word is brought to others has it at once', async () => {
  const { network, cancel } = placed()
  network.living = []
  const end = new AbortController()
  const cancelled = cancel(requester, undefined, { signal: end.signal })
  assert.equal(await outcomeOf(cancelled), 'still waiting')
  const reason = new Error('enough')
  const rejected = assert.rejects(outcomeOf(cancelled), reason)
  end.abort(reason)
  await rejected
})

test('who asks for the end while the chain is asked has it at once, from whichever call of it is under way', async () => {
  const info = paidInfo(plainInfo(2, 2, 2, requester))
  const silent = (_: bigint, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const open = async () => ({ state: 'open', heldWei: 7n })
  for (const calls of [{ job: silent }, { job: open, cancel: silent }]) {
    const { cancel } = placed(info)
    const end = new AbortController()
    const chain = { ...info.payment, wallet: info.wallet, ...calls } as unknown as Chain
    const cancelled = cancel(requester, chain, { signal: end.signal })
    assert.equal(await outcomeOf(cancelled), 'still waiting')
    const reason = new Error('enough')
    const rejected = assert.rejects(outcomeOf(cancelled), reason)
    end.abort(reason)
    await rejected
  }
})
