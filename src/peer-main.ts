import { namesChain } from './chain/names-chain.ts'
import type { PeerInit, RunningPeer, StartPeer } from './cli/ports.ts'
import { systemClock } from './clock.ts'
import { createCompute } from './compute/compute.ts'
import { SoftwareAdapterError } from './compute/errors.ts'
import { DEVELOPMENT_CHAIN_ID } from './job/development-chain.ts'
import type { JobId } from './job/ids.ts'
import { createVerifier } from './network/signatures-node.ts'
import { termsOf } from './node/job-terms.ts'
import type { OpenEscrowInit } from './node/open-escrow.ts'
import { type MingaNode, startNode } from './node/start-node.ts'
import { startInOrder, type Undo } from './node/undo.ts'
import type { Abortable, Compute } from './ports.ts'
import { signCertificate } from './protocol/certificate.ts'
import { escrowWatcher } from './roles/escrow-watch.ts'
import { createHolder } from './roles/holder.ts'
import { createJobSessions, type JobSessions } from './roles/job-sessions.ts'
import { createJobsBoard, type JobsBoard } from './roles/jobs-board.ts'
import { createProcessor, type Processor } from './roles/processor.ts'
import { createQueueSnapshots } from './roles/queue-snapshots.ts'
import { finishStaleJobs } from './roles/stale-jobs.ts'
import { createGarbageCollector, type GarbageCollector } from './storage/garbage-collector.ts'

/** Ten years: the certificate binds two keys of one operator, who can take either away. */
const CERTIFICATE_SECONDS = 10 * 365 * 86_400

/** Starts everything in order; where a step fails, stops what began in reverse and rethrows. */
export const startPeer: StartPeer = (init) => startInOrder((undo) => start(init, undo))

async function start(init: PeerInit, undo: Undo): Promise<RunningPeer> {
  const peer = await assemble(init, undo)
  if (init.role === 'bootstrap') await startHolder(peer)
  const processor = isWorking(init) ? await startProcessor(peer) : undefined
  if (init.role === 'peer') lookAtStaleJobs(peer, processor)
  const { network } = peer.node
  return {
    self: network.self,
    addresses: () => network.addresses(),
    stop: async (options: Abortable = {}) => {
      await processor?.stop(options.signal)
      await undo.run()
    },
  }
}

const isWorking = ({ role, config }: PeerInit) => role === 'peer' && config.compute.device !== 'off'

/** What all roles of a peer stand on. */
interface Assembled {
  init: PeerInit
  undo: Undo
  node: MingaNode
  collector: GarbageCollector
  escrow: Awaited<ReturnType<typeof openEscrow>> | undefined
  sessions: JobSessions
  board: JobsBoard
}

async function assemble(init: PeerInit, undo: Undo): Promise<Assembled> {
  const { config, logger, role, signal } = init
  const node = await startNode({ config, logger, role, dataDir: config.dataDir, ...(signal && { signal }) }, undo)
  const collector = startCollector(init, node)
  undo.add(() => collector.stop())
  if (role === 'peer' && config.bootstrap.length === 0 && !config.mdns) {
    logger.warn('knows nobody: waits to be dialled; give -b (--bootstrap) the address of a bootstrap node, or --mdns')
  }
  const works = isWorking(init)
  const escrow = namesChain(config.chain)
    ? await openEscrow({ config, logger, walletKey: node.wallet.key, works, ...(signal && { signal }) }, undo)
    : undefined
  const watching = new AbortController()
  undo.add(async () => watching.abort())
  const watchEscrow =
    escrow && escrowWatcher({ ...escrow, clock: systemClock, logger: logger.child('escrow') }, { signal: watching.signal })
  const { network, replica } = node
  const sessions = createJobSessions({ replica, self: network.self, ...(watchEscrow && { watchEscrow }) })
  const board = await createJobsBoard(
    { channels: network.channels, clock: systemClock, logger: logger.child('board') },
    { answersFirst: role === 'bootstrap', ...(signal && { signal }) },
  )
  undo.add(() => board.close())
  return { init, undo, node, collector, escrow, sessions, board }
}

