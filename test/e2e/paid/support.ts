import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { buildArtifacts } from '../../../scripts/circuits/artifacts.ts'
import { pinnedPath } from '../../../scripts/circuits/pin.ts'
import { connectChain } from '../../../src/chain/connect.ts'
import { type Devnet, startDevnet } from '../../../src/chain/devnet/devnet.ts'
import { createClient, type JobDraft, type JobHandle, type JobReport, type MingaClient, silentLogger } from '../../../src/index.ts'
import type { Chain, ChainEvent, WalletBalances } from '../../../src/ports.ts'
import { call } from '../../chain/support/anvil.ts'
import { type Endpoint, honest, type Behaviour as RpcBehaviour, startProxy } from '../../chain/support/proxy.ts'
import type { Behaviour } from '../support/behaviour.ts'
import { type Member, startTestNetwork, type TestNetwork, temporaryDirectory } from '../support/fault-network.ts'
import { numbersJob, type Shape } from '../support/jobs.ts'
import type { Line } from '../support/process.ts'

export const TOKEN = 10n ** 18n
/** What each peer of these networks has at stake. */
export const BOND_WEI = 20n * TOKEN
/** Three prices that no sum confuses: a MicroJob, the validation of a MacroJob, its settlement. */
export const PRICES = { unitPriceWei: 1_000_003n, validationPriceWei: 30_011n, finisherPriceWei: 701n }
/** The most that one proof of the smallest circuit settles. */
export const SHAPE: Shape = { macroJobs: 4, microJobs: 4, blocks: 4 }
/** A paid Job of these tests takes ten seconds or so on two idle cores; the rest is for a machine that is busy with other things. */
const LIMIT_MS = 150_000
/** The wallet that all Jobs are placed from, the devnet's last. */
const REQUESTER = 8

export interface PaidPeer extends Member {
  readonly wallet: string
  /** What it takes for the chain: one, unless it is given more. */
  readonly endpoints: readonly Endpoint[]
}

export interface PaidPeerOptions {
  behaviour?: Behaviour
  /** Without money for gas. */
  poor?: boolean
  /** With what it takes to settle. @default true */
  circuits?: boolean
  /** RPC endpoints, each of them its own. @default 1 */
  endpoints?: number
  /** What the first of them does from the start. @default honest */
  rpc?: RpcBehaviour
  env?: Readonly<Record<string, string>>
}

/** A network with a chain, and all that a test needs to look at both from outside. */
export interface PaidNetwork {
  readonly network: TestNetwork
  /** The requester's view of the chain, past all that a test puts between peers and chain. */
  readonly chain: Chain
  readonly chainFile: string
  /** Calls the chain itself, its own development methods included. */
  rpc(method: string, ...params: unknown[]): Promise<unknown>
  /** The chain's clock goes to this time, in seconds since 1970, and on from there. */
  passTo(timestamp: number): Promise<void>
  /** The chain from the place of one of the devnet's wallets. */
  open(index: number): Promise<Chain>
  walletFile(index: number): string
  /** Bonds the wallets and starts a peer with each: the first peer has wallet 0. */
  startPeers(names: readonly string[], options?: PaidPeerOptions): Promise<PaidPeer[]>
  startPeer(name: string, index: number, options?: PaidPeerOptions): Promise<PaidPeer>
  client(): Promise<MingaClient>
  /** kill -9 of the chain, and the same chain again from the state on its disk. */
  killChain(): Promise<void>
  restartChain(): Promise<void>
}

