import { attemptOf, itemOf, MAX_HELD, MAX_HISTORY, MAX_MEMBERS, type QueueEffect, type QueueState, slotOf } from '../../src/job/queue.ts'
import { createQueueNode, keyOfEntry, type Log, type LogEntry, type QueueNode, type Wire } from './queue-node.ts'
import type { Fault, Scenario } from './queue-scenario.ts'
import { createSimulation, type Simulation } from './simulator.ts'

export interface Outcome {
  /** Sentences about what went wrong; none is good. */
  failures: string[]
  /** MicroJobs computed, the same one twice counted twice. */
  executions: number
  claims: number
  messages: number
  finishedMs: number
}

/** So long after the last fault everything must be done: bans end, leases run out, slow work is repeated. */
const PATIENCE_MS = 240_000
/** From the last record until all views are one. */
const SETTLE_MS = 20_000
/** Offences that no honest peer can commit; the others are suspicions, and a bad network earns them too. */
const PROOFS = new Set([
  'wrong-queue',
  'wrong-size',
  'bad-item',
  'bad-grant',
  'contradiction',
  'bad-snapshot',
  'forged-owner',
  'forged-claim',
])

/** Plays one scenario and checks the invariants on every step and at the end. */
export function playScenario(scenario: Scenario, options: { trace?: (line: string) => void } = {}): Outcome {
  const sim = createSimulation<Wire>({ seed: scenario.seed ^ 0x5eed, network: scenario.network, noticeMs: scenario.noticeMs })
  const books = createBooks(scenario, sim, options.trace)
  const ids = Array.from({ length: scenario.peers }, (_, peer) => `peer${peer}`)
  const late = new Set(scenario.faults.flatMap((fault) => (fault.kind === 'join' && fault.peer > 0 ? [fault.peer] : [])))
  ids.forEach((id, peer) => {
    if (!late.has(peer)) books.start(id, peer, ids)
  })
  for (const fault of scenario.faults) stage(sim, books, fault, ids)
  sim.after(scenario.calmMs + 1, () => {
    sim.heal()
    for (const id of ids) sim.thaw(id)
    sim.network.lossChance = Math.min(sim.network.lossChance, 0.05)
  })
  sim.run(scenario.calmMs + 2)
  const allDone = () => books.failures.length > 0 || books.honest().every((node) => node.state().finished)
  if (!sim.run(scenario.calmMs + PATIENCE_MS, allDone)) books.fail(`not finished: ${books.describe()}`)
  const finishedMs = sim.nowMs()
  sim.network.lossChance = 0
  if (books.failures.length === 0) sim.run(finishedMs + SETTLE_MS)
  books.checkEnd()
  return { failures: books.failures, executions: books.executions(), claims: books.claims(), messages: books.messages(), finishedMs }
}

type Books = ReturnType<typeof createBooks>

