import { getAddress, hexlify, Wallet } from 'ethers'
import type { Logger } from '../log.ts'
import type { Abortable, Chain, Clock, EscrowActions, WalletAddress, WalletMoney } from '../ports.ts'
import type { ActionComponents } from './actions/act.ts'
import { bond, requestUnbond, unbond } from './actions/bond.ts'
import { cancel } from './actions/cancel.ts'
import { commitRoot } from './actions/commit-root.ts'
import { convict } from './actions/convict.ts'
import { engage } from './actions/engage.ts'
import { openEscrow } from './actions/open-escrow.ts'
import { pinBeacon } from './actions/pin-beacon.ts'
import { refund } from './actions/refund.ts'
import { settle } from './actions/settle.ts'
import { withdraw } from './actions/withdraw.ts'
import { readBalances } from './balances.ts'
import { checked, createContractsCheck } from './check-contracts.ts'
import { createContract } from './contracts.ts'
import { ChainSourcesDisagreeError, ChainStoppedError, ChainUnavailableError, RpcRefusedError, WrongChainError } from './errors.ts'
import { ESCROW, TOKEN } from './escrow-abi.ts'
import { createEscrowState } from './escrow-state.ts'
import { follow } from './events/follow.ts'
import { createPermitSigner } from './permit.ts'
import { createExplainer } from './reverts.ts'
import { count } from './rpc/fields.ts'
import { createHead } from './rpc/head.ts'
import { createRpc } from './rpc/rpc.ts'
import type { SenderInit } from './sender/components.ts'
import type { Journal } from './sender/journal.ts'
import { createSender } from './sender/sender.ts'
import { createTransactionSigner } from './sender/sign.ts'

export interface ChainInit extends Abortable, SenderInit {
  /** Of RPC endpoints, http or https; with two, neither is believed alone. */
  rpcUrls: readonly string[]
  chainId: number
  escrow: WalletAddress
  token: WalletAddress
  /** The wallet's 32-byte secret. */
  walletKey: Uint8Array
  /** Where transactions are kept whose effect the escrow does not show. @default nowhere */
  journal?: (of: { chainId: number; wallet: WalletAddress }) => Journal
  /** For one call to one endpoint. */
  timeoutMs: number
}

/**
 * The escrow, and this peer's wallet there. Endpoints that are out of reach are no reason not to start; one that serves another chain is, and so are
 * addresses that are no escrow and its token. Throws
 * WrongChainError, WrongEscrowError, RpcUrlError, NoChainError.
 */
export async function createChain({ clock, logger }: { clock: Clock; logger: Logger }, init: ChainInit): Promise<Chain> {
  const { chainId, pollingIntervalMs, signal } = init
  const rpc = createRpc({ clock, logger }, { urls: init.rpcUrls, chainId, timeoutMs: init.timeoutMs, pollingIntervalMs })
  const outcomes = await rpc.all('eth_chainId', [], count, { ...(signal && { signal }) })
  for (const outcome of outcomes) if (outcome.status === 'rejected' && outcome.reason instanceof WrongChainError) throw outcome.reason

  const head = createHead({ rpc, clock }, { pollingIntervalMs })
  const wallet = new Wallet(hexlify(init.walletKey))
  const contracts = {
    escrow: createContract(rpc, getAddress(init.escrow), ESCROW),
    token: createContract(rpc, getAddress(init.token), TOKEN),
  }
  const check = createContractsCheck(rpc, { chainId, ...contracts })
  await check(signal && { signal }).catch((error: unknown) => {
    // A node that is still syncing refuses, too.
    const passes = [ChainUnavailableError, ChainSourcesDisagreeError, RpcRefusedError]
    if (!passes.some((passing) => error instanceof passing)) throw error
    logger.warn('the chain does not answer; its contracts are checked before they are used', { error })
  })
  const escrow = checked(contracts.escrow, check)
  const token = checked(contracts.token, check)
  const explain = createExplainer(wallet.address, [ESCROW, TOKEN])
  const sender = createSender(
    {
      rpc,
      head,
      clock,
      logger,
      explain,
      chainId,
      journal: init.journal?.({ chainId, wallet: wallet.address }),
      ready: check,
      signer: createTransactionSigner(wallet, chainId),
    },
    init,
  )
  const state = createEscrowState(escrow, head, chainId)
  const permits = createPermitSigner({ token, head, wallet }, { chainId, spender: escrow.address })
  const stopping = new AbortController()
  const components = { sender, escrow, state, permits }
  return {
    chainId,
    escrow: escrow.address,
    ...state,
    ...actionsOf(components),
    ...moneyOf(components, (of, options) => readBalances({ rpc, token, escrow }, of, options)),
    events: (fromBlock, options = {}) => {
      const either = options.signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, options.signal])
      return quietly(follow({ rpc, head, escrow, clock, logger }, { fromBlock, pollingIntervalMs }, either), either)
    },
    async stop() {
      if (!stopping.signal.aborted) stopping.abort(new ChainStoppedError())
      await sender.stop()
    },
  }
}

function actionsOf(components: ActionComponents): EscrowActions {
  return {
    open: (terms, options) => openEscrow(components, terms, options),
    cancel: (escrowId, options) => cancel(components, escrowId, options),
    engage: (escrowId, options) => engage(components, escrowId, options),
    commitRoot: (commit, options) => commitRoot(components, commit, options),
    pinBeacon: (at, options) => pinBeacon(components, at, options),
    settle: (settlement, options) => settle(components, settlement, options),
    refund: (escrowId, options) => refund(components, escrowId, options),
    convict: (conviction, options) => convict(components, conviction, options),
  }
}

function moneyOf(
  components: ActionComponents,
  read: (wallet: WalletAddress, options?: Abortable) => ReturnType<WalletMoney['balances']>,
): WalletMoney {
  const { address } = components.sender
  return {
    wallet: address,
    balances: (wallet = address, options) => read(wallet, options),
    bond: (amountWei, options) => bond(components, amountWei, options),
    requestUnbond: (amountWei, options) => requestUnbond(components, amountWei, options),
    unbond: (options) => unbond(components, options),
    withdraw: (options) => withdraw(components, options),
  }
}

/** Ends where the generator ends with the signal's reason, so that a loop over it just ends. */
async function* quietly<T>(events: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    yield* events
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
