import { bytesToBigInt, hashOf, uint32 } from '../../src/job/bytes.ts'
import type { EscrowAttempt, EscrowFacts, StakeState } from '../../src/job/escrow-facts.ts'
import type { PlannedSettlement } from '../../src/job/settlement-plan.ts'

/** What peers do to the escrow; `from` is the wallet that sends it. */
export type ChainCall = { from: string } & (
  | { call: 'commit-root'; chunk: number; attempt: number; root: bigint; proposal: string; endorsers: readonly string[] }
  | { call: 'pin-beacon'; chunk: number; attempt: number }
  | { call: 'settle'; plan: PlannedSettlement }
  /** Of the world, not of a peer: a conviction elsewhere, or tokens. */
  | { call: 'lose-bond' | 'bond' }
)

/** One MacroJob's payment. */
export interface Payment {
  chunk: number
  /** Within the chunk. */
  index: number
  attempt: number
  validator: string
  processors: readonly string[]
}

interface Root extends EscrowAttempt {
  block: number
}

interface State {
  bonded: Set<string>
  roots: Map<string, Root>
  next: Map<number, number>
  settled: Map<number, bigint>
  payments: Payment[]
}

interface Block {
  /** Blocks of one height differ from fork to fork, and with them what they draw. */
  salt: number
  calls: ChainCall[]
}

/** The escrow on a chain whose last blocks may be taken back: its state is what the calls in its blocks make of it. */
export class ChainWorld {
  /** Why calls were refused, and how often. */
  readonly refusals = new Map<string, number>()
  readonly #bonded: readonly string[]
  readonly #quorum: number
  readonly #macroJobs: number
  readonly #blocks: Block[] = []
  readonly #pool = new Map<string, ChainCall>()
  #salts = 0
  #state: State

  constructor(bonded: readonly string[], { quorum, macroJobs }: { quorum: number; macroJobs: number }) {
    this.#bonded = bonded
    this.#quorum = quorum
    this.#macroJobs = macroJobs
    this.#state = this.#genesis()
  }

  /** Waits for the next block; the same `id` waits once. */
  send(id: string, call: ChainCall) {
    this.#pool.set(id, call)
  }

  /** A block with everything that waits. */
  mine() {
    const calls = [...this.#pool.values()]
    this.#pool.clear()
    const block = { salt: this.#salts++, calls: [] as ChainCall[] }
    this.#blocks.push(block)
    for (const call of calls) {
      const refusal = this.#apply(this.#state, call, this.#blocks.length - 1)
      if (refusal === undefined) block.calls.push(call)
      else this.refusals.set(`${call.call} ${refusal}`, (this.refusals.get(`${call.call} ${refusal}`) ?? 0) + 1)
    }
  }

  /** Takes the last blocks back; those of their calls that `keeps` holds for wait for the next block. */
  reorganise(depth: number, keeps: () => boolean) {
    const gone = this.#blocks.splice(-depth)
    const state = this.#genesis()
    for (const [height, { calls }] of this.#blocks.entries()) for (const call of calls) this.#apply(state, call, height)
    this.#state = state
    // What is the world's own happens all the same.
    for (const [at, call] of gone.flatMap(({ calls }) => calls).entries())
      if ('plan' in call || 'chunk' in call ? keeps() : true) this.send(`again ${this.#salts} ${at}`, call)
  }

  /** What a peer reads of it. */
  facts(wallets: readonly string[]): EscrowFacts {
    const { roots, settled, bonded, next } = this.#state
    const stakes = wallets.map((wallet): [string, StakeState] => [wallet, bonded.has(wallet) ? 'bonded' : 'gone'])
    const attempts = new Map([...roots].map(([key, { root, proposal, beacon }]) => [key, { root, proposal, beacon }]))
    const state = this.payments().length === this.#macroJobs ? 'settled' : next.size > 0 ? 'working' : 'open'
    return { state, attempts, settled: new Map(settled), stakes: new Map(stakes), closing: false, expired: false }
  }

  payments(): readonly Payment[] {
    return this.#state.payments
  }

  #genesis(): State {
    return { bonded: new Set(this.#bonded), roots: new Map(), next: new Map(), settled: new Map(), payments: [] }
  }

  /** Does what the contract does; gives its reason where it refuses. */
  #apply(state: State, call: ChainCall, height: number): string | undefined {
    switch (call.call) {
      case 'lose-bond':
        state.bonded.delete(call.from)
        return undefined
      case 'bond':
        state.bonded.add(call.from)
        return undefined
      case 'commit-root': {
        const { chunk, attempt, root, proposal, endorsers, from } = call
        const next = state.next.get(chunk) ?? 0
        if (attempt < next) return 'AttemptTaken'
        if (![from, ...endorsers].every((wallet) => state.bonded.has(wallet))) return 'NotBonded'
        if (endorsers.length < this.#quorum) return 'QuorumMissed'
        if (next > 0) {
          const refusal = this.#pin(state, `${chunk}/${next - 1}`, height)
          if (refusal !== undefined) return refusal
        }
        state.next.set(chunk, attempt + 1)
        state.roots.set(`${chunk}/${attempt}`, { root, proposal, beacon: undefined, block: height })
        return undefined
      }
      case 'pin-beacon':
        return this.#pin(state, `${call.chunk}/${call.attempt}`, height)
      case 'settle':
        return this.#settle(state, call.plan)
    }
  }

  #pin(state: State, key: string, height: number): string | undefined {
    const found = state.roots.get(key)
    if (found === undefined) return 'NoRoot'
    if (found.beacon !== undefined) return undefined
    const of = this.#blocks[found.block + 1]
    if (of === undefined || height <= found.block + 1) return 'BeaconAhead'
    state.roots.set(key, { ...found, beacon: bytesToBigInt(hashOf('sim-beacon', uint32(of.salt)).subarray(0, 26)) })
    return undefined
  }

  #settle(state: State, { chunk, attempt, counted, statement }: PlannedSettlement): string | undefined {
    const found = state.roots.get(`${chunk}/${attempt}`)
    if (found?.beacon !== statement.beacon) return 'InvalidProof'
    const before = state.settled.get(chunk) ?? 0n
    if ((before & counted) !== 0n) return 'MacroJobsSettledBefore'
    const payments = statement.macroJobs.flatMap(({ slots, counted: paid }, index): Payment[] => {
      if (paid === undefined) return []
      const [validator, processors] = [walletOfField(paid.validator), slots.map(({ wallet }) => walletOfField(wallet))]
      return [{ chunk, index, attempt, validator, processors }]
    })
    if (!payments.every(({ validator }) => state.bonded.has(validator))) return 'NotBonded'
    state.settled.set(chunk, before | counted)
    state.payments.push(...payments)
    return undefined
  }
}

const walletOfField = (field: bigint) => `0x${field.toString(16).padStart(40, '0')}`
