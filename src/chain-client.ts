/**
 * What a DApp imports that pays: `import { connectChain } from 'minga/chain'`. Apart from `minga`, which stays free of all that speaks to a chain; nothing
 * here needs Node.js either.
 */
export { type ConnectChainInit, connectChain } from './chain/connect.ts'
export {
  BondLockedError,
  CallArgumentError,
  CallRevertedError,
  ChainSourcesDisagreeError,
  ChainStoppedError,
  ChainUnavailableError,
  FeeAboveCapError,
  InsecureEscrowError,
  InsufficientGasMoneyError,
  InsufficientTokensError,
  JournalUnreadableError,
  NothingAtStakeError,
  RpcFailedError,
  RpcRefusedError,
  RpcUrlError,
  TransactionPendingError,
  TransactionUnconfirmedError,
  UnservedRulesError,
  WrongChainError,
  WrongEscrowError,
} from './chain/errors.ts'
export type { Chain, WalletBalances } from './ports.ts'
