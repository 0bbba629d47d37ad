import { agreedMacroJobs, outcomeOf } from '../../src/job/agreement.ts'
import { chainHead, nonceAt } from '../../src/job/beacon.ts'
import { bytesToHex, hashOf, uint32, utf8ToBytes } from '../../src/job/bytes.ts'
import { chunkState } from '../../src/job/chunk.ts'
import { checksumOf, commitFor } from '../../src/job/commit.ts'
import { type Duty, dutiesOf } from '../../src/job/duties.ts'
import { applyRecord } from '../../src/job/filing.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { chooseMacroJob } from '../../src/job/macro-choice.ts'
import { drawnResults, type OpenedResult, resultKey } from '../../src/job/opened-results.ts'
import { DEFAULT_PATIENCE, dutyDueMs } from '../../src/job/patience.ts'
import { isPaid } from '../../src/job/payment.ts'
import { progressOf } from '../../src/job/progress.ts'
import { type JobRecord, keyOf, type RecordOf } from '../../src/job/records.ts'
import { chunkOf, createJobView, type JobView } from '../../src/job/view.ts'
import { jobIdOfInfo } from '../../src/protocol/records.ts'
import { type Behaviour, CID, peerName, plainInfo, UNSERVED } from '../support/job-world.ts'
import { createRandom, type Random } from './random.ts'
import { ResultBytes } from './result-bytes.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'

/** One world: how many peers, what they are like, and what the network does to their records. */
export interface AgreementScenario {
  seed: number
  peers: number
  shape: [macroJobs: number, microJobs: number, blocks: number]
  chunkMacroJobs: number
  /** Peer by peer; the rest are honest. */
  behaviours: Behaviour[]
  /** Peers that die for good at a time. */
  deaths: { peer: number; atMs: number }[]
  /** Peers that are away, and come back with all they had written. */
  absences: { peer: number; fromMs: number; toMs: number }[]
  /** Records are lost by gossip with this chance, and come by anti-entropy instead. */
  loss: number
}

/** A world from its seed: a minority errs, dies or goes; the most are honest and stay. */
export function agreementScenarioOf(seed: number): AgreementScenario {
  if (seed % 11 === 10) return dyingScenarioOf(seed)
  if (seed % 11 === 7) return fewScenarioOf(seed)
  const random = createRandom(seed)
  const peers = random.int(1, 7)
  const bad = Math.floor((peers - 1) / 3)
  // Every eighth world, so that the others stay what they were when they found something.
  const kinds: Behaviour[] =
    seed % 8 === 7 ? [{ unserved: true }] : [{ wrong: () => true }, { accuses: true }, { hides: true }, { keepsNonce: true }]
  const behaviours = Array.from({ length: peers }, (_, index): Behaviour => (index < bad && random.chance(0.7) ? random.pick(kinds) : {}))
  const last = peers - 1
  const deaths = peers >= 3 && random.chance(0.4) ? [{ peer: last, atMs: random.int(0, 8000) }] : []
  const fromMs = random.int(0, 6000)
  const absences = peers >= 4 && random.chance(0.4) ? [{ peer: last - 1, fromMs, toMs: fromMs + random.int(100, 20_000) }] : []
  const shape: [number, number, number] = [random.int(1, 5), random.int(1, 4), random.int(1, 4)]
  return { seed, peers, shape, chunkMacroJobs: random.int(1, 5), behaviours, deaths, absences, loss: random.pick([0, 0.05, 0.4]) }
}

/** Honest peers alone, of whom up to half die while they work: the rest must end the Job without what the dead take along. */
function dyingScenarioOf(seed: number): AgreementScenario {
  const random = createRandom(seed ^ 0xdead)
  const peers = random.int(2, 7)
  const shape: [number, number, number] = [random.int(1, 5), random.int(1, 4), random.int(1, 4)]
  const behaviours = Array.from({ length: peers }, (): Behaviour => ({}))
  const chunkMacroJobs = random.int(1, 5)
  return {
    seed,
    peers,
    shape,
    chunkMacroJobs,
    behaviours,
    deaths: deathsOf(random, peers, peers >> 1),
    absences: [],
    loss: random.pick([0, 0.05, 0.4]),
  }
}

