import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { connectChain } from '../../../src/chain/connect.ts'
import { type Devnet, startDevnet } from '../../../src/chain/devnet/devnet.ts'
import { silentLogger } from '../../../src/log.ts'
import type { Chain, EscrowTerms, Statement, WalletSignature } from '../../../src/ports.ts'
import { signStatement } from '../../contracts/support/statements.ts'
import { call } from './anvil.ts'

export const TOKEN = 10n ** 18n
const TWO_POW_32 = 2n ** 32n

/** Accepts every proof: PUSH 1, MSTORE, RETURN a word. */
const YES = '0x60015f5260205ff3'

const STATEMENTS = { 'leaf-commit': 'LeafCommit', 'root-endorsement': 'RootEndorsement', verdict: 'Verdict', recheck: 'Recheck' } as const

export interface World {
  devnet: Devnet
  /** Ends the chain in order and goes on from its state, on the same port. */
  restart(): Promise<void>
  url: string
  rpc(method: string, ...params: unknown[]): Promise<unknown>
  /** The chain as the wallet `index` of the devnet sees it, over one endpoint or these. */
  open(index: number, urls?: string[]): Promise<Chain>
  /** What the wallet `index` of the devnet signs for the escrow. */
  sign(index: number, statement: Statement): Promise<WalletSignature>
  /** Stops every chain that was opened. */
  closeChains(): Promise<void>
  stop(): Promise<void>
}

/** A devnet in a directory of its own, whose verifiers take every proof. */
export async function startWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'minga-chain-'))
  const start = (port: number) => startDevnet({ logger: silentLogger }, { directory, port, fund: [] })
  let devnet = await start(0)
  const url = devnet.chain.rpc[0]!
  const rpc = (method: string, ...params: unknown[]) => call(url, method, ...params)
  for (const { verifier } of Object.values(devnet.chain.verifiers)) await rpc('anvil_setCode', verifier, YES)
  const opened: Chain[] = []
  const closeChains = async () => {
    for (const chain of opened.splice(0)) await chain.stop()
  }
  return {
    get devnet() {
      return devnet
    },
    async restart() {
      await devnet.stop()
      devnet = await start(Number(new URL(url).port))
    },
    url,
    rpc,
    closeChains,
    async open(index, urls = [url]) {
      const walletKey = new Uint8Array(Buffer.from(devnet.chain.development!.wallets[index]!.key.slice(2), 'hex'))
      const chain = await connectChain({
        chain: { ...devnet.chain, rpc: urls },
        walletKey,
        timeoutMs: 5_000,
        pollingIntervalMs: 25,
        stuckAfterMs: 2_000,
        giveUpMs: 20_000,
        finalityBlocks: 16,
      })
      opened.push(chain)
      return chain
    },
    sign: (index, { kind, escrowId, ...fields }) => {
      const { chainId, escrow, development } = devnet.chain
      const wallet = new Wallet(development!.wallets[index]!.key)
      return signStatement({ chainId: BigInt(chainId), escrow }, wallet, STATEMENTS[kind], { jobId: escrowId, ...fields })
    },
    async stop() {
      await closeChains()
      await devnet.stop()
      await rm(directory, { recursive: true })
    },
  }
}

let jobs = 0

/** One chunk of 2 × 2 MicroJobs at 100 tokens, a validation 30, a settled MacroJob 7: 474 in all. */
export function terms(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return {
    jobId: (++jobs).toString(16).padStart(62, '0'),
    seedCommitment: 7n,
    deadline: Math.floor(Date.now() / 1000) + 86_400,
    sizeClass: 0,
    quorum: 1,
    macroJobs: 2,
    chunkMacroJobs: 2,
    microJobs: 2,
    blocks: 4,
    unitPriceWei: 100n * TOKEN,
    validationPriceWei: 30n * TOKEN,
    finisherPriceWei: 7n * TOKEN,
    minBondWei: 500n * TOKEN,
    ...changes,
  }
}

export const BUDGET = 2n * (2n * 100n + 30n + 7n) * TOKEN

/** Processed, and validated. */
export const units = (processed: bigint, validated: bigint) => processed + TWO_POW_32 * validated