function createBooks(scenario: Scenario, sim: Simulation<Wire>, trace: ((line: string) => void) | undefined) {
  const failures: string[] = []
  const nodes = new Map<string, QueueNode>()
  const logs = new Map<string, Log>()
  let executions = 0
  let claims = 0
  let messages = 0

  const fail = (what: string) => {
    if (failures.length < 20) failures.push(`${Math.round(sim.nowMs())} ms: ${what}`)
  }

  const watch = (id: string, before: QueueState, after: QueueState, effects: readonly QueueEffect[], event: string) => {
    if (after.epoch < before.epoch) fail(`${id}: epoch ${before.epoch} → ${after.epoch}`)
    if (after.doneCount < before.doneCount && event !== 'reopened') fail(`${id}: ${event} undid a done MicroJob`)
    checkBounds(id, after)
    for (const effect of effects) {
      trace?.(`${sim.nowMs().toFixed(1)} ${id} ${event} → ${JSON.stringify(effect, (key, value) => (key === 'snapshot' ? '…' : value))}`)
      if (effect.type === 'send') messages++
      if (effect.type === 'send' && effect.message.type === 'claim') claims++
      if (effect.type === 'score' && PROOFS.has(effect.code)) fail(`${id} rejected ${effect.peer}: ${effect.code}`)
    }
  }

  const checkBounds = (id: string, state: QueueState) => {
    if (state.members.size >= MAX_MEMBERS || state.pending.length > MAX_MEMBERS) fail(`${id}: too many peers`)
    if (state.history.length > MAX_HISTORY) fail(`${id}: history of ${state.history.length}`)
    if (state.ready.length + state.started.length > 2 * MAX_HELD) fail(`${id}: holds ${state.ready.length + state.started.length}`)
    if (state.openCount < 0 || state.doneCount > state.n) fail(`${id}: counts`)
  }

  const honest = () =>
    [...nodes].filter(([id]) => sim.isUp(id) && scenario.tempers[Number(id.slice(4))] === 'honest').map(([, node]) => node)

  return {
    failures,
    nodes,
    fail,
    honest,
    executions: () => executions,
    claims: () => claims,
    messages: () => messages,
    describe: () =>
      honest()
        .map((node) => summaryOf(node.state()))
        .join(' | '),
    start(id: string, peer: number, members: readonly string[]) {
      const log = logs.get(id) ?? new Map<string, LogEntry>()
      logs.set(id, log)
      const first = nodes.size === 0
      sim.start(id, (context) => {
        const node = createQueueNode(context, {
          macroId: `macro${scenario.seed}`,
          n: scenario.n,
          creator: first,
          members: peer % 2 === 0 ? members : [],
          settings: { maxLockMs: 15_000 },
          temper: scenario.tempers[peer]!,
          log,
          workers: scenario.workers,
          workMs: () => context.random.int(...scenario.workMs),
          stubborn: scenario.stubborn,
          watch,
          executed: () => {
            executions++
          },
        })
        nodes.set(id, node)
        return node
      })
    },
    /** The agreement's verdict reaches the log of one peer, and from there all. */
    reopen(items: readonly number[]) {
      const [node] = honest()
      if (node === undefined) return
      const slots = items.map((item) => slotOf(item, node.state().items[item]!.attempt + 1))
      node.append(slots.map((slot) => ({ kind: 'reopen', slot }) as const))
    },
    checkEnd() {
      const states = honest().map((node) => node.state())
      const last = states.reduce((a, b) => (b.epoch > a.epoch || (b.epoch === a.epoch && b.owner === b.self) ? b : a))
      // With all done nobody claims the place of an owner that died or lost its memory, and newcomers hear of none.
      const owned = last.owner === last.self
      const views = states.map((state) => (owned ? `${state.epoch}/${state.owner}/` : '') + itemsOf(state))
      if (new Set(views).size > 1) fail(`views differ: ${[...new Set(views)].join(' | ')}`)
      const entries = new Map<string, LogEntry>(
        [...logs]
          .filter(([id]) => sim.isUp(id))
          .flatMap(([, log]) => [...log.values()].map((entry) => [keyOfEntry(entry), entry] as const)),
      )
      for (let item = 0; item < scenario.n; item++) {
        const about = [...entries.values()].filter(({ slot }) => itemOf(slot) === item)
        const attempt = Math.max(0, ...about.map(({ slot }) => attemptOf(slot)))
        const recorded = about.some((entry) => entry.kind === 'record' && attemptOf(entry.slot) === attempt)
        if (!recorded) fail(`MicroJob ${item} has no record in attempt ${attempt}`)
      }
    },
  }
}

const itemsOf = (state: QueueState) => state.items.map(({ status, attempt }) => `${status[0]}${attempt}`).join('')

const summaryOf = (state: QueueState) =>
  `${state.self} e${state.epoch} ${state.owner} done ${state.doneCount}/${state.n} open ${state.openCount} takers ${state.takers} pending ${state.pending.map(({ peer }) => peer)}`

function stage(sim: Simulation<Wire>, books: Books, fault: Fault, ids: string[]): void {
  sim.after(fault.atMs, () => {
    switch (fault.kind) {
      case 'crash':
        sim.crash(ids[fault.peer]!)
        if (fault.backMs !== undefined) {
          sim.after(fault.backMs, () => {
            if (!sim.isUp(ids[fault.peer]!)) books.start(ids[fault.peer]!, fault.peer, ids)
          })
        }
        break
      case 'freeze':
        sim.freeze(ids[fault.peer]!)
        sim.after(fault.forMs, () => sim.thaw(ids[fault.peer]!))
        break
      case 'partition':
        sim.partition([ids.slice(0, fault.split), ids.slice(fault.split)])
        sim.after(fault.forMs, () => sim.heal())
        break
      case 'one-way':
        sim.setLink(ids[fault.from]!, ids[fault.to]!, false)
        sim.after(fault.forMs, () => sim.setLink(ids[fault.from]!, ids[fault.to]!, true))
        break
      case 'deaf':
        for (const id of ids) if (id !== ids[fault.peer]) sim.setLink(id, ids[fault.peer]!, false)
        sim.after(fault.forMs, () => {
          for (const id of ids) if (id !== ids[fault.peer]) sim.setLink(id, ids[fault.peer]!, true)
        })
        break
      case 'reopen':
        books.reopen(fault.items)
        break
      case 'join':
        if (!sim.isUp(ids[fault.peer]!)) books.start(ids[fault.peer]!, fault.peer, ids)
        break
    }
  })
}