export async function startPaidNetwork(t: Pick<TestContext, 'after'>): Promise<PaidNetwork> {
  let stopAll = async () => {}
  const directory = await temporaryDirectory(t, () => stopAll())
  const start = (port: number) => startDevnet({ logger: silentLogger }, { directory, port, fund: [] })
  let devnet: Devnet = await start(0)
  const opened: { stop(): Promise<unknown> }[] = []
  stopAll = async () => {
    await Promise.all(opened.map((one) => one.stop().catch(() => {})))
    await devnet.stop()
  }
  const [network, artifacts] = await Promise.all([startTestNetwork(t, ['--chain-file', devnet.chainFile]), buildArtifacts('4x4')])
  const { rpc: urls, development } = devnet.chain
  const url = urls[0] as string
  const wallets = development?.wallets ?? []
  const open = async (index: number) => {
    const walletKey = new Uint8Array(Buffer.from(wallets[index]!.key.slice(2), 'hex'))
    const chain = await connectChain({ chain: devnet.chain, walletKey })
    opened.push(chain)
    return chain
  }
  const circuits = join(network.directory, 'circuits.json')
  const { wasm, zkey } = artifacts
  await writeFile(circuits, JSON.stringify({ format: 'minga-circuits/1', circuits: { '4x4': { wasm, zkey, key: pinnedPath('4x4') } } }))
  const walletFile = (index: number) => join(network.directory, `wallet-${index}.key`)
  await Promise.all(wallets.map(({ key }, index) => writeFile(walletFile(index), key, { mode: 0o600 })))
  const chain = await open(REQUESTER)

  const startPeer: PaidNetwork['startPeer'] = async (
    name,
    index,
    { behaviour, poor = false, circuits: hasCircuits = true, endpoints = 1, rpc = honest, env = {} } = {},
  ) => {
    const { address } = wallets[index] as { address: string }
    if (behaviour?.bondless !== true && (await chain.balances(address)).bondWei < BOND_WEI) {
      const own = await open(index)
      await own.bond(BOND_WEI)
      // It would look after its transaction to the end of the test.
      await own.stop()
    }
    if (poor) await call(url, 'anvil_setBalance', address, '0x0')
    const proxies = await Promise.all(Array.from({ length: endpoints }, () => startProxy(() => url)))
    for (const { close } of proxies) opened.push({ stop: close })
    proxies[0]?.behave(rpc)
    const settings = {
      walletKeyFile: walletFile(index),
      'chain.file': devnet.chainFile,
      'chain.rpc': proxies.map((proxy) => proxy.url),
      ...(hasCircuits && { 'chain.circuits': circuits }),
      'timeout.rpcMs': 5000,
    }
    const args = [
      '--wallet-key-file',
      walletFile(index),
      '--chain-file',
      devnet.chainFile,
      ...proxies.flatMap((proxy) => ['--chain-rpc', proxy.url]),
      ...(hasCircuits ? ['--chain-circuits', circuits] : []),
    ]
    const member = await network.startPeer(name, { env, ...(behaviour === undefined ? { args } : { behaviour, settings }) })
    return Object.assign(member, { wallet: address, endpoints: proxies })
  }

  return {
    network,
    chain,
    chainFile: devnet.chainFile,
    rpc: (method, ...params) => call(url, method, ...params),
    async passTo(timestamp) {
      await call(url, 'evm_setNextBlockTimestamp', timestamp)
      await call(url, 'evm_mine')
    },
    open,
    walletFile,
    startPeer,
    startPeers: (names, options) => Promise.all(names.map((name, index) => startPeer(name, index, options))),
    async client() {
      const client = await createClient({ bootstrap: [network.webAddress], chain: await open(REQUESTER) })
      opened.push({ stop: () => client.close() })
      return client
    },
    async killChain() {
      const { anvil } = JSON.parse(await readFile(join(directory, 'devnet-processes.json'), 'utf8')) as { anvil: number }
      process.kill(anvil, 'SIGKILL')
      await assert.rejects(devnet.died)
      await devnet.stop()
    },
    async restartChain() {
      devnet = await start(Number(new URL(url).port))
    },
  }
}

/** A Job that pays, and what must come out of it. */
export function paidJob(name: string, draft: Partial<JobDraft> = {}, shape: Shape = SHAPE) {
  const { unitPriceWei, validationPriceWei, finisherPriceWei } = PRICES
  const payment = { validationPriceWei: String(validationPriceWei), finisherPriceWei: String(finisherPriceWei), ...draft.payment }
  const { draft: whole, expected } = numbersJob(shape, { name, unitPriceWei: String(unitPriceWei), ...draft, payment })
  return { draft: whole, expected, budgetWei: budgetOf(shape) }
}

