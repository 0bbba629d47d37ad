import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { PeerId } from '../../src/ports.ts'
import { type JobNotice, jobsCodec } from '../../src/protocol/messages.ts'
import { peerIdFromPublicKey } from '../../src/protocol/peer-id.ts'
import { createJobsBoard } from '../../src/roles/jobs-board.ts'
import { packReplies } from '../../src/roles/jobs-reply.ts'
import { createFakeNetwork, type FakeNetwork } from '../fakes/network.ts'

const newPeer = (): PeerId => peerIdFromPublicKey(randomBytes(32))
const holders = Array.from({ length: 8 }, newPeer)
const largest = (): JobNotice => ({
  jobId: randomBytes(31).toString('hex'),
  unitPriceWei: '9'.repeat(78),
  openMicroJobs: 2 ** 31,
  holders,
})

async function boardOn(network: FakeNetwork, answersFirst = false) {
  const self = newPeer()
  return { self, board: await createJobsBoard({ channels: network.peer(self).channels, clock: systemClock }, { answersFirst }) }
}

/** The fake network delivers in microtasks. */
const settled = () => new Promise(setImmediate)

describe('the list of open Jobs', () => {
  it('reaches a newcomer although the notices are as large as they may be', async () => {
    const network = createFakeNetwork()
    const { board: bootstrap } = await boardOn(network, true)
    for (let index = 0; index < 250; index++) await bootstrap.announce(largest())
    const { board: newcomer } = await boardOn(network)
    await newcomer.ask()
    await settled()
    assert.equal(newcomer.notices().length, 250)
  })

  it('is packed into a bounded number of messages, each of which encodes', () => {
    const replies = packReplies(newPeer(), Array.from({ length: 2000 }, largest))
    assert.equal(replies.length, 4)
    for (const reply of replies) assert.ok(jobsCodec.encode(reply).length > 60_000)
    assert.deepEqual(packReplies(newPeer(), []), [])
  })

  it("keeps another's Jobs although one author announces a thousand, and names them among the first", async () => {
    const network = createFakeNetwork()
    const { board: bootstrap } = await boardOn(network, true)
    const { board: attacker } = await boardOn(network)
    const { board: honest, self } = await boardOn(network)
    const job = largest()
    for (let index = 0; index < 500; index++) await attacker.announce(largest())
    await honest.announce(job)
    for (let index = 0; index < 500; index++) await attacker.announce(largest())
    await settled()
    assert.equal(bootstrap.notices().length, 65)
    assert.equal(bootstrap.authorOf(job.jobId), self)
    const { board: newcomer } = await boardOn(network)
    await newcomer.ask()
    await settled()
    assert.ok(newcomer.notices().findIndex(({ jobId }) => jobId === job.jobId) < 2)
  })

  it("does not let another's word change the price, or push out the holders", async () => {
    const network = createFakeNetwork()
    const { board: reader } = await boardOn(network)
    const { board: honest, self } = await boardOn(network)
    const { board: attacker } = await boardOn(network)
    const job = { ...largest(), unitPriceWei: '7', holders: [self] }
    await honest.announce(job)
    await settled()
    await attacker.announce({ ...job, unitPriceWei: '0', holders })
    await settled()
    assert.equal(reader.find(job.jobId)?.unitPriceWei, '7')
    assert.equal(reader.find(job.jobId)?.holders[0], self)
  })

  it('is sent to one asker once in a while, and to a crowd at a bounded rate', async () => {
    const network = createFakeNetwork()
    const { board: bootstrap } = await boardOn(network, true)
    await bootstrap.announce(largest())
    const { board: spammer } = await boardOn(network)
    await settled()
    const answersTo = async (ask: () => Promise<void>) => {
      let answers = 0
      const stop = spammer.onMessage(({ type }) => {
        if (type === 'open-jobs-reply') answers++
      })
      await ask()
      await settled()
      stop()
      return answers
    }
    const often = await answersTo(async () => {
      for (let count = 0; count < 200; count++) await spammer.ask()
    })
    assert.ok(often <= 1, `${often} answers`)
    const askedMs = performance.now()
    const crowd = await answersTo(async () => {
      for (let count = 0; count < 60; count++) await (await boardOn(network)).board.ask()
    })
    // twenty at once, and twenty for each second that it took
    const most = 20 + Math.ceil((20 * (performance.now() - askedMs)) / 1000)
    assert.ok(crowd >= 5 && crowd <= most, `${crowd} answers, of ${most}`)
  })
})
