import { Interface, Wallet } from 'ethers'
import { createExplainer } from '../../../src/chain/reverts.ts'
import { createHead } from '../../../src/chain/rpc/head.ts'
import { createRpc } from '../../../src/chain/rpc/rpc.ts'
import type { SenderInit } from '../../../src/chain/sender/components.ts'
import type { Journal } from '../../../src/chain/sender/journal.ts'
import { createSender } from '../../../src/chain/sender/sender.ts'
import { createTransactionSigner } from '../../../src/chain/sender/sign.ts'
import { systemClock } from '../../../src/clock.ts'
import { silentLogger } from '../../../src/log.ts'
import { accountKey, CHAIN_ID, COUNTER, REFUSER } from './anvil.ts'

export const REFUSED = new Interface(['error Refused(uint256 code)'])
export const GWEI = 10n ** 9n

export const increment = { name: 'increment', to: COUNTER, data: '0x' }
export const refused = { name: 'refused', to: REFUSER, data: '0x' }

export interface SenderWorldInit extends Partial<SenderInit> {
  account?: number
  timeoutMs?: number
  /** Of the wallet with this address. */
  journal?: (wallet: string) => Journal
}

/** A sender over real endpoints, in a hurry. */
export function senderOver(urls: readonly string[], { account = 0, timeoutMs = 2_000, journal, ...init }: SenderWorldInit = {}) {
  const pollingIntervalMs = init.pollingIntervalMs ?? 25
  const shared = { clock: systemClock, logger: silentLogger }
  const rpc = createRpc(shared, { urls, chainId: CHAIN_ID, timeoutMs, pollingIntervalMs })
  const head = createHead({ rpc, ...shared }, { pollingIntervalMs })
  const signer = createTransactionSigner(new Wallet(accountKey(account)), CHAIN_ID)
  const explain = createExplainer(signer.address, [REFUSED])
  const sender = createSender(
    { rpc, head, signer, explain, ready: async () => {}, chainId: CHAIN_ID, journal: journal?.(signer.address), ...shared },
    {
      fees: { capWei: 500n * GWEI, maxTipWei: 3n * GWEI },
      pollingIntervalMs,
      stuckAfterMs: 300,
      giveUpMs: 15_000,
      confirmations: 1,
      finalityBlocks: 8,
      ...init,
    },
  )
  return { rpc, head, sender }
}
