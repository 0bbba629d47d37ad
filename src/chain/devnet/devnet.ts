import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getAddress, getBytes, HDNodeWallet, Mnemonic } from 'ethers'
import { systemClock } from '../../clock.ts'
import { makeDirectory } from '../../directories-node.ts'
import { DEVELOPMENT_CHAIN_ID } from '../../job/development-chain.ts'
import type { Logger } from '../../log.ts'
import type { Abortable } from '../../ports.ts'
import type { ChainFile } from '../chain-file.ts'
import { deploy } from '../deploy/deploy.ts'
import { AnvilFailedError, DevnetStateError } from '../errors.ts'
import { readChainFile } from '../settings-node.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { writeWhole } from './files.ts'
import { fund } from './fund.ts'
import { startHeartbeat } from './heartbeat.ts'
import { clearLeftovers, rememberProcesses } from './leftovers.ts'
import { createNodeCall, type NodeCall } from './node-call.ts'

/** The phrase that all development chains use: whoever knows it, and that is everybody, owns these wallets. */
const MNEMONIC = 'test test test test test test test test test test test junk'
/** The first deploys and holds all tokens; the others are for requesters and peers. */
const ACCOUNTS = 10

export interface DevnetInit extends Abortable {
  directory: string
  /** 0 takes a free one. */
  port: number
  /** Where the chain's state is kept. @default `devnet-state.json` in the directory */
  statePath?: string
  /** Wallets to give money and tokens to, beside those of the phrase. */
  fund: readonly string[]
}

export interface Devnet {
  /** The path of the file that peers and clients read. */
  readonly chainFile: string
  readonly chain: ChainFile
  /** Rejects with AnvilFailedError when the chain ends without having been asked to. */
  readonly died: Promise<never>
  /** Keeps the state, ends the chain; idempotent. */
  stop(): Promise<void>
}

type Standing = Pick<ChainFile, 'escrow' | 'token' | 'deployedAt' | 'verifiers'>

/**
 * Starts the development chain on the loopback, or goes on with the one whose state is there, deploys what it lacks and funds its wallets. Throws
 * AnvilMissingError, AnvilFailedError, DevnetRunningError, DevnetStateError.
 */
export async function startDevnet({ logger }: { logger: Logger }, init: DevnetInit): Promise<Devnet> {
  const { directory, port, signal } = init
  const statePath = init.statePath ?? join(directory, 'devnet-state.json')
  const chainFile = join(directory, 'devnet.json')
  const processes = join(directory, 'devnet-processes.json')
  await makeDirectory(directory, { mode: 0o700 })
  await makeDirectory(dirname(statePath)).catch((error: NodeJS.ErrnoException) => {
    throw new DevnetStateError(statePath, `no directory to keep it in (${error.code})`, error)
  })
  await clearLeftovers(processes, chainFile)
  const loadState = hasState(statePath) ? { loadState: statePath } : {}
  const anvil = await startAnvil({
    port,
    chainId: DEVELOPMENT_CHAIN_ID,
    mnemonic: MNEMONIC,
    accounts: ACCOUNTS,
    ...loadState,
    ...(signal && { signal }),
  })
  try {
    await rememberProcesses(processes, anvil.pid)
    const call = createNodeCall(anvil.url)
    const [deployer, ...wallets] = accounts()
    const contracts = (await standing(chainFile, call)) ?? (await deployWith(deployer!.key, anvil.url, signal))
    const chain: ChainFile = {
      format: 'minga-chain/1',
      chainId: DEVELOPMENT_CHAIN_ID,
      rpc: [anvil.url],
      ...contracts,
      development: { wallets },
    }
    await fund({ call, token: chain.token, holder: deployer!.address }, [...wallets.map(({ address }) => address), ...init.fund])
    // Whoever finds the file finds everything in place.
    await writeWhole(chainFile, `${JSON.stringify(chain, null, 2)}\n`)
    return running(anvil, call, { chainFile, chain, statePath, logger })
  } catch (error) {
    await anvil.stop()
    throw error
  }
}

/** Of a directory the chain itself would load whatever file it has of a certain name. Throws DevnetStateError. */
function hasState(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) throw new DevnetStateError(path, found.isDirectory() ? 'a directory' : 'no file')
  return found !== undefined
}

function running(
  anvil: Anvil,
  call: NodeCall,
  { chainFile, chain, statePath, logger }: Pick<Devnet, 'chainFile' | 'chain'> & { statePath: string; logger: Logger },
): Devnet {
  const heartbeat = startHeartbeat({ call, clock: systemClock, logger }, { statePath })
  let stopping: Promise<void> | undefined
  const died = anvil.ended.then(() => {
    if (stopping !== undefined) return new Promise<never>(() => {})
    throw new AnvilFailedError('anvil', 'it ended; its last state was kept')
  })
  died.catch(() => {})
  const stop = async () => {
    await heartbeat.stop()
    await anvil.stop()
  }
  return {
    chainFile,
    chain,
    died,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

async function deployWith(key: string, rpcUrl: string, signal: AbortSignal | undefined): Promise<Standing> {
  const { escrow, token, blockNumber, verifiers } = await deploy({
    rpcUrl,
    chainId: DEVELOPMENT_CHAIN_ID,
    walletKey: getBytes(key),
    ...(signal && { signal }),
  })
  const named = verifiers.map(
    ({ sizeClass, address, verificationKeyHash }) => [sizeClass, { verifier: address, verificationKeyHash }] as const,
  )
  return { escrow, token, deployedAt: blockNumber, verifiers: Object.fromEntries(named) }
}

/** What an earlier run has deployed and the loaded state holds. */
async function standing(chainFile: string, call: NodeCall): Promise<Standing | undefined> {
  const found = await readChainFile(chainFile).catch(() => undefined)
  if (found === undefined) return undefined
  const { escrow, token, deployedAt, verifiers } = found
  for (const address of [escrow, token]) if ((await call('eth_getCode', [address, 'latest'])) === '0x') return undefined
  return { escrow, token, deployedAt, verifiers }
}

function accounts(): { address: string; key: string }[] {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), "m/44'/60'/0'/0")
  return Array.from({ length: ACCOUNTS }, (_, index) => {
    const { address, privateKey } = root.deriveChild(index)
    return { address: getAddress(address), key: privateKey }
  })
}
