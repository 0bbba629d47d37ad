import { chunkStates } from '../../src/job/agreement.ts'
import { bytesToBigInt, bytesToHex } from '../../src/job/bytes.ts'
import type { Duty } from '../../src/job/duties.ts'
import { applyEscrowFacts } from '../../src/job/escrow-facts.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { escrowIdOf, isPaid } from '../../src/job/payment.ts'
import type { JobRecord, RecordOf } from '../../src/job/records.ts'
import { leafCommitHash, signStatement } from '../../src/job/settlement/statements.ts'
import { planSettlements } from '../../src/job/settlement-plan.ts'
import { type Behaviour, paidInfo, walletKey, walletOf } from '../support/job-world.ts'
import { AgreementNode, type AgreementScenario, AgreementWorld, deathsOf } from './agreement-world.ts'
import { ChainWorld } from './chain-world.ts'
import { createRandom } from './random.ts'

/** A world of peers that are paid, and what becomes of its chain. */
export interface PaidScenario extends AgreementScenario {
  /** Blocks are taken back at these times. */
  reorganisations: { atMs: number; depth: number }[]
  /** By peer: so much later than the others it hears of the chain. */
  latenessMs: number[]
  /** By peer: when its bond goes, and comes back, where its behaviour says so. */
  bonds: { lostAtMs: number; backAtMs: number }[]
}

const BLOCK_MS = 1000
/** A peer that answers looks at the chain so often. */
const LOOK_MS = 500
const QUORUM = 2
/** The first; two for each peer that loses its bond, cheats, keeps back or dies; and what two reorganisations may cost. */
const attemptsAllowed = ({ behaviours, deaths, reorganisations }: PaidScenario) =>
  2 + 2 * (behaviours.filter((behaviour) => Object.keys(behaviour).length > 0).length + deaths.length) + reorganisations.length

/** A world from its seed: a minority has no bond, loses it, cheats, or keeps back; the most are honest, bonded, and stay. */
export function paidScenarioOf(seed: number): PaidScenario {
  if (seed % 11 === 10) return dyingScenarioOf(seed)
  const random = createRandom(seed ^ 0x9a1d)
  const peers = random.int(4, 8)
  const bad = Math.floor((peers - 1) / 3)
  const kinds: Behaviour[] = [
    { bond: 'never' },
    { bond: 'lost' },
    { bond: 'lost' },
    { bond: 'back' },
    { wrong: () => true },
    { hides: true },
  ]
  const behaviours = Array.from({ length: peers }, (_, index): Behaviour => (index < bad ? random.pick(kinds) : {}))
  const fromMs = random.int(0, 6000)
  const absences = peers >= 6 && random.chance(0.3) ? [{ peer: peers - 1, fromMs, toMs: fromMs + random.int(100, 20_000) }] : []
  const shape: [number, number, number] = [random.int(1, 4), random.int(1, 3), random.int(1, 3)]
  const depths = Array.from({ length: random.int(0, 2) }, () => ({ atMs: random.int(2000, 60_000), depth: random.int(1, 4) }))
  return {
    seed,
    peers,
    shape,
    chunkMacroJobs: random.int(1, 4),
    behaviours,
    deaths: [],
    absences,
    loss: random.pick([0, 0.05, 0.4]),
    reorganisations: depths,
    latenessMs: behaviours.map(() => random.pick([0, 0, 3000, 12_000])),
    bonds: behaviours.map(() => {
      const lostAtMs = random.int(1000, 40_000)
      return { lostAtMs, backAtMs: lostAtMs + random.int(500, 40_000) }
    }),
  }
}

