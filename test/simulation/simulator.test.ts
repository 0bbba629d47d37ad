import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRandom } from './random.ts'
import { createScheduler } from './scheduler.ts'
import { createSimulation, type SimContext } from './simulator.ts'

/** A node that notes what it hears. */
function listener(context: SimContext<string>, heard: string[]) {
  return {
    onMessage: (message: string, from: string) => void heard.push(`${context.nowMs().toFixed(2)} ${context.self} ${from} ${message}`),
    onPeer: (peer: string, change: string) => void heard.push(`${context.self} ${peer} ${change}`),
  }
}

function play(seed: number): string[] {
  const heard: string[] = []
  const sim = createSimulation<string>({ seed, network: { lossChance: 0.2, duplicateChance: 0.2, maxDelayMs: 30 } })
  const contexts = new Map<string, SimContext<string>>()
  for (const id of ['a', 'b', 'c']) {
    sim.start(id, (context) => {
      contexts.set(id, context)
      return listener(context, heard)
    })
  }
  for (let i = 0; i < 20; i++) sim.after(i * 10, () => contexts.get('a')?.broadcast(`m${i}`))
  sim.after(50, () => sim.partition([['a', 'b'], ['c']]))
  sim.after(120, () => sim.heal())
  sim.run(1_000)
  return heard
}

describe('simulator', () => {
  it('plays the same seed the same way, and another one differently', () => {
    assert.deepEqual(play(3), play(3))
    assert.notDeepEqual(play(3), play(4))
  })

  it('runs what is due in order of time, then of scheduling, and not what was cancelled', () => {
    const scheduler = createScheduler()
    const ran: string[] = []
    scheduler.after(5, () => ran.push('late'))
    scheduler.after(1, () => ran.push('first'))
    scheduler.after(1, () => ran.push('second'))
    scheduler.after(2, () => ran.push('cancelled'))()
    assert.equal(scheduler.run(3), false)
    assert.equal(scheduler.nowMs(), 3)
    scheduler.run(10)
    assert.deepEqual(ran, ['first', 'second', 'late'])
  })

  it('keeps what a frozen node was sent, and forgets what a dead one was', () => {
    const heard: string[] = []
    const sim = createSimulation<string>({ seed: 1, noticeMs: 1 })
    let speak: ((message: string) => void) | undefined
    sim.start('a', (context) => {
      speak = context.broadcast
      return listener(context, [])
    })
    for (const id of ['b', 'c']) sim.start(id, (context) => listener(context, heard))
    sim.run(20)
    heard.length = 0
    sim.freeze('b')
    sim.crash('c')
    speak?.('hello')
    sim.run(40)
    assert.equal(heard.length, 0)
    sim.start('c', (context) => listener(context, heard))
    sim.thaw('b')
    sim.run(60)
    const spoken = heard.filter((line) => line.endsWith('hello')).map((line) => line.slice(line.indexOf(' ') + 1))
    assert.deepEqual(spoken, ['b a hello'])
  })

  it('cuts one direction, tells both ends that the connection is gone, and mends it', () => {
    const heard: string[] = []
    const sim = createSimulation<string>({ seed: 1, noticeMs: 10 })
    const contexts: SimContext<string>[] = []
    for (const id of ['a', 'b']) {
      sim.start(id, (context) => {
        contexts.push(context)
        return listener(context, heard)
      })
    }
    sim.run(50)
    heard.length = 0
    sim.setLink('a', 'b', false)
    contexts[0]?.broadcast('lost')
    contexts[1]?.broadcast('kept')
    sim.run(100)
    sim.heal()
    sim.run(200)
    const spoken = heard.filter((line) => !line.endsWith('kept'))
    assert.deepEqual(spoken, ['a b left', 'b a left', 'a b joined', 'b a joined'])
    assert.equal(heard.length, 5)
  })

  it('draws evenly enough', () => {
    const random = createRandom(9)
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 6_000; i++) counts[random.int(0, 5)]!++
    assert.ok(counts.every((count) => count > 850 && count < 1_150))
  })
})
