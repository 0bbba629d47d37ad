import type { Logger } from '../log.ts'
import type { PeerId } from '../ports.ts'
import type { Bitswap } from './bitswap.ts'
import type { BulkClient } from './bulk/client.ts'
import type { Want } from './bulk/order.ts'
import { keyOf } from './cid.ts'
import type { Attempt, WrongBytesKind } from './errors.ts'
import { BlockNotFoundError, WrongBytesError } from './errors.ts'
import { MAX_WANTS } from './limits.ts'

export interface DownloadComponents {
  bulk: BulkClient | undefined
  bitswap: Bitswap | undefined
  logger: Logger
  onWrongBytes: (peer: PeerId, kind: WrongBytesKind) => void
}

/** What one operation has learnt of its providers, over all its downloads. */
export interface Experience {
  /** Asked last from now on: a dead first provider must not cost its timeout for every window of leaves. */
  failed: Set<PeerId>
  /** Not asked again. */
  wrong: Map<PeerId, WrongBytesError>
}

export interface DownloadOptions {
  providers: readonly PeerId[]
  experience: Experience
  signal: AbortSignal
  /** Takes a checked block; what it throws ends the download. */
  accept: (want: Want, bytes: Uint8Array) => Promise<void> | void
}

/** The state of one download: what is missing, who failed and how. */
interface Run extends DownloadOptions {
  missing: Map<string, Want>
  attempts: Attempt[]
  /** Providers that answered and lack a block, or cannot be reached at all: Bitswap would wait for its timeout to learn the same. */
  settled: Set<PeerId>
}

/**
 * Brings the wanted blocks: each provider by bulk stream in the given order, then those that could not be asked so by Bitswap, then, where
 * that is configured, whoever the routing names. Throws WrongBytesError where only false bytes were to be had, else BlockNotFoundError.
 */
export async function download(components: DownloadComponents, wants: readonly Want[], options: DownloadOptions): Promise<void> {
  const run: Run = { ...options, missing: new Map(wants.map((want) => [keyOf(want.cid), want])), attempts: [], settled: new Set() }
  for (const peer of inOrder(options.providers, options.experience)) {
    if (run.missing.size > 0 && components.bulk) await askInBulk(components, components.bulk, peer, run)
  }
  if (run.missing.size > 0 && components.bitswap) await askByBitswap(components.bitswap, run)
  const [lacking] = run.missing.values()
  if (lacking === undefined) return
  const notFound = new BlockNotFoundError(lacking.cid.toString(), run.attempts)
  const [wrong] = options.experience.wrong.values()
  throw wrong === undefined ? notFound : new WrongBytesError({ ...factsOf(wrong), cause: notFound })
}

const inOrder = (providers: readonly PeerId[], { failed, wrong }: Experience): PeerId[] =>
  providers.filter((peer) => !wrong.has(peer)).toSorted((a, b) => Number(failed.has(a)) - Number(failed.has(b)))

const factsOf = ({ cid, peer, kind }: WrongBytesError) => ({ cid, peer, kind })

async function askInBulk({ logger, onWrongBytes }: DownloadComponents, bulk: BulkClient, peer: PeerId, run: Run): Promise<void> {
  try {
    await askUntilDry(bulk, peer, run)
    if (run.missing.size === 0) return
    run.attempts.push({ source: peer, reason: 'does not have it', lacks: true })
    run.settled.add(peer)
  } catch (error) {
    run.signal.throwIfAborted()
    if (error instanceof AcceptFailedError) throw error.cause
    noteFailure({ logger, onWrongBytes }, run.experience, peer, error)
    // Named by the network, which storage does not import.
    if (error instanceof Error && error.name === 'PeerUnreachableError') run.settled.add(peer)
    run.attempts.push({ source: peer, reason: error instanceof Error ? error.name : 'failed' })
  }
}

/** Remembers a provider's failure, and blames it where it sent what it should not. */
export function noteFailure(
  { logger, onWrongBytes }: Pick<DownloadComponents, 'logger' | 'onWrongBytes'>,
  { failed, wrong }: Experience,
  peer: PeerId,
  error: unknown,
): void {
  failed.add(peer)
  // Others may have it: where nobody does, BlockNotFoundError names them all.
  logger.debug('provider failed', { peer, error })
  if (!(error instanceof WrongBytesError) || wrong.has(peer)) return
  wrong.set(peer, error)
  onWrongBytes(peer, error.kind)
}

/** Asks again after an answer that ended early, as long as each answer brings something. */
async function askUntilDry(bulk: BulkClient, peer: PeerId, run: Run): Promise<void> {
  const denied = new Set<string>()
  for (let came = 1; came > 0; ) {
    const batch = [...run.missing].filter(([key]) => !denied.has(key)).slice(0, MAX_WANTS)
    if (batch.length === 0) return
    came = 0
    for await (const { want, bytes } of bulk.list(
      peer,
      batch.map(([, want]) => want),
      run.signal,
    )) {
      if (bytes === undefined) denied.add(keyOf(want.cid))
      else {
        await accept(run, want, bytes)
        came++
      }
    }
  }
}

/** Tells a failure of ours, such as a full disk, from one of the provider. */
class AcceptFailedError extends Error {}

async function accept(run: Run, want: Want, bytes: Uint8Array): Promise<void> {
  try {
    await run.accept(want, bytes)
  } catch (cause) {
    throw new AcceptFailedError('not accepted', { cause })
  }
  run.missing.delete(keyOf(want.cid))
}

async function askByBitswap(bitswap: Bitswap, run: Run): Promise<void> {
  const reason = await bitswap.fetch([...run.missing.values()], {
    providers: run.providers.filter((peer) => !run.settled.has(peer)),
    signal: run.signal,
    onBlock: async (want, bytes) => {
      await run.accept(want, bytes)
      run.missing.delete(keyOf(want.cid))
    },
  })
  run.signal.throwIfAborted()
  if (reason !== undefined) run.attempts.push({ source: 'bitswap', reason })
}