function startCollector({ config, logger }: PeerInit, { blocks, replica, vault }: MingaNode): GarbageCollector {
  return createGarbageCollector(
    { blocks, clock: systemClock, logger: logger.child('gc') },
    {
      maxAgeMs: config.storage.maxAgeMs,
      maxBytes: config.storage.maxBytes,
      onReleased: async (jobId) => {
        await vault.drop(jobId)
        // A Job that is held goes on answering those who fetch its results; its log goes when the holder gives it up.
        if (!replica.isOpen(jobId)) await replica.remove(jobId)
      },
    },
  )
}

async function startHolder({ init, undo, node, collector, escrow, sessions, board }: Assembled): Promise<void> {
  const { network, replica, blocks, vault } = node
  const holder = await createHolder(
    {
      self: network.self,
      sessions,
      replica,
      blocks,
      streams: network.streams,
      board,
      chain: escrow?.chain,
      vault,
      networkOf: network.networkOf,
      collect: () => collector.collect(),
      clock: systemClock,
      logger: init.logger.child('holder'),
    },
    { maxBytes: init.config.storage.maxBytes },
  )
  undo.add(() => holder.stop())
}

/** In the background: the peer is ready meanwhile. A bootstrap node takes all its Jobs up again (holdings.ts). */
function lookAtStaleJobs({ init, undo, node, escrow, sessions }: Assembled, processor: Processor | undefined): void {
  const { network, replica, blocks, vault } = node
  const stopping = new AbortController()
  const takesPart = (jobId: JobId) => processor?.jobs().includes(jobId) ?? false
  const components = {
    self: network.self,
    sessions,
    replica,
    blocks,
    vault,
    chain: escrow?.chain,
    takesPart,
    clock: systemClock,
    logger: init.logger.child('stale'),
  }
  const looking = finishStaleJobs(components, stopping.signal).catch((error: unknown) =>
    init.logger.warn('could not look at old Jobs', { error }),
  )
  undo.add(async () => {
    stopping.abort()
    await looking
  })
}

async function startProcessor({ init, undo, node, escrow, sessions, board }: Assembled): Promise<Processor> {
  const device = await openCompute(init, undo)
  const compute = init.wrapCompute?.(device) ?? device
  const { identity, wallet, network, replica, blocks, vault } = node
  const facts = {
    peerKey: identity.publicKey,
    // A certificate names a chain; where none is configured, the one that is worth nothing.
    chainId: escrow?.chain.chainId ?? DEVELOPMENT_CHAIN_ID,
    expiry: Math.floor(Date.now() / 1000) + CERTIFICATE_SECONDS,
  }
  const certificate = signCertificate(wallet.key, facts)
  const snapshots = await createQueueSnapshots({ streams: network.streams })
  undo.add(() => snapshots.close())
  const processor = createProcessor(
    {
      self: network.self,
      sessions,
      board,
      channels: network.channels,
      replica,
      snapshots,
      blocks,
      compute,
      vault,
      signer: identity.signer,
      verify: createVerifier(),
      clock: systemClock,
      logger: init.logger.child('processor'),
      wallet: wallet.address,
      walletKey: wallet.key,
      escrow,
      certificate,
      refuses: termsOf(init.config),
    },
    { minUnitPriceWei: init.config.jobs.minUnitPrice },
  )
  const now = AbortSignal.abort()
  undo.add(() => processor.stop(now))
  await board.ask().catch(() => {})
  return processor
}

/** Loaded where it is needed alone: a tenth of what a start takes. */
async function openEscrow(init: OpenEscrowInit, undo: Undo) {
  return (await import('./node/open-escrow.ts')).openEscrow(init, undo)
}

async function openCompute({ config, logger }: PeerInit, undo: Undo): Promise<Compute> {
  const compute = await createCompute(
    { logger: logger.child('compute') },
    {
      adapter: config.compute.device === 'software' ? 'software' : 'auto',
      cacheDirectory: config.cacheDir,
      maxBufferBytes: config.compute.maxBytes,
      ...(config.compute.vulkanDrivers && { driverEnvironment: { VK_DRIVER_FILES: config.compute.vulkanDrivers } }),
    },
  )
  undo.add(() => compute.stop())
  const { kind, name } = await compute.device()
  if (kind === 'software' && !config.compute.software) throw new SoftwareAdapterError(name)
  return compute
}
