import { randomBytes } from 'node:crypto'
import { ChainUnavailableError } from './chain/errors.ts'
import { namesChain } from './chain/names-chain.ts'
import type { CliClient, ClientInit, CreateCliClient, DryRun, ResultFile } from './cli/ports.ts'
import { createClientOn, type MingaClient } from './client/client.ts'
import { systemClock } from './clock.ts'
import { createCompute } from './compute/compute.ts'
import { CLIENT_DIRECTORY } from './config/key-files.ts'
import { hasPrice, type JobDraft } from './job/draft.ts'
import { measureNeighbours } from './network/neighbours.ts'
import type { MingaNetwork } from './network/node.ts'
import { createVerifier } from './network/signatures-node.ts'
import type { OpenChainInit } from './node/open-chain.ts'
import { startNode } from './node/start-node.ts'
import { startInOrder, type Undo } from './node/undo.ts'
import type { Chain } from './ports.ts'
import { type DryRunOptions, runDry } from './roles/dry-run.ts'
import { EscrowUnreadError, unfinishedOf } from './roles/errors.ts'

/** The client of the command line: TCP and WebSocket, and a data directory, so that a later command can cancel what this one placed. */
export const createCliClient: CreateCliClient = (init) => startInOrder((undo) => start(init, undo))

async function start({ config, logger, signal }: ClientInit, undo: Undo): Promise<CliClient> {
  const dataDir = `${config.dataDir}/${CLIENT_DIRECTORY}`
  const node = await startNode({ config, logger, role: 'client', dataDir, ...(signal && { signal }) }, undo)
  const { network, replica, blocks, wallet } = node
  if (config.bootstrap.length > 0)
    await network.waitForBootstrap({ timeoutMs: config.timeout.connectMs, once: true, ...(signal && { signal }) })
  const chain = namesChain(config.chain) ? await openChain({ config, logger, walletKey: wallet.key, ...(signal && { signal }) }) : undefined
  if (chain !== undefined) undo.add(() => chain.stop())
  const client = await createClientOn({
    ...(chain && { chain }),
    // Which chain it is, and where the Job stands: two answers at least.
    escrowTimeoutMs: 2 * config.timeout.rpcMs,
    network,
    replica,
    blocks,
    clock: systemClock,
    verify: createVerifier(),
    logger,
    wallet: wallet.address,
    holders: () => bootstrapPeers(config.bootstrap),
    stop: async () => {
      // What this command fetched or placed lies with others; a client's disk must not grow with each call.
      await blocks.gc().catch(() => {})
      await undo.run()
    },
  })
  return adapt(client, network)
}

/** Loaded where it is needed alone: a tenth of what a start takes. */
async function openChain(init: OpenChainInit): Promise<Chain> {
  const { chain } = await (await import('./node/open-chain.ts')).openChain(init)
  return chain
}

/** The peers at the end of the configured addresses. */
function bootstrapPeers(addresses: readonly string[]): string[] {
  return addresses.flatMap((address) => /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? [])
}

function adapt(client: MingaClient, network: Pick<MingaNetwork, 'libp2p'>): CliClient {
  return {
    self: client.self,
    async place(draft, options) {
      const handle = await client.place(draft, options)
      const summary = handle.summary()
      await handle.close()
      return summary
    },
    jobs: (options) => client.jobs(options),
    async *watch(jobId, options) {
      const handle = await client.job(jobId, options)
      try {
        yield* handle.events(options)
      } finally {
        await handle.close()
      }
    },
    results: (jobId, options) => resultFiles(client, jobId, options ?? {}),
    async cancel(jobId, options) {
      const handle = await client.job(jobId, options)
      try {
        return await handle.cancel(options)
      } finally {
        await handle.close()
      }
    },
    async peers(options) {
      const neighbours = await measureNeighbours(network.libp2p, options)
      const connected = new Set(neighbours.map(({ peer }) => peer))
      // Whoever is only heard of through others is within reach all the same.
      return [...neighbours, ...client.peers().flatMap((peer) => (connected.has(peer) ? [] : [{ peer, addresses: [] }]))]
    },
    close: () => client.close(),
  }
}

async function* resultFiles(
  client: MingaClient,
  jobId: string,
  { signal, onProgress, onWarning }: NonNullable<Parameters<CliClient['results']>[1]>,
): AsyncGenerator<ResultFile> {
  const handle = await client.job(jobId, { ...(signal && { signal }) })
  try {
    const progress = handle.progress()
    const { escrow } = progress
    const missing = handle.missingChain()
    if (missing !== undefined) throw missing
    if (escrow === 'unread' || escrow === 'absent') throw new EscrowUnreadError(jobId, escrow)
    // `watch` is the command that waits; here an unfinished Job would look like a slow download.
    const unfinished = unfinishedOf(progress)
    if (unfinished !== undefined) throw unfinished
    const options = { ...(signal && { signal }), ...(onProgress && { onProgress }) }
    const { bytes, picture, report, reportProblem } = await handle.result(options)
    yield picture === undefined ? { name: 'result.bin', bytes } : { name: 'result.png', bytes, picture }
    if (report !== undefined) yield { name: 'report.json', bytes: report.bytes }
    else onWarning?.(`no report could be verified, so none was written: ${reportProblem}`)
  } finally {
    await handle.close()
  }
}

/** Checks, compiles and runs one block of the draft on this machine's device. */
export const dryRun: DryRun = async (draft, init) => {
  const { config, logger, signal } = init
  const payer = await payerOf(draft, init)
  const compute = await createCompute(
    { logger },
    {
      cacheDirectory: config.cacheDir,
      adapter: config.compute.device === 'software' ? 'software' : 'auto',
      maxBufferBytes: config.compute.maxBytes,
    },
  )
  try {
    return await runDry(compute, draft, { payer, ...(signal && { signal }) })
  } finally {
    await compute.stop()
  }
}

/** The configured escrow with its rules, for a draft that pays; undefined without one, or where its chain does not answer. */
async function payerOf(draft: JobDraft, { config, logger, signal }: ClientInit): Promise<DryRunOptions['payer']> {
  if (!hasPrice(draft) || !namesChain(config.chain)) return undefined
  const options = { ...(signal && { signal }) }
  // Nothing is signed: any key will do.
  const chain = await openChain({ config, logger, walletKey: randomBytes(32), ...options })
  try {
    const [rules, { timestamp }] = await Promise.all([chain.rules(options), chain.head(options)])
    const { chainId, escrow } = chain
    return { escrow: { chainId, escrow, rules }, nowSeconds: Math.max(timestamp, Math.floor(Date.now() / 1000)) }
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error
    logger.warn('the chain does not answer: what its escrow takes was not checked', { error })
    return undefined
  } finally {
    await chain.stop()
  }
}