function budgetOf({ macroJobs, microJobs }: Shape): bigint {
  const { unitPriceWei, validationPriceWei, finisherPriceWei } = PRICES
  return BigInt(macroJobs) * (BigInt(microJobs) * unitPriceWei + validationPriceWei + finisherPriceWei)
}

/** The wallets' money at one moment. */
export type Ledger = ReadonlyMap<string, WalletBalances>

/** Of the peers, and of the requester. */
export async function ledgerOf({ chain }: PaidNetwork, peers: readonly PaidPeer[]): Promise<Ledger> {
  const wallets = [...peers.map(({ wallet }) => wallet), chain.wallet]
  return new Map(await Promise.all(wallets.map(async (wallet) => [wallet, await chain.balances(wallet)] as const)))
}

/** Result and report of a paid Job; its peers write the report only when they know all of it to be paid. */
export async function finishPaid(handle: JobHandle, expected: Uint8Array): Promise<JobReport> {
  const { bytes, report, reportProblem } = await handle.result({ signal: AbortSignal.timeout(LIMIT_MS) })
  assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
  if (report === undefined) throw new Error(reportProblem)
  return report.report
}

/** All that the chain says now of a Job. */
export async function eventsOf({ chain }: PaidNetwork, jobId: string, requester = chain.wallet): Promise<ChainEvent[]> {
  const escrowId = chain.escrowIdOf(requester, jobId)
  const { number } = await chain.head()
  const found: ChainEvent[] = []
  for await (const event of chain.events(0, { signal: AbortSignal.timeout(LIMIT_MS) })) {
    if (event.type === 'chain:advanced' && event.blockNumber >= number) break
    if ('escrowId' in event && event.escrowId === escrowId) found.push(event)
  }
  return found
}

/** The wallet that is convicted first for what it did in a Job, in small letters. */
export async function untilConvicted({ chain }: PaidNetwork, jobId: string): Promise<string> {
  const escrowId = chain.escrowIdOf(chain.wallet, jobId)
  for await (const event of chain.events(0, { signal: AbortSignal.timeout(LIMIT_MS) })) {
    if (event.type === 'wallet:convicted' && event.escrowId === escrowId) return event.wallet.toLowerCase()
  }
  throw new Error(`nobody was convicted in Job ${jobId}`)
}

/**
 * To the last unit: each wallet has what the report says that it did, the finisher of each MacroJob its share, the requester is poorer by the whole
 * price, and every MacroJob was paid once.
 */
export async function assertPaid(paid: PaidNetwork, peers: readonly PaidPeer[], before: Ledger, handle: JobHandle, report: JobReport) {
  const { shape } = handle.progress()
  const events = await eventsOf(paid, handle.jobId)
  const settlements = events.filter((event) => event.type === 'macrojobs:settled')
  const everything = (1n << BigInt(shape.macroJobs)) - 1n
  assert.equal(
    settlements.reduce((sum, { counted }) => sum + counted, 0n),
    everything,
    'each MacroJob once',
  )
  const after = await ledgerOf(paid, peers)
  const earned = (wallet: string) => after.get(wallet)!.creditWei - before.get(wallet)!.creditWei
  for (const { wallet, peer } of peers) {
    const tally = report.peers.find((one) => one.peer === peer)
    const finished = settlements.filter(({ finisher }) => finisher.toLowerCase() === wallet.toLowerCase())
    const macroJobs = finished.reduce((sum, { counted }) => sum + onesOf(counted), 0n)
    const { unitPriceWei, validationPriceWei, finisherPriceWei } = PRICES
    const due =
      BigInt(tally?.processed ?? 0) * unitPriceWei + BigInt(tally?.validated ?? 0) * validationPriceWei + macroJobs * finisherPriceWei
    assert.equal(earned(wallet), due, `${wallet}: ${JSON.stringify(tally)}, finisher of ${macroJobs}`)
  }
  const budget = budgetOf(shape)
  const requester = paid.chain.wallet
  assert.equal(peers.reduce((sum, { wallet }) => sum + earned(wallet), 0n) + earned(requester), budget, 'the whole price')
  assert.equal(before.get(requester)!.tokenWei - after.get(requester)!.tokenWei, budget, 'from the requester')
  assert.equal((await paid.chain.job(paid.chain.escrowIdOf(requester, handle.jobId)))?.state, 'settled')
  return { settlements, after }
}

