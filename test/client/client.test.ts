import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createClientOn } from '../../src/client/client.ts'
import { ClientClosedError } from '../../src/client/errors.ts'
import { systemClock } from '../../src/clock.ts'
import type { JobDraft } from '../../src/job/draft.ts'
import { InvalidJobInfoError } from '../../src/job/errors.ts'
import { silentLogger } from '../../src/log.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import type { Blocks, Chain, JobLog, Network, PeerId, Replica, Streams } from '../../src/ports.ts'
import { holdReplyCodec } from '../../src/protocol/messages.ts'
import { recordLogSchema } from '../../src/protocol/records.ts'
import { createReplica } from '../../src/replica/replica.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { JobFailedError, JobNotFoundError, NoHolderError, NoPayingChainError, PriceInEscrowError } from '../../src/roles/errors.ts'
import { HOLD_SPEC } from '../../src/roles/holder.ts'
import { createFakeNetwork, type FakeNetwork } from '../fakes/network.ts'

const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const draft: JobDraft = { name: 'lonely', code: '//', data: null, slicing: { layout: 'sequence', blockElements: 8 } } as JobDraft

interface Hooks {
  opening?: () => void
  asking?: () => void
  /** What the client is given for a log that it opened. */
  opened?: (log: JobLog) => Promise<JobLog>
}

/** A client whose blocks only count who is pinned, and a peer that holds Jobs where `holds` says so. */
async function clientOn(holds: boolean, open?: Chain['open'], hooks: Hooks = {}, fake = createFakeNetwork()) {
  const signer = createSigner(randomBytes(32))
  const holder: PeerId = createSigner(randomBytes(32)).peer
  const { channels, streams } = fake.peer(signer.peer)
  await fake.peer(holder).streams.serve(HOLD_SPEC, async function* () {
    yield holdReplyCodec.encode(holds ? { type: 'held', bytes: 1 } : { type: 'refused', code: 'full' })
  })
  const pinned = new Set<string>()
  const blocks = {
    async put(_: Uint8Array, { owner = '' } = {}) {
      pinned.add(owner)
      return cid
    },
    release: async (owner: string) => void pinned.delete(owner),
  } as unknown as Blocks
  const common = { channels, streams, signer, verify: verifySignature, clock: systemClock, logger: silentLogger }
  const request: Streams['request'] = (...call) => {
    hooks.asking?.()
    return streams.request(...call)
  }
  const made = await createReplica({ ...common, streams: { ...streams, request }, schema: recordLogSchema, store: createMemoryStore() })
  const openLog: Replica['open'] = async (...call) => {
    hooks.opening?.()
    const log = await made.open(...call)
    return hooks.opened?.(log) ?? log
  }
  const replica = { ...made, open: openLog }
  const network = { self: signer.peer, channels, streams, peers: () => [holder] } as unknown as Network
  const stopped: string[] = []
  const stop = async () => {
    await replica.stop()
    stopped.push('the platform')
  }
  const chain = open && payingChain(open)
  const parts = {
    ...common,
    network,
    replica,
    blocks,
    wallet: chain?.wallet ?? null,
    holders: () => [holder],
    findTimeoutMs: 2000,
    stop,
    ...(chain && { chain }),
  }
  const client = await createClientOn(parts)
  return { client, replica, pinned, stopped, chain, cancelled: chain?.cancelled }
}

/** A chain without a Job in it, on which `open` is what becomes of a payment. */
function payingChain(open: Chain['open']) {
  const cancelled: bigint[] = []
  const cancel = async (escrowId: bigint) => {
    cancelled.push(escrowId)
    return { outcome: 'already-done' as const }
  }
  const silence = async function* () {}
  const rules = async () => ({ maxDurationSeconds: 604_800, slashBps: 2500, minBondWei: 1n })
  const reading = {
    rules,
    job: async () => undefined,
    head: async () => ({ number: 1, timestamp: 1 }),
    events: silence,
    stop: async () => {},
  }
  const place = { chainId: 31337, escrow: `0x${'e5'.repeat(20)}`, wallet: `0x${'99'.repeat(20)}` }
  return { ...place, ...reading, open, cancel, cancelled } as unknown as Chain & { cancelled: bigint[] }
}

