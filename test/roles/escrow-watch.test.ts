import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { EscrowFacts } from '../../src/job/escrow-facts.ts'
import { applyRecord } from '../../src/job/filing.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { escrowIdOf, escrowTermsOf, isPaid, type Paid } from '../../src/job/payment.ts'
import { createJobView } from '../../src/job/view.ts'
import { silentLogger } from '../../src/log.ts'
import type { AttemptRef, Chain, Settlement } from '../../src/ports.ts'
import { jobIdOfInfo } from '../../src/protocol/records.ts'
import { escrowWatcher } from '../../src/roles/escrow-watch.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import { startWorld, TOKEN, units, type World } from '../chain/support/world.ts'
import { paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const PROPOSAL = `0x${'ab'.repeat(32)}`
/** Of the devnet's wallets. */
const PEER = 1
const READS = ['job', 'attempt', 'nextAttempt', 'settled', 'stake'] as const

describe('what a peer knows of an escrow', () => {
  let world: World
  let requester: Chain
  let peer: Chain
  before(async () => {
    world = await startWorld()
    ;[requester, peer] = await Promise.all([world.open(0), world.open(PEER)])
    await peer.bond(600n * TOKEN)
  })
  after(() => world.stop())

  /** A Job of `chunks` chunks of one MicroJob each, on its escrow. */
  async function place(chunks: number, lastsSeconds = 86_400): Promise<Paid<JobInfo>> {
    const { chainId, escrow } = world.devnet.chain
    const shape = paidInfo(plainInfo(chunks, 1, 1, peerName(16), 1), 1)
    const deadline = (await requester.head()).timestamp + lastsSeconds
    const prices = { validationPriceWei: '7', finisherPriceWei: '3', minBondWei: (500n * TOKEN).toString() }
    const info = {
      ...shape,
      name: `job ${places++}`,
      wallet: requester.wallet,
      deadline,
      payment: { ...shape.payment!, ...prices, chainId, escrow },
    }
    if (!isPaid(info)) throw new TypeError('expected a paid Job')
    await requester.open(escrowTermsOf(info, jobIdOfInfo(info)))
    return info
  }
  let places = 0

  /** Follows the escrow of `info` over a chain whose reads are noted. */
  function watch(info: Paid<JobInfo>, chain: Chain = requester) {
    const jobId = jobIdOfInfo(info)
    const asked: string[] = []
    let under = 0
    let most = 0
    const noted = Object.create(chain) as Chain
    for (const name of READS) {
      const read = chain[name] as (...args: unknown[]) => Promise<unknown>
      Object.assign(noted, {
        [name]: async (...args: unknown[]) => {
          asked.push(
            `${name} ${args
              .slice(0, -1)
              .map((arg) => (typeof arg === 'object' ? (arg as AttemptRef).chunk : arg))
              .join(' ')}`,
          )
          most = Math.max(most, ++under)
          return read(...args).finally(() => under--)
        },
      })
    }
    // As each block reaches the watch: what it asks for at once is noted by then.
    let block = -1
    noted.events = async function* (from, options) {
      for await (const event of chain.events(from, options)) {
        yield event
        if (event.type === 'chain:advanced') block = event.blockNumber
        look()
      }
    }
    const view = createJobView(jobId)
    applyRecord(view, info.requester, { kind: 'job', info })
    const changed = new Set<() => void>()
    const waiting = new Set<() => void>()
    const look = () => [...waiting].forEach((wake) => void wake())
    let facts: EscrowFacts | undefined
    const heard = (found: EscrowFacts) => {
      facts = found
      view.escrow = found
      look()
    }
    const session = {
      jobId,
      view,
      heard,
      onChange: (listener: () => void) => {
        changed.add(listener)
        return () => void changed.delete(listener)
      },
    }
    const ended = new AbortController()
    const components = { chain: noted, clock: systemClock, logger: silentLogger }
    const stop = escrowWatcher(components, { signal: ended.signal })(session as unknown as JobSession, info)
    const until = async (holds: () => boolean | undefined) => {
      while (!holds()) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    }
    return {
      /** What was asked for since the last time. */
      asked: () => asked.splice(0),
      most: () => most,
      until: (holds: (facts: EscrowFacts) => boolean) => until(() => facts && holds(facts)),
      /** After the watch has heard of all blocks up to now, and done what it does then. */
      async settled() {
        const { number } = await chain.head()
        await until(() => block >= number)
      },
      join(name: string, wallet: string) {
        applyRecord(view, name, { kind: 'peer', wallet, certificate: new Uint8Array(1), fingerprint: null })
        for (const listener of changed) listener()
      },
      stop() {
        stop()
        ended.abort()
      },
    }
  }

  const mine = (blocks: number) => world.rpc('anvil_mine', `0x${blocks.toString(16)}`)
  const idOf = (info: Paid<JobInfo>) => escrowIdOf(info, jobIdOfInfo(info))
  const commit = async (at: AttemptRef, root = 11n) => {
    const signatures = [await world.sign(PEER, { kind: 'root-endorsement', ...at, root, proposal: PROPOSAL })]
    await peer.commitRoot({ ...at, root, proposal: PROPOSAL, signatures })
  }
  const settlement = async (at: AttemptRef, root = 11n): Promise<Settlement> => {
    const beacon = (await peer.attempt(at))!.beacon!
    const signature = await world.sign(PEER, { kind: 'verdict', ...at, macroJob: at.chunk, root, beacon, verdict: 5n })
    const pair = [1n, 2n] as [bigint, bigint]
    return {
      ...at,
      counted: 1n,
      validations: [{ verdict: 5n, signature }],
      payees: [{ wallet: peer.wallet, count: units(1n, 1n) }],
      commitment: 9n,
      proof: { a: pair, b: [pair, pair], c: pair },
    }
  }

  for (const chunks of [2, 2_000]) {
    it(`costs no call at an empty block, with ${chunks} chunks`, async () => {
      const info = await place(chunks)
      await peer.engage(idOf(info))
      const watched = watch(info)
      await watched.until(({ state }) => state === 'working')
      // The events begin with the newest block, which may be the one in which the Job was begun.
      await mine(1)
      await watched.settled()
      const first = watched.asked().filter((call) => !call.startsWith('job'))
      assert.deepEqual(new Set(first), new Set(Array.from({ length: chunks }, (_, chunk) => `nextAttempt ${idOf(info)} ${chunk}`)))
      assert.equal(first.length, chunks, 'each chunk is asked about once')
      assert.ok(watched.most() <= 8, `${watched.most()} calls at once`)
      for (let block = 0; block < 5; block++) {
        await mine(1)
        await watched.settled()
      }
      assert.deepEqual(watched.asked(), [])
      await commit({ escrowId: idOf(info), chunk: 1, attempt: 0 })
      await watched.until(({ attempts }) => attempts.has('1/0'))
      const asked = watched.asked()
      assert.ok(asked.length <= 8, asked.join())
      assert.deepEqual(
        new Set(asked.filter((call) => !call.startsWith('job'))),
        new Set([`nextAttempt ${idOf(info)} 1`, `settled ${idOf(info)} 1`, 'attempt 1']),
      )
      watched.stop()
    })
  }

  it('follows each event: a Job begun, a root, its beacon, a settlement, the end', async () => {
    const info = await place(1)
    const at = { escrowId: idOf(info), chunk: 0, attempt: 0 }
    const watched = watch(info)
    await watched.until(({ state }) => state === 'open')
    await peer.engage(at.escrowId)
    await watched.until(({ state }) => state === 'working')
    await commit(at)
    await watched.until(({ attempts }) => attempts.get('0/0')?.root === 11n)
    await mine(3)
    await peer.pinBeacon(at)
    await watched.until(({ attempts }) => attempts.get('0/0')?.beacon !== undefined)
    await peer.settle(await settlement(at))
    await watched.until(({ state, settled }) => state === 'settled' && settled.get(0) === 1n)
    watched.stop()
  })

  it('follows a call-off, and bonds that come and go', async () => {
    const info = await place(2)
    const watched = watch(info)
    await watched.until(({ state }) => state === 'open')
    const { wallet } = await world.open(3)
    watched.join(peerName(0), wallet)
    await watched.until(({ stakes }) => stakes.get(wallet.toLowerCase()) === 'gone')
    const third = await world.open(3)
    await third.bond(600n * TOKEN)
    await watched.until(({ stakes }) => stakes.get(wallet.toLowerCase()) === 'bonded')
    await third.requestUnbond(200n * TOKEN)
    await watched.until(({ stakes }) => stakes.get(wallet.toLowerCase()) !== 'bonded')
    await requester.cancel(idOf(info))
    await watched.until(({ state }) => state === 'cancelled')
    watched.stop()
  })

  it('forgets what a reorganisation took', async () => {
    const info = await place(2)
    const at = { escrowId: idOf(info), chunk: 1, attempt: 0 }
    await peer.engage(at.escrowId)
    const watched = watch(info)
    const snapshot = await world.rpc('evm_snapshot')
    await commit(at)
    await mine(3)
    await peer.pinBeacon(at)
    await watched.until(({ attempts }) => attempts.get('1/0')?.beacon !== undefined)
    await peer.stop()
    await world.rpc('evm_revert', snapshot)
    await mine(8)
    await watched.until(({ attempts }) => attempts.size === 0)
    peer = await world.open(PEER)
    await commit(at, 12n)
    await watched.until(({ attempts }) => attempts.get('1/0')?.root === 12n)
    watched.stop()
  })

  it('knows when the deadline has passed, and that it was refunded', async () => {
    const info = await place(2, 3_600)
    const watched = watch(info)
    await watched.until(({ state, closing, expired }) => state === 'open' && !closing && !expired)
    await mine(1)
    await watched.settled()
    watched.asked()
    await world.rpc('evm_increaseTime', 3_550)
    await mine(1)
    await watched.until(({ closing, expired }) => closing && !expired)
    await world.rpc('evm_increaseTime', 100)
    await mine(1)
    await watched.until(({ expired }) => expired)
    assert.deepEqual(watched.asked(), [])
    await peer.refund(idOf(info))
    await watched.until(({ state }) => state === 'refunded')
    watched.stop()
  })
})