/** The end of a Job whose work takes much less: it comes when the test lets the chain's clock pass it. */
export const deadlineOf = async ({ chain }: PaidNetwork) => (await chain.head()).timestamp + 1800

/** The first event of the Job for which `holds`, past or to come. */
export async function untilEvent({ chain }: PaidNetwork, jobId: string, holds: (event: ChainEvent) => boolean): Promise<ChainEvent> {
  const escrowId = chain.escrowIdOf(chain.wallet, jobId)
  for await (const event of chain.events(0, { signal: AbortSignal.timeout(LIMIT_MS) })) {
    if ('escrowId' in event && event.escrowId === escrowId && holds(event)) return event
  }
  throw new Error(`the chain ended before the event of Job ${jobId}`)
}

export const untilRefunded = (paid: PaidNetwork, jobId: string) => untilEvent(paid, jobId, ({ type }) => type === 'job:refunded')

/** What a wallet's credit is made of. */
function sharesOf(creditWei: bigint) {
  const { unitPriceWei, validationPriceWei, finisherPriceWei } = PRICES
  const rest = creditWei % unitPriceWei
  const shares = {
    processed: creditWei / unitPriceWei,
    validated: rest / validationPriceWei,
    finished: (rest % validationPriceWei) / finisherPriceWei,
  }
  assert.equal((rest % validationPriceWei) % finisherPriceWei, 0n, `${creditWei} is made of whole shares`)
  return shares
}

/** To the last unit: of the whole price the peers have what these MacroJobs pay, share by share, and the requester the rest. */
export async function assertRefunded(
  paid: PaidNetwork,
  peers: readonly PaidPeer[],
  before: Ledger,
  jobId: string,
  macros: number,
  shape: Shape,
) {
  const after = await ledgerOf(paid, peers)
  const earned = (wallet: string) => after.get(wallet)!.creditWei - before.get(wallet)!.creditWei
  const shares = peers.map(({ wallet }) => sharesOf(earned(wallet)))
  const sum = (of: 'processed' | 'validated' | 'finished') => shares.reduce((total, share) => total + share[of], 0n)
  assert.deepEqual([sum('processed'), sum('validated'), sum('finished')], [macros * shape.microJobs, macros, macros].map(BigInt))
  const requester = paid.chain.wallet
  const refundWei = budgetOf({ ...shape, macroJobs: shape.macroJobs - macros })
  const refunds = (await eventsOf(paid, jobId)).flatMap((event) => (event.type === 'job:refunded' ? [event.refundedWei] : []))
  assert.deepEqual([refunds, earned(requester)], [[refundWei], refundWei])
  assert.equal(before.get(requester)!.tokenWei - after.get(requester)!.tokenWei, budgetOf(shape), 'it paid the whole price before')
  assert.equal((await paid.chain.job(paid.chain.escrowIdOf(requester, jobId)))?.state, 'refunded')
}

const onesOf = (bits: bigint) => BigInt([...bits.toString(2)].filter((digit) => digit === '1').length)

/** The first peer that begins with this duty for the Job. */
export async function untilDuty<P extends PaidPeer>(peers: readonly P[], jobId: string, kind: string): Promise<P> {
  return untilLine(peers, (line) => line.msg === 'duty' && line.jobId === jobId && String(line.duty).startsWith(`${kind}/`))
}

/** The first peer that logs such a line. A peer that ends does not count. */
function untilLine<P extends PaidPeer>(peers: readonly P[], matches: (line: Line) => boolean): Promise<P> {
  return Promise.any(peers.map((peer) => peer.line(matches).then(() => peer)))
}

export const noErrors = (peers: readonly PaidPeer[]) => {
  for (const { log } of peers)
    assert.deepEqual(
      log.filter(({ level }) => level === 'error'),
      [],
    )
}