/** An error as the chain's adapter throws it: roles know it by name. */
const named = (name: string) => Object.assign(new Error(name), { name })

describe('the Jobs of a client', () => {
  it('hold none that could not be placed', async () => {
    const { client, replica, pinned } = await clientOn(false)
    await assert.rejects(client.place(draft), NoHolderError)
    assert.deepEqual([await client.jobs(), await replica.jobs(), pinned.size], [[], [], 0])
    await client.close()
  })

  it('hold none whose deadline has passed', async () => {
    const { client, replica, pinned } = await clientOn(true)
    await assert.rejects(client.place({ ...draft, deadline: 1_700_000_000 }), /deadline.*2023-11-14T22:13:20/)
    // All that is wrong is told at once.
    const { problems } = await client.place({ ...draft, name: '', deadline: 1_700_000_000 }).then(
      () => assert.fail('it was placed'),
      (error: InvalidJobInfoError) => error,
    )
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['name', 'deadline'],
    )
    assert.deepEqual([await replica.jobs(), pinned.size], [[], 0])
    await client.close()
  })

  it('hold none whose draft says what no draft says, and all of that is told at once', async () => {
    const { client, replica, pinned } = await clientOn(true)
    const problemsOf = async (value: unknown) => {
      const error = await client.place(value as JobDraft).then(
        () => assert.fail('it was placed'),
        (reason: unknown) => reason,
      )
      assert.ok(error instanceof InvalidJobInfoError, String(error))
      return error.problems.map(({ path, message }) => `${path}: ${message}`)
    }
    // One that was placed so would pay nobody.
    assert.deepEqual(await problemsOf({ ...draft, unitPriceWie: '5' }), [': unknown "unitPriceWie"'])
    assert.deepEqual(await problemsOf({ ...draft, data: 'hello', params: 'x', deadline: 1 }), [
      'params: expected a list, found "x"',
      'data: expected a Uint8Array, found "hello"',
      'deadline: expected a time to come, in seconds since 1970, found 1970-01-01T00:00:01.000Z',
    ])
    assert.deepEqual(await problemsOf({}), [
      'name: missing, expected a text',
      'code: missing, expected a text',
      'slicing: missing, expected an object',
    ])
    assert.deepEqual(await problemsOf({ ...draft, data: new Uint8Array(8), dataUri: `ipfs://${cid}` }), [
      'dataUri: expected data or dataUri, found both',
    ])
    for (const nothing of [null, undefined, 7, []]) assert.match((await problemsOf(nothing)).join(), /expected an object/)
    assert.deepEqual([await replica.jobs(), pinned.size], [[], 0])
    await client.close()
  })

  it('hold none that was looked for and not found', async () => {
    const { client, replica } = await clientOn(true)
    await assert.rejects(client.job('00'.repeat(31)), JobNotFoundError)
    assert.deepEqual([await client.jobs(), await replica.jobs()], [[], []])
    await client.close()
  })

  it('hold what was placed', async () => {
    const { client, replica } = await clientOn(true)
    const { jobId } = await client.place(draft)
    const jobs = await client.jobs()
    assert.deepEqual([jobs.map((job) => job.jobId), await replica.jobs()], [[jobId], [jobId]])
    // 5 MacroJobs of 10 MicroJobs and one that validates them.
    assert.deepEqual([jobs[0]?.total, jobs[0]?.done], [55, 0])
    await client.close()
  })

  it('are asked of a closed client in vain, and it says so', async () => {
    const { client } = await clientOn(true)
    await client.close()
    for (const asked of [client.place(draft), client.jobs(), client.job('00'.repeat(31)), client.read(cid)]) {
      await assert.rejects(asked, ClientClosedError)
    }
    assert.throws(() => client.peers(), ClientClosedError)
  })

  it('are waited for in vain where the client is closed, and it says so', async () => {
    const { client } = await clientOn(true)
    const job = await client.place(draft)
    const events = async () => {
      for await (const _ of job);
    }
    const waiting = [events(), job.result(), client.jobs()].map((promise) => assert.rejects(promise, ClientClosedError))
    await new Promise(setImmediate)
    await client.close()
    await Promise.all(waiting)
    for (const promise of [events(), job.result(), job.cancel()]) await assert.rejects(promise, ClientClosedError)
  })

  for (const [name, told] of [
    ['StorageStoppedError', ClientClosedError],
    ['ChainStoppedError', PriceInEscrowError],
  ] as const) {
    it(`are not placed where the client is closed meanwhile, and it says so, or where their price may be (${name})`, async () => {
      const { client } = await clientOn(true, async () => {
        client.close().catch(() => {})
        throw named(name)
      })
      await assert.rejects(client.place({ ...draft, unitPriceWei: '5' }), told)
      await client.close()
    })
  }

  it('are all in the list, or there is none: whoever asks for its end has that', async () => {
    const hooks: Hooks = {}
    const { client } = await clientOn(true, undefined, hooks)
    for (const name of ['one', 'two', 'three']) await (await client.place({ ...draft, name })).close()
    assert.equal((await client.jobs()).length, 3)
    const reason = new Error('enough')
    const abortedAt = async (moment: 'opening' | 'asking' | 'none', count: number) => {
      const end = new AbortController()
      let left = count
      if (moment !== 'none') hooks[moment] = () => --left === 0 && end.abort(reason)
      else setTimeout(() => end.abort(reason), count)
      await assert.rejects(client.jobs({ signal: end.signal }), reason, `${moment} ${count}`)
      delete hooks.opening
      delete hooks.asking
    }
    await abortedAt('none', 0)
    for (const count of [1, 2, 3]) await abortedAt('opening', count)
    for (const count of [1, 2, 3]) await abortedAt('asking', count)
    await assert.rejects(client.jobs({ signal: AbortSignal.abort(reason) }), reason)
    assert.equal((await client.jobs()).length, 3)
    await client.close()
  })

  it('stay open for whoever follows them, where another that looked for them has given up', { timeout: 30_000 }, async () => {
    const fake = createFakeNetwork()
    const [placer, hooks] = [await clientOn(true, undefined, {}, fake), {} as Hooks]
    const follower = await clientOn(true, undefined, hooks, fake)
    const placed = await placer.client.place(draft)
    const [reached, end] = [Promise.withResolvers<void>(), new AbortController()]
    // The list waits for a peer that is silent.
    hooks.opened = async (log) => {
      let isFirst = true
      const syncWith: JobLog['syncWith'] = (peer, options) => {
        if (!isFirst) return log.syncWith(peer, options)
        isFirst = false
        reached.resolve()
        return new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)))
      }
      return { ...log, syncWith }
    }
    const reason = new Error('enough')
    const listed = assert.rejects(follower.client.jobs({ signal: end.signal }), reason)
    await reached.promise
    const followed = await follower.client.job(placed.jobId)
    end.abort(reason)
    await listed
    assert.deepEqual(await follower.replica.jobs(), [placed.jobId])
    const told = assert.rejects(followed.result(), JobFailedError)
    await placed.cancel()
    await told
    await followed.close()
    assert.deepEqual(await follower.replica.jobs(), [placed.jobId])
    for (const { client } of [follower, placer]) await client.close()
  })

  it('are found for the second that looks for them, where the first gives up before their log is open', { timeout: 30_000 }, async () => {
    const fake = createFakeNetwork()
    const [placer, hooks] = [await clientOn(true, undefined, {}, fake), {} as Hooks]
    const follower = await clientOn(true, undefined, hooks, fake)
    const { jobId } = await placer.client.place(draft)
    const [opened, gate, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), new AbortController()]
    hooks.opened = async (log) => {
      opened.resolve()
      await gate.promise
      return log
    }
    const reason = new Error('enough')
    const first = assert.rejects(follower.client.job(jobId, { signal: end.signal }), reason)
    const second = follower.client.job(jobId)
    await opened.promise
    end.abort(reason)
    await first
    gate.resolve()
    assert.equal((await second).summary().jobId, jobId)
    for (const { client } of [follower, placer]) await client.close()
  })

  it('leave no trace where whoever looks for them gives up before their log is open', async () => {
    const hooks: Hooks = {}
    const { client, replica } = await clientOn(true, undefined, hooks)
    const [opened, gate, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), new AbortController()]
    hooks.opened = async (log) => {
      opened.resolve()
      await gate.promise
      return log
    }
    const reason = new Error('enough')
    const ended = assert.rejects(client.job('00'.repeat(31), { signal: end.signal }), reason)
    await opened.promise
    end.abort(reason)
    await ended
    gate.resolve()
    delete hooks.opened
    await assert.rejects(client.job('00'.repeat(31)), JobNotFoundError)
    assert.deepEqual(await replica.jobs(), [])
    await client.close()
  })

  it('are not found where their log does not open in time', async () => {
    const hooks: Hooks = {}
    const { client } = await clientOn(true, undefined, hooks)
    const gate = Promise.withResolvers<void>()
    hooks.opened = async (log) => {
      await gate.promise
      return log
    }
    await assert.rejects(client.job('00'.repeat(31)), JobNotFoundError)
    gate.resolve()
    await client.close()
  })

  it('are all let go where one cannot be closed, and with them all else; the client tells what failed unless the handle has told it', async () => {
    for (const isTold of [false, true]) {
      const [hooks, fake]: [Hooks, FakeNetwork] = [{}, createFakeNetwork()]
      const { client, stopped } = await clientOn(true, undefined, hooks, fake)
      const onlooker = await clientOn(true, undefined, {}, fake)
      assert.deepEqual(onlooker.client.peers(), [client.self])
      const reason = new Error('the log')
      const closed: string[] = []
      const place = async (name: string, fails: boolean) => {
        hooks.opened = async (log) => ({
          ...log,
          async close() {
            closed.push(name)
            if (fails) throw reason
            await log.close()
          },
        })
        return client.place({ ...draft, name })
      }
      const first = await place('first', true)
      await place('second', false)
      if (isTold) await assert.rejects(first.close(), reason)
      const end = client.close()
      if (isTold) await end
      else await assert.rejects(end, reason)
      assert.deepEqual([closed, stopped, onlooker.client.peers()], [['first', 'second'], ['the platform'], []])
      await onlooker.client.close()
    }
  })

  it('are let go where the chain cannot be: all else is closed', async () => {
    const { client, chain, stopped } = await clientOn(true, async () => ({ outcome: 'already-done' }))
    const reason = new Error('the chain')
    Object.assign(chain!, { stop: () => Promise.reject(reason) })
    await assert.rejects(client.close(), reason)
    assert.deepEqual(stopped, ['the platform'])
  })

  it('that pay are not placed without a chain', async () => {
    const { client, replica } = await clientOn(true)
    await assert.rejects(client.place({ ...draft, unitPriceWei: '5' }), NoPayingChainError)
    assert.deepEqual(await replica.jobs(), [])
    await client.close()
  })

  it('are kept where nobody knows whether their price arrives, so that they can be cancelled', async () => {
    let id = ''
    const { client, replica, cancelled } = await clientOn(true, async (_, { onSent } = {}) => {
      assert.deepEqual(await replica.jobs(), [id])
      onSent?.('0x1')
      throw named('TransactionPendingError')
    })
    const onPrice = ({ jobId }: { jobId: string }) => {
      id = jobId
    }
    const isTold = (error: unknown) => error instanceof PriceInEscrowError && error.jobId === id
    await assert.rejects(client.place({ ...draft, unitPriceWei: '5' }, { onPrice }), isTold)
    assert.deepEqual([await replica.jobs(), cancelled], [[id], []])
    await client.close()
  })

  it('leave nothing where the chain refuses their price, and have it back where nobody holds them', async () => {
    const poor = await clientOn(true, () => Promise.reject(named('InsufficientTokensError')))
    await assert.rejects(poor.client.place({ ...draft, unitPriceWei: '5' }), { name: 'InsufficientTokensError' })
    assert.deepEqual([await poor.replica.jobs(), poor.cancelled], [[], []])
    await poor.client.close()
    const alone = await clientOn(false, async () => ({ outcome: 'already-done' }))
    await assert.rejects(alone.client.place({ ...draft, unitPriceWei: '5' }), NoHolderError)
    assert.deepEqual([await alone.replica.jobs(), alone.cancelled?.length], [[], 1])
    await alone.client.close()
  })
})
