import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { branchOf, type QueueGrant, type QueueMessage, rankOf, defaultQueueSettings as settings, slotOf } from '../../src/job/queue.ts'
import { createQueueBench } from '../support/queue-bench.ts'

/** Advances until `holds`, in steps of 10 ms; gives the time it took, and fails after `limitMs`. */
function timeUntil(bench: ReturnType<typeof createQueueBench>, holds: () => boolean, limitMs = 60_000): number {
  const startMs = bench.nowMs
  while (!holds()) {
    assert.ok(bench.nowMs - startMs < limitMs, `not within ${limitMs} ms`)
    bench.advance(10)
  }
  return bench.nowMs - startMs
}

const owners = (bench: ReturnType<typeof createQueueBench>, peers: string[]) => new Set(peers.map((peer) => bench.state(peer).owner))

describe('queue faults', () => {
  it('1: an owner that dies with the queue is replaced, and its MicroJobs are locked again', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 2 })
    bench.take('a', 2)
    bench.advance(20)
    assert.equal(bench.state('b').openCount, 0)
    bench.stop('a')
    bench.take('b', 2)
    for (const peer of ['b', 'c']) bench.event(peer, { type: 'peer', peer: 'a', change: 'left' })
    const claimMs = timeUntil(bench, () => bench.state('b').owner !== 'a')
    assert.ok(claimMs <= settings.ownerLeftMs + 2 * settings.claimStepMs, `claimed after ${claimMs} ms`)
    const relockMs = timeUntil(bench, () => bench.working('b').length === 2)
    assert.ok(claimMs + relockMs <= 1.2 * settings.leaseMs, `relocked after ${claimMs + relockMs} ms`)
    assert.equal(owners(bench, ['b', 'c']).size, 1)
  })

  it('1: an owner that falls silent is replaced after its timeout, by the first in rank', () => {
    const bench = createQueueBench(['a', 'b', 'c', 'd'], { n: 4 })
    bench.advance(1_000)
    bench.stop('a')
    const claimMs = timeUntil(bench, () => bench.state('b').owner !== 'a')
    assert.ok(claimMs <= 1.2 * settings.ownerTimeoutMs, `claimed after ${claimMs} ms`)
    const [first] = ['b', 'c', 'd'].sort((x, y) => rankOf('macro', 2, x) - rankOf('macro', 2, y))
    assert.equal(bench.state('b').owner, first)
  })

  it('2: of two claims of one epoch the lower rank wins everywhere, in any order of arrival', () => {
    const peers = ['a', 'b', 'c', 'd']
    const bench = createQueueBench(peers, { n: 6 })
    bench.advance(500)
    bench.stop('a')
    const claims = (message: QueueMessage) => message.type === 'claim'
    bench.lose = () => true
    timeUntil(bench, () => ['b', 'c', 'd'].every((peer) => bench.state(peer).owner === peer))
    const sent = bench.sent.filter(({ message }) => claims(message))
    assert.deepEqual(new Set(sent.map(({ message }) => message.epoch)), new Set([2]))
    bench.lose = () => false
    for (const order of [sent, sent.toReversed()]) {
      for (const { from, message } of order)
        for (const to of ['b', 'c', 'd']) if (to !== from) bench.event(to, { type: 'message', from, message })
    }
    const [first] = ['b', 'c', 'd'].sort((x, y) => rankOf('macro', 2, x) - rankOf('macro', 2, y))
    assert.deepEqual(owners(bench, ['b', 'c', 'd']), new Set([first]))
  })

  it('3: a lost hand-over is offered again when its receiver asks again', () => {
    const bench = createQueueBench(['a', 'b'], { n: 3 })
    bench.lose = (message) => message.type === 'grant'
    bench.take('b')
    bench.advance(20)
    assert.equal(bench.state('a').owner, 'b')
    assert.notEqual(bench.state('b').owner, 'b')
    bench.lose = () => false
    timeUntil(bench, () => bench.working('b').length === 1, 1_000)
    assert.equal(bench.state('b').owner, 'b')
    assert.equal(bench.sent.filter(({ message }) => message.type === 'claim').length, 0)
  })

  it('4: a requester that dies as the new owner is replaced from the last state', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 3 })
    bench.lose = (message, from) => {
      if (message.type === 'grant' && from === 'a') bench.stop('b')
      return false
    }
    bench.take('b')
    bench.advance(10)
    assert.equal(bench.state('c').owner, 'b')
    bench.take('c', 3)
    timeUntil(bench, () => bench.working('c').length === 3)
    assert.equal(owners(bench, ['a', 'c']).size, 1)
  })

  it('5: halves that worked apart agree again: on the owner, and on every lock', () => {
    const peers = ['a', 'b', 'c', 'd', 'e']
    const bench = createQueueBench(peers, { n: 60 })
    bench.advance(1_000)
    const side = (peer: string) => (peer < 'c' ? 0 : 1)
    bench.lose = (_, from, to) => side(from) !== side(to)
    for (const peer of peers) bench.take(peer, 2)
    bench.advance(4_000)
    assert.equal(owners(bench, peers).size, 2)
    for (const peer of peers) assert.ok(bench.working(peer).length === 2, `${peer} works`)
    bench.lose = () => false
    bench.advance(1_000)
    assert.equal(owners(bench, peers).size, 1)
    const views = peers.map((peer) => JSON.stringify(bench.state(peer).items.map(({ status, holder }) => [status, holder])))
    assert.equal(new Set(views).size, 1)
    for (const peer of peers) assert.equal(bench.working(peer).length, 2, 'nothing was done twice, so nothing was lost')
  })

  it('6: a peer that cannot hear the owner claims ever more seldom', () => {
    const peers = ['a', 'b', 'c']
    const bench = createQueueBench(peers, { n: 500, settings: { maxLockMs: 3_600_000 } })
    bench.lose = (_, from, to) => from === 'a' && to === 'b'
    bench.advance(500)
    const work = () => {
      for (const peer of peers) {
        for (const slot of [...bench.working(peer)]) {
          bench.finish(peer, [slot])
          bench.take(peer)
        }
      }
    }
    for (const peer of peers) bench.take(peer)
    const claimsPerMinute = [0, 1, 2].map(() => {
      const before = bench.sent.filter(({ message }) => message.type === 'claim').length
      for (let second = 0; second < 60; second++) {
        bench.advance(1_000)
        work()
      }
      return bench.sent.filter(({ message }) => message.type === 'claim').length - before
    })
    assert.ok(claimsPerMinute[2]! <= 3, `claims a minute: ${claimsPerMinute}`)
  })

  it('7: a lock neither ends early nor lasts for ever, whatever the clocks are set to', () => {
    // Only differences of each peer's own monotonic time count: b's clock started a year before a's.
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('a')
    bench.advance(10)
    bench.stop('a')
    bench.advance(settings.leaseMs - 200)
    assert.equal(bench.state('b').openCount, 0)
    bench.advance(400)
    assert.equal(bench.state('b').openCount, 1)
  })

  it('7: a clock that stands or goes back does no harm', () => {
    const bench = createQueueBench(['a', 'b'], { n: 2 })
    bench.advance(5_000)
    bench.nowMs = 0
    bench.take('b')
    bench.event('b', { type: 'tick' })
    assert.equal(bench.state('b').nowMs, 5_000)
  })

  it('8: a frozen holder sees on waking that its lease is over, and may still submit once', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('b')
    bench.advance(20)
    const [slot] = bench.working('b')
    bench.stop('b')
    bench.take('a')
    timeUntil(bench, () => bench.working('a').length === 1)
    bench.resume('b')
    bench.event('b', { type: 'tick' })
    assert.deepEqual(
      bench.effects.filter(({ peer, effect }) => peer === 'b' && effect.type === 'lost').map(({ effect }) => effect),
      [{ type: 'lost', slots: [slot] }],
    )
    bench.finish('b', [slot!])
    assert.deepEqual(bench.working('a'), [], 'the other was told to stop')
    assert.ok(bench.state('a').finished)
  })

  it('8: a frozen owner listens before it grants again', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 6 })
    bench.advance(100)
    bench.stop('a')
    bench.take('b')
    timeUntil(bench, () => bench.working('b').length === 1)
    bench.resume('a')
    bench.take('a')
    bench.advance(50)
    const byA = bench.sent.filter(({ from, message }) => from === 'a' && message.type === 'grant')
    assert.deepEqual(byA, [])
    timeUntil(bench, () => bench.working('a').length === 1)
    assert.notDeepEqual(bench.working('a'), bench.working('b'))
  })

  it('10: messages that come twice or in another order change nothing', () => {
    const peers = ['a', 'b', 'c']
    const bench = createQueueBench(peers, { n: 40 })
    for (const peer of peers) bench.take(peer, 2)
    bench.advance(100)
    for (let round = 0; round < 5; round++) {
      for (const peer of peers) {
        bench.finish(peer, bench.working(peer).slice(0, 1))
        bench.take(peer)
      }
      bench.advance(30)
    }
    const place = () => JSON.stringify(peers.map((peer) => [bench.state(peer).epoch, bench.state(peer).owner, bench.state(peer).items]))
    const before = place()
    const sent = bench.sent.filter(({ message }) => message.type !== 'request')
    for (const { from, message } of [...sent, ...sent.toReversed()]) {
      for (const to of peers) if (to !== from) bench.event(to, { type: 'message', from, message })
    }
    assert.equal(place(), before)
  })

  it('10: a request that its grant has overtaken is not served a second time', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 4 })
    bench.advance(20)
    bench.lose = ({ type }, from, to) => type === 'request' && from === 'b' && to === 'c'
    bench.take('b')
    const late = bench.sent.find(({ message }) => message.type === 'request')!
    bench.take('a')
    bench.advance(20)
    assert.deepEqual([bench.state('c').owner, bench.working('a').length, bench.working('b').length], ['a', 1, 1])
    bench.event('c', { type: 'message', ...late })
    assert.deepEqual(bench.state('c').pending, [])
    bench.take('c')
    bench.advance(20)
    assert.deepEqual([bench.working('b').length, bench.working('c').length], [1, 1])
  })

  it('10: requests that come thick share a grant', () => {
    const bench = createQueueBench(['a', 'b', 'c', 'd'], { n: 8 })
    bench.advance(20)
    for (const peer of ['b', 'c', 'd']) bench.take(peer)
    bench.advance(20)
    const grants = bench.sent.flatMap(({ message }) => (message.type === 'grant' ? [message.grants.map(({ to }) => to)] : []))
    assert.deepEqual(grants, [['b'], ['c', 'd']])
  })

  it('10: an old copy of a release frees nothing that was locked since', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('b')
    bench.advance(20)
    bench.event('b', { type: 'release', slots: [0] })
    const release = bench.sent.at(-1)!.message
    bench.take('b')
    bench.advance(100)
    assert.deepEqual(bench.working('b'), [0, 0])
    bench.event('a', { type: 'message', from: 'b', message: release })
    assert.equal(bench.state('a').items[0]!.status, 'locked')
  })

  it('11: what belongs to another queue is rejected', () => {
    const bench = createQueueBench(['a', 'b'], { n: 4 })
    const other = createQueueBench(['a', 'b'], { n: 4, macroId: 'another' })
    other.take('b')
    other.advance(10)
    for (const { from, message } of other.sent) bench.event(from === 'a' ? 'b' : 'a', { type: 'message', from, message })
    assert.deepEqual(new Set([...bench.offences('a'), ...bench.offences('b')]), new Set(['a:wrong-queue', 'b:wrong-queue']))
    assert.equal(bench.state('b').owner, undefined)
  })

  it('12: what only the owner may say is rejected from anybody else', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 4 })
    bench.take('a')
    bench.advance(450)
    const grant = bench.sent.find(({ message }) => message.type === 'grant')!.message
    const beat = bench.sent.find(({ message }) => message.type === 'beat')!.message
    const before = bench.state('b')
    for (const message of [{ ...grant, seq: 9 } as QueueMessage, beat]) bench.event('b', { type: 'message', from: 'c', message })
    assert.deepEqual(bench.offences('b'), ['c:forged-owner', 'c:forged-owner'])
    assert.equal(bench.state('b').owner, 'a')
    assert.equal(bench.state('b').items, before.items)
  })

  it('12: a claim in the name of another, or of a branch that is not its own, is rejected', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 4 })
    bench.advance(100)
    bench.stop('a')
    timeUntil(bench, () => bench.sent.some(({ message }) => message.type === 'claim'))
    const { from, message } = bench.sent.find((each) => each.message.type === 'claim')!
    assert.ok(message.type === 'claim')
    const other = from === 'b' ? 'c' : 'b'
    bench.event(from, {
      type: 'message',
      from: other,
      message: { ...message, snapshot: { ...message.snapshot, epoch: 9, branch: branchOf('macro', 9, from) } },
    })
    bench.event(from, { type: 'message', from: other, message: { ...message, snapshot: { ...message.snapshot, owner: other, epoch: 9 } } })
    assert.deepEqual(bench.offences(from), [`${other}:forged-claim`, `${other}:forged-claim`])
    assert.equal(bench.state(from).epoch, 2)
  })

  it('13: an owner that beats and serves nobody is superseded, sooner each time', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 9 })
    bench.lose = (message, _, to) => to === 'a' && message.type === 'request'
    bench.advance(100)
    bench.take('b')
    const firstMs = timeUntil(bench, () => bench.state('c').owner !== 'a')
    assert.ok(firstMs >= settings.maxHoldMs && firstMs <= settings.maxHoldMs + 1_000, `${firstMs} ms`)
    timeUntil(bench, () => bench.working('b').length === 1, 100)
    assert.ok([...bench.offences('b'), ...bench.offences('c')].includes('a:hoards'))
    assert.deepEqual(owners(bench, ['a', 'b', 'c']).size, 1)
  })

  it('13: an owner with nothing to give is not blamed for serving nobody', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1 })
    bench.take('a')
    bench.advance(20)
    bench.take('b')
    for (let second = 0; second < 30; second++) bench.advance(1_000)
    assert.equal(bench.state('b').owner, 'a')
    assert.deepEqual(bench.offences('b'), [])
  })

  it('14: who locks and never finishes waits longer each time', () => {
    const bench = createQueueBench(['a', 'b'], { n: 40 })
    bench.advance(1_000)
    const { tag } = bench.state('a')
    const grantedMs: number[] = []
    for (let step = 0; step < 300; step++) {
      const message: QueueMessage = { type: 'request', queue: tag, n: 40, epoch: bench.state('a').epoch, done: [], want: 1 }
      const before = bench.sent.length
      for (const to of ['a', 'b']) bench.event(to, { type: 'message', from: 'ghost', message })
      bench.advance(500)
      const sent = bench.sent.slice(before).map((each) => each.message)
      if (sent.some((each) => each.type === 'grant' && each.grants.some(({ to }) => to === 'ghost'))) grantedMs.push(bench.nowMs)
    }
    const banMs = bench.state('a').members.get('ghost')!.bannedUntilMs - bench.nowMs
    const waits = grantedMs.slice(1).map((atMs, index) => atMs - grantedMs[index]!)
    assert.ok(waits.length >= 4 && waits.at(-1)! > 2 * waits[0]!, `waits ${waits}, banned for another ${banMs} ms`)
  })

  it('14: who never disappointed is served before who did', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 1 })
    bench.take('b')
    bench.advance(20)
    bench.stop('b')
    bench.advance(10_000)
    bench.resume('b')
    bench.take('a')
    bench.advance(20)
    assert.deepEqual(bench.working('a'), [0])
    bench.advance(20_000)
    bench.take('b')
    bench.take('c')
    assert.equal(bench.state('a').members.get('b')!.bannedUntilMs < bench.nowMs, true)
    bench.event('a', { type: 'release', slots: [0] })
    bench.advance(1_000)
    assert.deepEqual([bench.working('b'), bench.working('c')], [[], [0]])
  })

  it('14: an owner cannot lock its own expired MicroJobs again and again', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1, settings: { maxLockMs: 4_000 } })
    bench.take('a', 50)
    bench.advance(20)
    bench.take('b')
    const waitedMs = timeUntil(bench, () => bench.working('b').length === 1)
    assert.ok(waitedMs < 30_000, `${waitedMs} ms`)
  })

  it('14: an owner that locks again before the others see its lock end is found out, and gains no time', () => {
    const bench = createQueueBench(['a', 'b'], { n: 1, settings: { maxLockMs: 4_000 } })
    bench.take('a')
    bench.advance(20)
    const first = bench.sent.find(({ message }) => message.type === 'grant')!.message as QueueGrant
    bench.advance(3_000)
    bench.event('b', { type: 'message', from: 'a', message: { ...first, seq: first.seq + 1 } })
    assert.deepEqual(bench.offences('b'), ['a:lock-expired'])
    assert.ok(bench.state('b').items[0]!.deadlineMs <= 4_020)
  })

  it('15: MicroJobs that do not exist, and queues of another length, are rejected', () => {
    const bench = createQueueBench(['a', 'b'], { n: 4 })
    bench.take('a')
    bench.advance(450)
    const grant = bench.sent.find(({ message }) => message.type === 'grant')!.message
    const beat = bench.sent.find(({ message }) => message.type === 'beat')!.message
    const bad = [
      { ...grant, grants: [{ to: 'a', slots: [4] }] },
      { ...grant, grants: [{ to: 'a', slots: [slotOf(7, 1)] }] },
      { ...beat, holding: [4000] },
      { ...beat, n: 5 },
      { ...beat, done: [-1] },
      { ...grant, grants: [] },
      { ...grant, grants: [{ to: 'b', slots: [1, 1] }] },
    ] as QueueMessage[]
    const items = bench.state('b').items
    for (const message of bad) bench.event('b', { type: 'message', from: 'a', message })
    assert.deepEqual(
      bench.offences('b').map((offence) => offence.slice(2)),
      ['bad-item', 'bad-item', 'bad-item', 'wrong-size', 'bad-item', 'bad-grant', 'contradiction'],
    )
    assert.equal(bench.state('b').items, items)
  })

  it('gives nothing to a convicted peer, takes back what it holds, and hears nothing from it', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 4 })
    bench.take('b', 2)
    bench.advance(20)
    const [slot] = bench.working('b')
    for (const peer of ['a', 'c']) bench.event(peer, { type: 'excluded', peer: 'b' })
    bench.advance(600)
    for (const peer of ['a', 'c']) {
      assert.equal(bench.state(peer).items[slot!]!.status, 'open')
      assert.notEqual(bench.state(peer).owner, 'b')
      assert.ok(!bench.state(peer).pending.some((request) => request.peer === 'b'))
    }
  })

  it('catches up by a snapshot after missing messages', () => {
    const bench = createQueueBench(['a', 'b', 'c'], { n: 9 })
    bench.lose = (_, __, to) => to === 'c'
    bench.take('b', 2)
    bench.advance(200)
    bench.lose = () => false
    bench.advance(500)
    assert.deepEqual(
      bench.state('c').items.map(({ holder }) => holder),
      bench.state('a').items.map(({ holder }) => holder),
    )
    assert.equal(bench.state('c').gap, undefined)
  })
})
