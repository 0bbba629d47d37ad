/** A peer that nobody can dial, behind a firewall or a NAT: it works by the connections that it opens itself, and its results are fetched over them. */
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import type { JobView } from '../../../src/job/view.ts'
import { numbersJob } from '../support/jobs.ts'
import { noLab } from './support/lab.ts'
import { type LabMember, startLabNetwork } from './support/lab-network.ts'
import { storedView } from './support/stored-view.ts'

const MICRO_JOBS = 6
const MACRO_JOBS = 4
/** A queue promises execution at least once: on a busy machine an owner may be taken for lost. */
const MAX_TWICE = 2
const MEET_MS = 60_000
const BEHAVIOUR = { slowMs: 100, patience: { validateMs: 1000, recheckMs: 1000 } }

it('peers that nobody can dial', { skip: noLab }, async (t) => {
  const network = await startLabNetwork(t)
  const { lab } = network
  const [seed, open, closed, other] = await Promise.all([
    lab.addHost('seed', '198.51.100.1'),
    lab.addHost('open', '198.51.100.2'),
    lab.addHost('closed', '203.0.113.1'),
    lab.addHost('other', '192.0.2.1'),
  ])
  await lab.closeInbound(closed)
  await lab.closeInbound(other)
  const bootstrap = await network.startBootstrap(seed)
  const options = { behaviour: BEHAVIOUR, bootstrap: bootstrap.addresses }
  const works = async (t: TestContext, name: string, members: readonly LabMember[]) => {
    const { draft, expected } = numbersJob({ macroJobs: MACRO_JOBS, microJobs: MICRO_JOBS, blocks: 2 }, { name })
    const job = await network.place(seed, draft, bootstrap)
    const { bytes, report } = await job.finish()
    assert.deepEqual(bytes, Buffer.from(expected))
    assert.deepEqual(report.culprits, [])
    const share = new Map(report.peers.map(({ peer, processed }) => [peer, processed]))
    t.diagnostic(members.map(({ host, peer }) => `${host.name}: ${share.get(peer) ?? 0} MicroJobs`).join(', '))
    const twice = computedTwice(await storedView(network.clientDir(seed), job.jobId), MICRO_JOBS)
    t.diagnostic(`${twice} of ${MACRO_JOBS * MICRO_JOBS} MicroJobs were computed twice`)
    assert.ok(twice <= MAX_TWICE, `${twice} MicroJobs were computed twice`)
    return members.map(({ peer }) => share.get(peer) ?? 0)
  }

  const [reachable, unreachable] = await Promise.all([open, closed].map((host) => network.startPeer(host, options)))
  assert.ok(reachable && unreachable)
  await t.test('one works beside one that can be dialled', async (t) => {
    // Both are needed: who computed a MacroJob does not validate it.
    const [, its = 0] = await works(t, 'beside', [reachable, unreachable])
    assert.ok(its > 0, 'it has a part in the work')
  })

  await t.test('two work without anybody else, through the relay of the bootstrap node', async (t) => {
    await reachable.kill()
    const second = await network.startPeer(other, options)
    await meetThroughRelay([unreachable, second])
    const parts = await works(t, 'alone', [unreachable, second])
    for (const part of parts) assert.ok(part > 0, 'each has a part in the work')
  })
})

/** Resolves when one of the two has dialled the other. */
async function meetThroughRelay(both: readonly LabMember[]): Promise<void> {
  const met = both.map((member) =>
    member.line(({ msg, relayed, address }) => {
      const isOther = both.some(({ peer }) => peer !== member.peer && String(address).endsWith(`/p2p-circuit/p2p/${peer}`))
      return msg === 'member connected' && relayed === true && isOther
    }),
  )
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('the two have not met')), MEET_MS)
  await Promise.race([...met, late.promise]).finally(() => clearTimeout(timer))
}

/** MicroJobs that several peers have committed to in one attempt. */
function computedTwice({ commits }: JobView, microJobs: number): number {
  const processed = [...commits].filter(([key]) => Number(key.split('/')[1]) < microJobs).map(([, all]) => all)
  return processed.filter((all) => new Set(all.map(({ record }) => record.attempt)).size < all.length).length
}