/** Two or three peers of which one keeps back: what the other worlds, with their strict minority of such, have none of. */
function fewScenarioOf(seed: number): AgreementScenario {
  const random = createRandom(seed ^ 0xfe3)
  const peers = random.int(2, 3)
  const shape: [number, number, number] = [random.int(1, 5), random.int(1, 4), random.int(1, 4)]
  const kinds: Behaviour[] = [{ hides: true }, { keepsNonce: true }, { unserved: true }]
  const behaviours = Array.from({ length: peers }, (_, index): Behaviour => (index === peers - 1 ? random.pick(kinds) : {}))
  return { seed, peers, shape, chunkMacroJobs: random.int(1, 5), behaviours, deaths: [], absences: [], loss: random.pick([0, 0.05, 0.4]) }
}

/** The last peers of a world, up to `most` of them, and when they die: most Jobs here are agreed within twelve seconds. */
export function deathsOf(random: Random, peers: number, most: number): AgreementScenario['deaths'] {
  return Array.from({ length: random.int(1, Math.max(1, most)) }, (_, index) => ({ peer: peers - 1 - index, atMs: random.int(0, 12_000) }))
}

interface Entry {
  author: string
  record: JobRecord
}

const ANTI_ENTROPY_MS = 2000
const STEP_MS = 100
const RETRY_MS = 1000

/** A peer of a world, with a view of its own. */
export class AgreementNode {
  readonly index: number
  readonly name: string
  readonly behaviour: Behaviour
  readonly view: JobView
  readonly info: JobInfo
  readonly known = new Set<string>()
  readonly entries: Entry[] = []
  readonly openings = new Map<string, Uint8Array[]>()
  readonly since = new Map<string, number>()
  readonly looked = new Map<string, boolean>()
  /** Duties that wait for bytes, and those that may be tried again only later. */
  readonly taking = new Set<string>()
  readonly notBeforeMs = new Map<string, number>()
  readonly marks = new Map<string, { mark: string; sinceMs: number }>()
  readonly secret: Uint8Array
  away = false

  constructor(index: number, behaviour: Behaviour, info: JobInfo) {
    this.index = index
    this.name = peerName(index)
    this.behaviour = behaviour
    this.info = info
    this.view = createJobView(jobIdOfInfo(info))
    this.secret = hashOf('sim-secret', uint32(index))
  }

  wallet(): string {
    return `0x${this.index.toString(16).padStart(40, 'a')}`
  }

  /** False where it has the record already. */
  learn(entry: Entry): boolean {
    const key = `${entry.author}|${keyOf(entry.record)}`
    if (this.known.has(key)) return false
    this.known.add(key)
    this.entries.push(entry)
    applyRecord(this.view, entry.author, entry.record)
    return true
  }

  hashOfBlock(macro: number, micro: number, block: number): Uint8Array {
    const wrong = this.behaviour.wrong?.(macro, micro, block) ?? false
    return hashOf('result', uint32(macro), uint32(micro), uint32(block), utf8ToBytes(wrong ? `wrong ${this.index}` : 'right'))
  }

