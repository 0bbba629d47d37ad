/** Issue "Part 2", 7: peers with two RPC endpoints, of which the first dies, turns to another chain, or lies, in the middle of a Job. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Behaviour, lying } from '../../chain/support/proxy.ts'
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

const fails = (why: RegExp) => (line: Line) => line.msg === 'an RPC endpoint fails' && why.test(String(line.error))
const readsNothing = ({ msg, error }: Line) =>
  msg === 'the escrow could not be read' && (error as { name?: string } | undefined)?.name === 'ChainSourcesDisagreeError'

it('with two endpoints', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'], { endpoints: 2 })
  const client = await paid.client()

  /** The first endpoint of each peer does so from the Job's first root on; `after` that all peers have logged such a line. */
  const paidThrough = async (name: string, behaviour: Behaviour, matches: (line: Line) => boolean, after = () => {}) => {
    const before = await ledgerOf(paid, peers)
    const noticed = fromRootOn(peers, behaviour, matches).then(after)
    const { draft, expected } = paidJob(name, {}, SHAPE)
    const handle = await client.place(draft)
    const [report] = await Promise.all([finishPaid(handle, expected), noticed])
    assert.equal(report.chunks[0]?.attempts, 1)
    await assertPaid(paid, peers, before, handle, report)
    noErrors(peers)
    mend(peers)
  }

  await t.test('a Job goes on without loss where the first dies', () => paidThrough('dead', dark, fails(/found ECONNRESET|UND_ERR_SOCKET/)))

  // It is asked which chain it serves when it has failed, and comes back.
  await t.test('a Job goes on without loss where the first comes back with another chain', async () => {
    let failures = 0
    const comesBack: Behaviour = (...call) => (failures++ < 2 * peers.length ? dark(...call) : astray(...call))
    await paidThrough('astray', comesBack, fails(/found chain 1/))
  })

  await t.test('nothing is done on the word of a liar, and the Job goes on when it is gone', () =>
    paidThrough('liar', untrue, readsNothing, () => mend(peers)),
  )

  await t.test('a peer does not start where one serves another chain', async () => {
    await assert.rejects(
      paid.startPeer('astray', 3, { endpoints: 2, rpc: astray }),
      /expected chain 31337 behind the RPC endpoint .*, found chain 1/,
    )
  })
})
