import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectChain } from '../chain-client.ts'
import { makeDirectory } from '../directories-node.ts'
import type { Abortable, Chain } from '../ports.ts'
import { randomWalletKey, walletAddress } from '../protocol/wallet.ts'
import { type ChainProcess, startChainProcess } from './chain-process.ts'
import type { Balance, Snapshot } from './ledger.ts'

/** What one token is in its smallest unit. */
export const TOKEN_WEI = 10n ** 18n
/** What the Job asks everyone to stake: more than the 36 tokens at which cheating in nine of ten MicroJobs of a token each would begin to pay. */
export const BOND_WEI = 40n * TOKEN_WEI

/** The money of one demo: a development chain, and a rich wallet with a key of its own for everybody who takes part. */
export interface Treasury {
  readonly process: ChainProcess
  /** The requester's; the client that it is given to stops it. */
  readonly requester: Chain
  /** The wallets of the peers, in lower case, by name. */
  readonly wallets: ReadonlyMap<string, string>
  /** A connection for looking on. */
  readonly onlooker: Chain
  /** The arguments with which a peer of this name pays for gas, is paid and settles. */
  argsFor(name: string): string[]
  /** Stakes what paid Jobs ask for, for every peer. */
  bondAll(): Promise<void>
  /** Sends every peer's wallet what it has earned. */
  withdrawAll(): Promise<void>
  /** What everybody has now; `escrowId` where a Job's escrow is to be looked at, too. */
  snapshot(escrowId?: bigint): Promise<Snapshot>
  stop(): Promise<void>
}

export interface TreasuryInit extends Abortable {
  directory: string
  circuits: Promise<string>
  /** Of the peers. */
  names: readonly string[]
  env: NodeJS.ProcessEnv
}

/** Throws DemoChainError, CircuitsUnbuiltError, and what connectChain throws. */
export async function openTreasury({ directory, circuits, names, env, signal }: TreasuryInit): Promise<Treasury> {
  const options = { ...(signal && { signal }) }
  await makeDirectory(join(directory, 'wallets'), { mode: 0o700 })
  const keys = new Map(names.map((name) => [name, randomWalletKey()]))
  for (const [name, key] of keys) await writeFile(keyFile(directory, name), `0x${Buffer.from(key).toString('hex')}\n`, { mode: 0o600 })
  const requesterKey = randomWalletKey()
  const fund = [requesterKey, ...keys.values()].map(walletAddress)
  const process = await startChainProcess({ directory: join(directory, 'chain'), fund, logDirectory: directory, env, ...options })
  try {
    const circuitsFile = await circuits
    const connect = (walletKey: Uint8Array) => connectChain({ chain: process.chain, walletKey, ...options })
    const chains = new Map<string, Chain>()
    for (const [name, key] of keys) chains.set(name, await connect(key))
    return treasuryOf({ process, directory, circuitsFile, chains, requester: await connect(requesterKey), options })
  } catch (error) {
    await process.stop()
    throw error
  }
}

interface Parts {
  process: ChainProcess
  directory: string
  circuitsFile: string
  chains: ReadonlyMap<string, Chain>
  requester: Chain
  options: Abortable
}

function treasuryOf({ process, directory, circuitsFile, chains, requester, options }: Parts): Treasury {
  const [onlooker] = chains.values() as Iterator<Chain> as unknown as [Chain]
  const each = async (action: (chain: Chain) => Promise<unknown>) => {
    await Promise.all([...chains.values()].map(action))
  }
  const balanceOf = async (name: string, wallet: string): Promise<Balance> => {
    const { tokenWei, creditWei, bondWei } = await onlooker.balances(wallet, options)
    return { name, wallet, tokenWei, creditWei, bondWei }
  }
  return {
    process,
    requester,
    onlooker,
    wallets: new Map([...chains].map(([name, { wallet }]) => [name, wallet.toLowerCase()])),
    argsFor: (name) => [
      ...['--chain-file', process.chainFile, '--chain-circuits', circuitsFile],
      ...['--wallet-key-file', keyFile(directory, name)],
    ],
    bondAll: () => each((chain) => chain.bond(BOND_WEI, options)),
    withdrawAll: () =>
      each(async (chain) => {
        const { creditWei } = await chain.balances(undefined, options)
        if (creditWei > 0n) await chain.withdraw(options)
      }),
    async snapshot(escrowId) {
      const wallets = [...chains].map(([name, { wallet }]) => [name, wallet] as const)
      const accounts = [['requester', requester.wallet], ...wallets, ['escrow', onlooker.escrow]] as const
      const balances = await Promise.all(accounts.map(([name, wallet]) => balanceOf(name, wallet)))
      const job = escrowId === undefined ? undefined : await onlooker.job(escrowId, options)
      return { balances, heldWei: job?.heldWei ?? 0n }
    },
    async stop() {
      await each((chain) => chain.stop())
      await requester.stop()
      await process.stop()
    },
  }
}

const keyFile = (directory: string, name: string) => join(directory, 'wallets', `${name.replaceAll(' ', '-')}.key`)