/** Honest peers alone, of whom less than half die while they work. */
function dyingScenarioOf(seed: number): PaidScenario {
  const random = createRandom(seed ^ 0xdead)
  const peers = random.int(3, 7)
  const each = <T>(value: () => T) => Array.from({ length: peers }, value)
  return {
    seed,
    peers,
    shape: [random.int(1, 4), random.int(1, 3), random.int(1, 3)],
    chunkMacroJobs: random.int(1, 4),
    behaviours: each(() => ({})),
    deaths: deathsOf(random, peers, (peers - 1) >> 1),
    absences: [],
    loss: random.pick([0, 0.05, 0.4]),
    reorganisations: [],
    latenessMs: each(() => random.pick([0, 0, 3000])),
    bonds: each(() => ({ lostAtMs: 0, backAtMs: 0 })),
  }
}

class PaidNode extends AgreementNode {
  override wallet(): string {
    return walletOf(this.index)
  }

  override commit(macro: number, micro: number, attempt: number, blockHashes: Uint8Array[], root: Uint8Array | null = null) {
    const record: RecordOf<'commit'> = super.commit(macro, micro, attempt, blockHashes, root)
    if (!isPaid(this.info)) return record
    const leaf = bytesToBigInt(record.commit)
    const jobId = escrowIdOf(this.info, this.view.jobId)
    return { ...record, signature: this.sign(leafCommitHash({ jobId, macro, micro, attempt, leaf })) }
  }

  sign(structHash: Uint8Array): Uint8Array {
    if (!isPaid(this.info)) throw new TypeError('asked to sign for an escrow that is none')
    return signStatement(walletKey(this.index), this.info.payment, structHash)
  }

  override perform(duty: Duty): JobRecord | undefined {
    switch (duty.kind) {
      case 'refuse':
        return duty.record
      case 'endorse': {
        const { chunk, attempt, proposal } = duty
        return { kind: 'endorsement', chunk, attempt, proposal, signature: this.sign(duty.structHash) }
      }
      case 'sign-verdict': {
        const { macro, attempt, verdict, structHash } = duty.expected
        return { kind: 'verdict', macro, attempt, verdict, signature: this.sign(structHash) }
      }
      case 'testify': {
        const { macro, micro, attempt, culprit } = duty.offence
        return { kind: 'testimony', macro, micro, attempt, culprit, hash: duty.hash, signature: this.sign(duty.structHash) }
      }
      default:
        return super.perform(duty)
    }
  }
}

/** Plays a paid Job from first commit to report. Gives what went wrong; empty where nothing did. */
export function playPaid(
  scenario: PaidScenario,
  { trace }: { trace?: (line: string) => void } = {},
): { failures: string[]; endedMs: number } {
  return new PaidWorld(scenario, trace).play()
}

class PaidWorld extends AgreementWorld {
  readonly #scenario: PaidScenario
  readonly #chain: ChainWorld

  constructor(scenario: PaidScenario, trace?: (line: string) => void) {
    super(scenario, trace)
    this.#scenario = scenario
    const bonded = this.nodes.filter(({ behaviour }) => behaviour.bond !== 'never').map((node) => node.wallet().toLowerCase())
    this.#chain = new ChainWorld(bonded, { quorum: QUORUM, macroJobs: scenario.shape[0] })
  }

  protected override infoOf(plain: JobInfo): JobInfo {
    return paidInfo(plain, QUORUM)
  }

  protected override nodeOf(index: number, behaviour: Behaviour, info: JobInfo): AgreementNode {
    return new PaidNode(index, behaviour, info)
  }