  commit(
    macro: number,
    micro: number,
    attempt: number,
    blockHashes: Uint8Array[],
    challenge: Uint8Array | null = null,
  ): RecordOf<'commit'> {
    this.openings.set(`${macro}/${micro}/${attempt}`, blockHashes)
    const subject = { jobId: this.view.jobId, macro, micro, wallet: this.wallet() }
    const commit = commitFor(this.info, subject, { blockHashes, salt: this.#salt(macro, micro, attempt) })
    return { kind: 'commit', macro, micro, attempt, commit, chainHead: chainHead(this.secret, chunkOf(this.info, macro)), challenge }
  }

  /** The record that a duty asks for; undefined where this peer does not do it. */
  perform(duty: Duty): JobRecord | undefined {
    const { behaviour, info } = this
    switch (duty.kind) {
      case 'propose':
      case 'reopen':
        return duty.record
      case 'open-nonce': {
        const { chunk, attempt, root } = duty
        return behaviour.keepsNonce ? undefined : { kind: 'nonce', chunk, attempt, root, nonce: nonceAt(this.secret, chunk, attempt) }
      }
      case 'validate': {
        const { macro, attempt, challenge, samples } = duty
        const judge = (block: number, micro: number) =>
          behaviour.accuses ? hashOf('lie', uint32(micro)) : this.hashOfBlock(macro, micro, block)
        return this.commit(macro, info.slicing.microJobs, attempt, samples.map(judge), challenge)
      }
      case 'reveal':
        return behaviour.hides ? undefined : this.#reveal(duty)
      case 'recheck': {
        const { macro, attempt, dispute } = duty
        const hash = this.hashOfBlock(macro, dispute.micro, dispute.block)
        return { kind: 'recheck', macro, micro: dispute.micro, attempt, block: dispute.block, hash, agrees: 'neither' }
      }
      case 'look':
        return undefined
      case 'finalize':
        return { kind: 'report', cid: CID, outcome: duty.outcome }
    }
  }

  #salt(macro: number, micro: number, attempt: number) {
    return hashOf('sim-salt', this.secret, uint32(macro), uint32(micro), uint32(attempt))
  }

  #reveal({ macro, micro, attempt }: Extract<Duty, { kind: 'reveal' }>): JobRecord {
    const blockHashes = this.openings.get(`${macro}/${micro}/${attempt}`) as Uint8Array[]
    const salt = this.#salt(macro, micro, attempt)
    const wallet = this.wallet()
    const isResult = micro < this.info.slicing.microJobs
    const cid = isResult ? ResultBytes.cidOf(this.name, this.behaviour.unserved === true, macro, micro, attempt) : CID
    const record = { kind: 'reveal' as const, macro, micro, attempt, blockHashes, salt, cid, verdicts: null, wallet }
    return { ...record, checksum: checksumOf(this.view.jobId, record) }
  }
}

/** Plays a Job from first commit to report with the production fold, duties and patience. Gives what went wrong; empty where nothing did. */
export function playAgreement(
  scenario: AgreementScenario,
  { trace }: { trace?: (line: string) => void } = {},
): { failures: string[]; endedMs: number } {
  return new AgreementWorld(scenario, trace).play()
}

/** Peers, their logs, and the network between them. */
export class AgreementWorld {
  readonly scenario: AgreementScenario
  readonly trace: ((line: string) => void) | undefined
  readonly random: Random
  readonly scheduler: Scheduler = createScheduler()
  readonly results = new ResultBytes()
  readonly nodes: AgreementNode[]

  constructor(scenario: AgreementScenario, trace?: (line: string) => void) {
    this.scenario = scenario
    this.trace = trace
    this.random = createRandom(scenario.seed ^ 0x5eed)
    const info = this.infoOf(plainInfo(...scenario.shape, peerName(16), scenario.chunkMacroJobs))
    this.nodes = scenario.behaviours.map((behaviour, index) => this.nodeOf(index, behaviour, info))
    for (const node of this.nodes) node.learn({ author: info.requester, record: { kind: 'job', info } })
  }

  protected infoOf(plain: JobInfo): JobInfo {
    return plain
  }

  protected nodeOf(index: number, behaviour: Behaviour, info: JobInfo): AgreementNode {
    return new AgreementNode(index, behaviour, info)
  }

