import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenCliChain } from '../cli/ports.ts'
import { CLIENT_DIRECTORY, KEY_FILES } from '../config/key-files.ts'
import { loadWallet } from '../protocol/wallet-file-node.ts'
import { openChain } from './open-chain.ts'

/** Where the two keep theirs (`startNode`, cli-client.ts). */
const DIRECTORIES = { peer: '.', client: CLIENT_DIRECTORY } as const

/** The chain for the command line's wallet commands: no network, no other part of a peer, so that they run beside one. */
export const openCliChain: OpenCliChain = async ({ config, logger, signal, wallet: whose }) => {
  const { dataDir, walletKeyFile } = config
  const directory = join(dataDir, DIRECTORIES[whose])
  // Keys lie there.
  if (walletKeyFile === undefined) await mkdir(directory, { recursive: true, mode: 0o700 })
  const wallet = await loadWallet(walletKeyFile ?? join(directory, KEY_FILES.wallet), { mustExist: walletKeyFile !== undefined })
  const { chain } = await openChain({ config, logger, walletKey: wallet.key, ...(signal && { signal }) })
  return chain
}