  override play() {
    const { reorganisations, bonds, latenessMs } = this.#scenario
    const block = () => {
      this.#chain.mine()
      this.scheduler.after(BLOCK_MS, block)
    }
    block()
    for (const { atMs, depth } of reorganisations) this.scheduler.after(atMs, () => this.#reorganise(depth))
    for (const node of this.nodes) {
      const { lostAtMs, backAtMs } = bonds[node.index] as PaidScenario['bonds'][number]
      const { bond } = node.behaviour
      if (bond === 'lost' || bond === 'back') this.scheduler.after(lostAtMs, () => this.#bond(node, 'lose-bond'))
      if (bond === 'back') this.scheduler.after(backAtMs, () => this.#bond(node, 'bond'))
      this.every(node, LOOK_MS, () => {
        const facts = this.#chain.facts(this.nodes.map((other) => other.wallet().toLowerCase()))
        this.scheduler.after(latenessMs[node.index] as number, () => applyEscrowFacts(node.view, facts))
      })
    }
    return super.play()
  }

  #reorganise(depth: number) {
    this.trace?.(`${this.scheduler.nowMs()} the last ${depth} blocks are gone`)
    this.#chain.reorganise(depth, () => this.random.chance(0.7))
  }

  #bond(node: AgreementNode, call: 'lose-bond' | 'bond') {
    this.trace?.(`${this.scheduler.nowMs()} ${node.index} ${call}`)
    this.#chain.send(`${call} ${node.index}`, { call, from: node.wallet().toLowerCase() })
  }

  protected override perform(node: AgreementNode, duty: Duty): JobRecord | undefined {
    const from = node.wallet().toLowerCase()
    const id = `${node.index} ${duty.id}`
    const { view, info } = node
    switch (duty.kind) {
      case 'commit-root': {
        const { chunk, attempt } = duty
        const [root, proposal] = [bytesToBigInt(duty.root), `0x${bytesToHex(duty.proposal)}`]
        // As escrow-worker.ts does: of those who have a bond now, as many as it takes.
        const { stakes } = this.#chain.facts(this.nodes.map((other) => other.wallet().toLowerCase()))
        const endorsers = duty.endorsers.map(({ wallet }) => wallet).filter((wallet) => stakes.get(wallet) === 'bonded')
        this.#chain.send(id, { call: 'commit-root', from, chunk, attempt, root, proposal, endorsers: endorsers.slice(0, QUORUM) })
        return undefined
      }
      case 'pin-beacon':
        this.#chain.send(id, { call: 'pin-beacon', from, chunk: duty.chunk, attempt: duty.attempt })
        return undefined
      case 'settle':
        for (const plan of planSettlements(view, info, duty.chunk, duty.attempt, duty.macros))
          this.#chain.send(`${id} ${plan.counted}`, { call: 'settle', from, plan })
        return undefined
      default:
        return super.perform(node, duty)
    }
  }

  protected override judge(present: AgreementNode[]): string[] {
    const failures = super.judge(present)
    const payments = this.#chain.payments()
    const { shape, chunkMacroJobs } = this.#scenario
    const paid = payments.map(({ chunk, index }) => chunk * chunkMacroJobs + index).sort((a, b) => a - b)
    const all = Array.from({ length: shape[0] }, (_, macro) => macro)
    if (paid.join() !== all.join()) failures.push(`paid were ${paid.join(' ')} of ${all.length} MacroJobs`)
    const never = new Set(this.nodes.filter(({ behaviour }) => behaviour.bond === 'never').map((node) => node.wallet().toLowerCase()))
    for (const { chunk, index, validator, processors } of payments)
      for (const wallet of [validator, ...processors])
        if (never.has(wallet)) failures.push(`paid a wallet without a bond for ${chunk}/${index}`)
    const witness = present.find(({ behaviour }) => Object.keys(behaviour).length === 0) as AgreementNode
    for (const { chunk, attempts, agreed, macros } of chunkStates(witness.view, witness.info)) {
      if (attempts.length > attemptsAllowed(this.#scenario)) failures.push(`chunk ${chunk} took ${attempts.length} attempts`)
      for (const payment of payments.filter((one) => one.chunk === chunk)) {
        const stands = agreed.get(macros[payment.index] as number)
        const processors = stands?.microJobs.map(({ wallet }) => wallet.toLowerCase())
        if (processors?.join() !== payment.processors.join()) failures.push(`${chunk}/${payment.index} is agreed by others than were paid`)
      }
    }
    this.trace?.(`refused: ${JSON.stringify([...this.#chain.refusals])}`)
    return failures
  }
}