  play(): { failures: string[]; endedMs: number } {
    const { deaths, absences } = this.scenario
    for (const node of this.nodes) {
      this.write(node, {
        kind: 'peer',
        wallet: node.wallet(),
        certificate: new Uint8Array(1),
        fingerprint: null,
        ...(isPaid(node.info) && { settles: true }),
      })
      this.every(node, STEP_MS, () => this.#step(node))
      this.every(node, ANTI_ENTROPY_MS, () => this.#synchronise(node))
    }
    for (const { peer, atMs } of deaths) this.scheduler.after(atMs, () => this.#setAway(peer, true))
    for (const { peer, fromMs, toMs } of absences) {
      this.scheduler.after(fromMs, () => this.#setAway(peer, true))
      this.scheduler.after(toMs, () => this.#setAway(peer, false))
    }
    const present = () => this.nodes.filter(({ away }) => !away)
    const isOver = () => this.scheduler.nowMs() > 30_000 && present().every(({ view }) => progressOf(view).state === 'finished')
    this.scheduler.run(30 * 60_000, isOver)
    return { failures: this.judge(present()), endedMs: this.scheduler.nowMs() }
  }

  #setAway(peer: number, away: boolean) {
    const node = this.nodes[peer] as AgreementNode
    node.away = away
  }

  protected every(node: AgreementNode, ms: number, action: () => void) {
    const again = () => {
      if (!node.away) action()
      this.scheduler.after(ms * (0.75 + this.random.next() / 2), again)
    }
    this.scheduler.after(this.random.int(0, ms), again)
  }

  protected write(author: AgreementNode, record: JobRecord) {
    const entry = { author: author.name, record }
    if (!author.learn(entry)) return
    this.trace?.(`${this.scheduler.nowMs()} ${author.index} ${keyOf(record)}`)
    for (const node of this.nodes) {
      if (node === author || this.random.chance(this.scenario.loss)) continue
      this.scheduler.after(this.random.int(5, 400), () => !node.away && node.learn(entry))
    }
  }

  /** What a peer lacks of another's log comes at once, as after a sync. */
  #synchronise(node: AgreementNode) {
    const others = this.nodes.filter((other) => other !== node && !other.away)
    if (others.length === 0) return
    const other = this.random.pick(others)
    for (const entry of [...other.entries]) node.learn(entry)
    for (const entry of [...node.entries]) other.learn(entry)
  }

  #step(node: AgreementNode) {
    this.#process(node)
    const nowMs = this.scheduler.nowMs()
    const duties = dutiesOf(node.view, node.name, { looked: node.looked })
    const standing = new Set(duties.map(({ id }) => id))
    for (const id of node.since.keys()) if (!standing.has(id)) node.since.delete(id)
    for (const duty of duties) {
      const sinceMs = node.since.get(duty.id) ?? nowMs
      node.since.set(duty.id, sinceMs)
      const times = { sinceMs, stillMs: this.#stillMs(node, duty), alive: (peer: string) => this.#isAlive(peer) }
      if (nowMs < dutyDueMs(duty, DEFAULT_PATIENCE, times)) continue
      if (node.taking.has(duty.id) || nowMs < (node.notBeforeMs.get(duty.id) ?? 0)) continue
      const wanted = this.#wanted(node, duty)
      if (wanted.length > 0) this.#take(node, duty, wanted)
      else this.#do(node, duty)
    }
  }

  #do(node: AgreementNode, duty: Duty) {
    const record = this.perform(node, duty)
    if (record?.kind === 'reveal') this.results.hold(record.cid, node)
    if (record !== undefined) this.write(node, record)
  }

  /** The results that a duty cannot do without, as in src/roles/duty-keeper.ts. */
  #wanted({ view, info, name, looked }: AgreementNode, duty: Duty): OpenedResult[] {
    const of = (macro: number, only?: number) => {
      const results = drawnResults(view, info, macro).filter(
        ({ author, micro }) => author !== name && (only === undefined || micro === only),
      )
      return results.filter((result) => !looked.get(resultKey(result)))
    }
    if (duty.kind === 'look') return of(duty.macro, duty.micro)
    if (duty.kind === 'reveal') return duty.micro === info.slicing.microJobs ? of(duty.macro) : []
    if (duty.kind !== 'recheck' || duty.dispute.processor !== duty.dispute.validator) return []
    return of(duty.macro, duty.dispute.micro)
  }

  /** Takes its time, and is tried again later where something is lacking. */
  #take(node: AgreementNode, duty: Duty, results: readonly OpenedResult[]) {
    node.taking.add(duty.id)
    this.scheduler.after(this.results.takesMs(results.map(({ cid }) => cid)), () => {
      node.taking.delete(duty.id)
      if (node.away) return
      for (const result of results) {
        const isHere = this.results.isServed(result.cid)
        node.looked.set(resultKey(result), isHere)
        if (isHere) this.results.hold(result.cid, node)
      }
      if (results.every((result) => node.looked.get(resultKey(result)))) this.#do(node, duty)
      else node.notBeforeMs.set(duty.id, this.scheduler.nowMs() + RETRY_MS)
    })
  }

  /** The record that comes of it. */
  protected perform(node: AgreementNode, duty: Duty): JobRecord | undefined {
    return node.perform(duty)
  }

