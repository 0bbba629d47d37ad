import { createRandom, type Random } from './random.ts'
import { createScheduler } from './scheduler.ts'

/** What a node may do to its world. Everything of it dies with the node. */
export interface SimContext<M> {
  readonly self: string
  readonly random: Random
  nowMs(): number
  /** To every other node that is up and reachable, each copy with a fate of its own. */
  broadcast(message: M): void
  send(to: string, message: M): void
  after(delayMs: number, action: () => void): () => void
}

/** A node of the simulation: production code behind four callbacks. */
export interface SimNode<M> {
  onMessage(message: M, from: string): void
  onTick?(): void
  onPeer?(peer: string, change: 'joined' | 'left'): void
  /** Called when the node crashes: for the books of the test, not for the node. */
  onCrash?(): void
}

export interface NetworkModel {
  lossChance: number
  duplicateChance: number
  minDelayMs: number
  /** Delays are uniform between both, so messages overtake one another. */
  maxDelayMs: number
}

export interface SimulationInit {
  seed: number
  network?: Partial<NetworkModel>
  tickMs?: number
  /** How long after a crash or cut the others see the connection go. */
  noticeMs?: number
}

export interface Simulation<M> {
  readonly random: Random
  readonly network: NetworkModel
  nowMs(): number
  after(delayMs: number, action: () => void): () => void
  /** Starts (or restarts, with an empty memory) a node. */
  start(id: string, create: (context: SimContext<M>) => SimNode<M>): void
  crash(id: string): void
  /** Stops the node's clock and ears as SIGSTOP does; what was sent to it waits in its socket. */
  freeze(id: string): void
  thaw(id: string): void
  /** Cuts or mends one direction. */
  setLink(from: string, to: string, up: boolean): void
  /** Groups hear only themselves; a node in no group hears nobody. */
  partition(groups: readonly (readonly string[])[]): void
  heal(): void
  isUp(id: string): boolean
  isFrozen(id: string): boolean
  up(): string[]
  run(untilMs: number, stop?: () => boolean): boolean
  /** Copies delivered so far. */
  delivered(): number
}

interface Slot<M> {
  node: SimNode<M>
  /** Differs after a restart, so that timers of the dead do not fire. */
  life: number
  frozen: boolean
  waiting: (() => void)[]
}

/**
 * A world of nodes in one process: virtual clock, seeded network. It knows nothing of what the nodes speak; the same core carries
 * the queue, agreement, and whatever else is a reducer with a driver.
 */
export function createSimulation<M>(init: SimulationInit): Simulation<M> {
  const { tickMs = 50, noticeMs = 100 } = init
  const network: NetworkModel = { lossChance: 0, duplicateChance: 0, minDelayMs: 1, maxDelayMs: 5, ...init.network }
  const scheduler = createScheduler()
  const random = createRandom(init.seed)
  const fates = random.fork()
  const slots = new Map<string, Slot<M>>()
  const cut = new Set<string>()
  let lives = 0
  let delivered = 0

  /** Runs `action` in the node, at once or when it thaws; never in a later life of it. */
  const inNode = (id: string, life: number, action: (node: SimNode<M>) => void) => {
    const slot = slots.get(id)
    if (slot === undefined || slot.life !== life) return
    if (slot.frozen) slot.waiting.push(() => action(slot.node))
    else action(slot.node)
  }

  const linkOf = (from: string, to: string) => `${from}>${to}`
  const isCut = (from: string, to: string) => cut.has(linkOf(from, to))

  const deliver = (from: string, to: string, message: M) => {
    const life = slots.get(to)?.life
    if (life === undefined || isCut(from, to) || fates.chance(network.lossChance)) return
    const copies = fates.chance(network.duplicateChance) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      scheduler.after(network.minDelayMs + fates.next() * (network.maxDelayMs - network.minDelayMs), () => {
        if (isCut(from, to)) return
        delivered++
        inNode(to, life, (node) => node.onMessage(message, from))
      })
    }
  }

  const noticeLater = (observer: string, peer: string, change: 'joined' | 'left', still: () => boolean) => {
    const life = slots.get(observer)?.life
    if (life === undefined) return
    scheduler.after(noticeMs, () => {
      if (still()) inNode(observer, life, (node) => node.onPeer?.(peer, change))
    })
  }

  const contextOf = (self: string, life: number): SimContext<M> => ({
    self,
    random: random.fork(),
    nowMs: scheduler.nowMs,
    broadcast: (message) => {
      if (slots.get(self)?.life === life) for (const to of slots.keys()) if (to !== self) deliver(self, to, message)
    },
    send: (to, message) => {
      if (slots.get(self)?.life === life) deliver(self, to, message)
    },
    after: (delayMs, action) => scheduler.after(delayMs, () => inNode(self, life, action)),
  })

  const tick = (id: string, life: number) => {
    const slot = slots.get(id)
    if (slot === undefined || slot.life !== life) return
    // A frozen process misses its ticks; it does not catch up on them.
    if (!slot.frozen) slot.node.onTick?.()
    scheduler.after(tickMs, () => tick(id, life))
  }

  /** Connections need both directions. */
  const connected = (a: string, b: string) => slots.has(a) && slots.has(b) && !isCut(a, b) && !isCut(b, a)
  const changeLink = (from: string, to: string, up: boolean) => {
    const was = connected(from, to)
    if (up) cut.delete(linkOf(from, to))
    else cut.add(linkOf(from, to))
    const is = connected(from, to)
    if (was === is) return
    for (const [observer, peer] of [
      [from, to],
      [to, from],
    ] as const) {
      noticeLater(observer, peer, is ? 'joined' : 'left', () => connected(from, to) === is)
    }
  }

  return {
    random,
    network,
    nowMs: scheduler.nowMs,
    after: scheduler.after,
    start(id, create) {
      const life = ++lives
      const slot: Slot<M> = { node: undefined as unknown as SimNode<M>, life, frozen: false, waiting: [] }
      slots.set(id, slot)
      slot.node = create(contextOf(id, life))
      scheduler.after(random.next() * tickMs, () => tick(id, life))
      for (const other of slots.keys()) {
        if (other === id || !connected(id, other)) continue
        noticeLater(other, id, 'joined', () => connected(id, other))
        noticeLater(id, other, 'joined', () => connected(id, other))
      }
    },
    crash(id) {
      const slot = slots.get(id)
      if (slot === undefined) return
      slots.delete(id)
      slot.node.onCrash?.()
      for (const other of slots.keys()) if (!isCut(id, other) && !isCut(other, id)) noticeLater(other, id, 'left', () => !slots.has(id))
    },
    freeze(id) {
      const slot = slots.get(id)
      if (slot !== undefined) slot.frozen = true
    },
    thaw(id) {
      const slot = slots.get(id)
      if (slot === undefined || !slot.frozen) return
      slot.frozen = false
      for (const action of slot.waiting.splice(0)) action()
    },
    setLink: changeLink,
    partition(groups) {
      const groupOf = new Map(groups.flatMap((group, index) => group.map((id) => [id, index] as const)))
      const ids = [...slots.keys()]
      for (const a of ids) {
        for (const b of ids) if (a !== b) changeLink(a, b, groupOf.has(a) && groupOf.get(a) === groupOf.get(b))
      }
    },
    heal() {
      for (const link of [...cut]) {
        const [from, to] = link.split('>') as [string, string]
        changeLink(from, to, true)
      }
    },
    isUp: (id) => slots.has(id),
    isFrozen: (id) => slots.get(id)?.frozen ?? false,
    up: () => [...slots.keys()],
    run: scheduler.run,
    delivered: () => delivered,
  }
}
