/** Issue "Part 2", 7: peers with two RPC endpoints, of which the first dies, turns to another chain, or lies, in the middle of a Job. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { lying } from '../../chain/support/proxy.ts'
import type { Line } from '../support/process.ts'
import { dark, fromRootOn, mend } from './chain-calls.ts'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }

/** A node of another chain that has the same state. */
const astray = lying(({ method }, result) => (method === 'eth_chainId' ? '0x1' : result))
/** Turns the last digit of all that contracts say. */
const untrue = lying(({ method }, result) =>
  method === 'eth_call' ? String(result).replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) : result,
)

const readsNothing = ({ msg, error }: Line) =>
  msg === 'the escrow could not be read' && (error as { name?: string } | undefined)?.name === 'ChainSourcesDisagreeError'

it('with two endpoints', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'], { endpoints: 2 })
  const client = await paid.client()

  /** `trouble` begins with the Job's first root, and resolves when it was felt by all. */
  const paidThrough = async <T>(name: string, trouble: () => Promise<T>): Promise<T> => {
    const before = await ledgerOf(paid, peers)
    const felt = trouble()
    const { draft, expected } = paidJob(name, {}, SHAPE)
    const handle = await client.place(draft)
    const [report, found] = await Promise.all([finishPaid(handle, expected), felt])
    await assertPaid(paid, peers, before, handle, report)
    noErrors(peers)
    return found
  }

  const recover = async () => {
    const well = peers.map((peer) => peer.line(({ msg }) => msg === 'an RPC endpoint answers again', { onlyNew: true }))
    mend(peers)
    await Promise.all(well)
  }

  /** From the first root on the first endpoint of each peer is dark. Resolves when each has been asked. */
  const dies = async () => {
    const asked = new Map(peers.map((peer) => [peer, Promise.withResolvers<void>()]))
    await fromRootOn(peers, (peer) => (...call) => {
      asked.get(peer)?.resolve()
      return dark(...call)
    })
    await Promise.all([...asked.values()].map(({ promise }) => promise))
  }

  /** The same, but each is another chain's from when it is asked whose it is, as peers do of one that has failed. Gives what they asked for since. */
  const strays = async () => {
    const asked = new Map(peers.map((peer) => [peer, Promise.withResolvers<void>()]))
    const methods = new Map(peers.map((peer) => [peer, [] as string[]]))
    await fromRootOn(peers, (peer) => (request, response, pass) => {
      const since = methods.get(peer) as string[]
      if (since.length === 0 && request.method !== 'eth_chainId') return dark(request, response, pass)
      since.push(request.method)
      asked.get(peer)?.resolve()
      return astray(request, response, pass)
    })
    await Promise.all([...asked.values()].map(({ promise }) => promise))
    return methods
  }

  await t.test('a Job goes on without loss where the first dies', async () => {
    await paidThrough('dead', dies)
    await recover()
  })

  await t.test(
    'a Job goes on without loss where the first comes back with another chain, and is asked for nothing but which it is',
    async () => {
      const methods = await paidThrough('astray', strays)
      assert.deepEqual([...new Set([...methods.values()].flat())], ['eth_chainId'])
      await recover()
    },
  )

  await t.test('nothing is done on the word of a liar, and the Job goes on when it is gone', () =>
    paidThrough('liar', async () => {
      const noticed = Promise.all(peers.map((peer) => peer.line(readsNothing, { onlyNew: true })))
      await fromRootOn(peers, () => untrue)
      await noticed
      mend(peers)
    }),
  )

  await t.test('a peer does not start where one serves another chain', async () => {
    await assert.rejects(
      paid.startPeer('astray', 3, { endpoints: 2, rpc: astray }),
      /expected chain 31337 behind the RPC endpoint .*, found chain 1/,
    )
  })
})