  #stillMs(node: AgreementNode, duty: Duty): number {
    const nowMs = this.scheduler.nowMs()
    if (duty.kind !== 'reopen') return nowMs
    const known = node.marks.get(duty.id)
    if (known?.mark === duty.mark) return known.sinceMs
    node.marks.set(duty.id, { mark: duty.mark, sinceMs: nowMs })
    return nowMs
  }

  #isAlive(name: string): boolean {
    return this.nodes.some((node) => node.name === name && !node.away)
  }

  /** One MicroJob now and then, without any queue: two peers may well compute the same. */
  #process(node: AgreementNode) {
    if (!this.random.chance(0.3)) return
    const alive = new Set(this.nodes.filter(({ away }) => !away).map(({ name }) => name))
    const choice = chooseMacroJob(node.view, node.info, { self: node.name, alive, active: new Map(), maxProcessors: 10 })
    if (choice === undefined) return
    const { macro } = choice
    const attempt = chunkState(node.view, node.info, chunkOf(node.info, macro)).current?.attempt ?? 0
    const micro = this.random.pick(choice.open)
    const hashes = Array.from({ length: node.info.slicing.blocks }, (_, block) => node.hashOfBlock(macro, micro, block))
    this.write(node, node.commit(macro, micro, attempt, hashes))
  }

  protected judge(present: AgreementNode[]): string[] {
    const failures: string[] = []
    const honest = present.filter(({ behaviour }) => Object.keys(behaviour).length === 0)
    const right = new AgreementNode(0, {}, honest[0]?.info as JobInfo)
    const outcomes = new Set<string>()
    for (const { index, view, info } of honest) {
      const agreed = agreedMacroJobs(view, info)
      if (agreed === undefined) {
        const { attempts, current } = chunkState(view, info, 0)
        failures.push(`peer ${index}: not agreed after ${attempts.length} attempts, open ${[...(current?.open ?? [])].join(' ')}`)
        continue
      }
      outcomes.add(bytesToHex(outcomeOf(view.jobId, agreed)))
      if (progressOf(view).state !== 'finished') failures.push(`peer ${index}: agreed, and no report`)
      for (const { macro, microJobs } of agreed) {
        for (const [micro, { blockHashes }] of microJobs.entries()) {
          const wrong = blockHashes.some((hash, block) => bytesToHex(hash) !== bytesToHex(right.hashOfBlock(macro, micro, block)))
          if (wrong) failures.push(`peer ${index}: a wrong result was agreed for ${macro}/${micro}`)
          if (microJobs[micro]?.cid.startsWith(UNSERVED))
            failures.push(`peer ${index}: a result that nobody gives was agreed for ${macro}/${micro}`)
        }
      }
      for (const { peer } of progressOf(view).culprits) {
        const culprit = this.nodes.find(({ name }) => name === peer) as AgreementNode
        if (Object.keys(culprit.behaviour).length === 0) failures.push(`peer ${index}: convicts the honest peer ${culprit.index}`)
      }
    }
    if (outcomes.size > 1) failures.push(`${outcomes.size} different outcomes`)
    return [...failures, ...honest.flatMap((node) => this.#undone(node))]
  }

  /** What late votes of everybody, on every attempt and about everything, take back of what a peer knew to be agreed. */
  #undone({ index, view, info }: AgreementNode): string[] {
    const before = agreedMacroJobs(view, info)
    if (before === undefined) return []
    const { macroJobs, microJobs, chunkMacroJobs } = info.slicing
    for (const { name } of this.nodes) {
      for (let chunk = 0; chunk < Math.ceil(macroJobs / chunkMacroJobs); chunk++) {
        const { attempts, macros } = chunkState(view, info, chunk)
        const items = macros.flatMap((macro) => Array.from({ length: microJobs }, (_, micro): [number, number] => [macro, micro]))
        for (const { attempt } of attempts) applyRecord(view, name, { kind: 'reopen', chunk, attempt, items })
      }
    }
    const after = agreedMacroJobs(view, info)
    const isSame = after !== undefined && bytesToHex(outcomeOf(view.jobId, after)) === bytesToHex(outcomeOf(view.jobId, before))
    return isSame ? [] : [`peer ${index}: late votes undo what was agreed`]
  }
}
