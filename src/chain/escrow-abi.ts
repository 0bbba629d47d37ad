import { Interface } from 'ethers'

/*
 * What we call, read and are refused with, in the words of contracts/interfaces; a test holds both against each other. Names are the contract's:
 * its `jobId` is our escrow id.
 */

const TERMS =
  'tuple(bytes32 infoHash, uint256 seedCommitment, uint40 deadline, uint8 sizeClass, uint8 quorum, uint8 blocks, uint8 microJobs, uint8 chunkMacroJobs, uint32 macroJobs, uint80 unitPrice, uint80 validationPrice, uint80 finisherPrice, uint96 minBond)'
const JOB =
  'tuple(address requester, uint40 deadline, uint8 state, uint8 sizeClass, uint8 quorum, uint8 blocks, uint8 microJobs, uint8 chunkMacroJobs, uint256 seedCommitment, uint80 unitPrice, uint80 validationPrice, uint80 finisherPrice, uint128 held, uint96 minBond, uint32 macroJobs)'
const PERMIT = 'tuple(uint256 deadline, uint8 v, bytes32 r, bytes32 s)'
const SIGNATURE = 'tuple(bytes32 r, bytes32 vs)'
const PAYEE = 'tuple(address wallet, uint64 count)'
const PROOF = 'tuple(uint256[2] a, uint256[2][2] b, uint256[2] c)'
const SETTLEMENT = `tuple(uint256 counted, tuple(uint256 verdict, ${SIGNATURE} signature)[] validations, ${PAYEE}[] payees, uint256 commitment, ${PROOF} proof)`
const LEAF_COMMIT = 'tuple(uint256 jobId, uint32 macroJob, uint32 microJob, uint32 attempt, uint256 leaf)'
const VERDICT = 'tuple(uint256 jobId, uint32 chunk, uint32 attempt, uint32 macroJob, uint256 root, uint256 beacon, uint256 verdict)'
const RECHECK = 'tuple(uint256 jobId, bytes32 statement, uint32 microJob, uint32 blockIndex, bytes32 blockHash)'

const FUNCTIONS = [
  'function bondWithPermit(uint96 amount, PERMIT permit)',
  'function requestUnbond(uint96 amount)',
  'function unbond()',
  'function withdraw() returns (uint256 amount)',
  'function creditOf(address wallet) view returns (uint256)',
  'function stakeOf(address wallet) view returns (tuple(uint96 active, uint96 leaving, uint40 releaseAt))',
  'function openWithPermit(TERMS terms, PERMIT permit) returns (uint256 jobId)',
  'function cancel(uint256 jobId)',
  'function engage(uint256 jobId)',
  'function commitRoot(uint256 jobId, uint32 chunk, uint8 attempt, uint256 root, bytes32 proposal, SIGNATURE[] signatures)',
  'function pinBeacon(uint256 jobId, uint32 chunk, uint8 attempt) returns (uint256 beacon)',
  'function settle(uint256 jobId, uint32 chunk, uint8 attempt, SETTLEMENT settlement)',
  'function refund(uint256 jobId)',
  'function job(uint256 jobId) view returns (JOB)',
  'function chunkState(uint256 jobId, uint32 chunk, uint8 attempt) view returns (tuple(uint256 root, bytes32 proposal, uint208 beacon, uint48 commitBlock))',
  'function nextAttempt(uint256 jobId, uint32 chunk) view returns (uint256)',
  'function settledMacroJobs(uint256 jobId, uint32 chunk) view returns (uint256)',
  'function sizeClasses() view returns (tuple(address verifier, uint8 macroJobs, uint8 microJobs, uint8 payees, bytes32 verificationKeyHash)[])',
  'function convictTwoLeaves(LEAF_COMMIT commit, uint256 otherLeaf, SIGNATURE[2] signatures)',
  'function convictTwoVerdicts(VERDICT verdict, uint256 otherVerdict, SIGNATURE[2] signatures)',
  'function convictTwoRechecks(RECHECK recheck, bytes32 otherBlockHash, SIGNATURE[2] signatures)',
  'function convictWrongLeaf(LEAF_COMMIT commit, SIGNATURE signature, RECHECK recheck, SIGNATURE[] witnesses)',
  'function convictWrongVerdict(VERDICT verdict, SIGNATURE signature, RECHECK recheck, SIGNATURE[] witnesses)',
  'function convictWrongRecheck(RECHECK accusation, SIGNATURE signature, RECHECK recheck, SIGNATURE[] witnesses)',
]

const EVENTS = [
  'event JobOpened(uint256 indexed jobId, address indexed requester, bytes32 indexed infoHash, TERMS terms, uint256 budget)',
  'event JobEngaged(uint256 indexed jobId, address indexed wallet)',
  'event JobCancelled(uint256 indexed jobId, uint256 refunded)',
  'event JobRefunded(uint256 indexed jobId, uint256 refunded)',
  'event RootCommitted(uint256 indexed jobId, uint32 indexed chunk, uint8 attempt, uint256 root, bytes32 proposal, address committer)',
  'event BeaconPinned(uint256 indexed jobId, uint32 indexed chunk, uint8 attempt, uint256 beacon, uint256 blockNumber)',
  'event MacroJobsSettled(uint256 indexed jobId, uint32 indexed chunk, address indexed finisher, uint8 attempt, uint256 counted, uint256 settled, uint256[] verdicts, PAYEE[] payees)',
  'event JobSettled(uint256 indexed jobId)',
  'event Convicted(address indexed culprit, uint256 indexed jobId, bytes32 indexed subject, uint256 burned)',
]

const ERRORS = [
  'error ShortTransfer(uint256 expected, uint256 received)',
  'error NothingToWithdraw(address wallet)',
  'error NotBonded(address wallet, uint256 bonded, uint256 needed)',
  'error AmountIsZero()',
  'error StillLocked(uint256 releaseAt)',
  'error NotAFieldElement(uint256 value)',
  'error JobExists(uint256 jobId)',
  'error WrongState(uint256 jobId, uint8 found)',
  'error NotTheRequester(address requester, address caller)',
  'error UnknownSizeClass(uint256 sizeClass, uint256 sizeClasses)',
  'error WrongShape(uint256 macroJobs, uint256 chunkMacroJobs, uint256 microJobs, uint256 blocks)',
  'error WrongQuorum(uint256 quorum, uint256 most)',
  'error PriceIsZero()',
  'error WrongDeadline(uint256 deadline, uint256 latest)',
  'error BondTooSmall(uint256 minBond, uint256 needed)',
  'error DeadlinePassed(uint256 deadline)',
  'error DeadlineAhead(uint256 deadline)',
  'error NoSuchChunk(uint256 chunk, uint256 chunks)',
  'error AttemptsUsedUp(uint256 attempt, uint256 most)',
  'error AttemptTaken(uint256 attempt, uint256 next)',
  'error NoRoot(uint256 chunk, uint256 attempt)',
  'error EverythingSettled(uint256 chunk)',
  'error QuorumMissed(uint256 signers, uint256 quorum)',
  'error SignersNotAscending(address previous, address next)',
  'error BeaconAhead(uint256 blockNumber)',
  'error BeaconLost(uint256 blockNumber)',
  'error NothingCounted()',
  'error MacroJobsUnknown(uint256 counted, uint256 macroJobs)',
  'error MacroJobsSettledBefore(uint256 bitmap)',
  'error WrongLength(uint256 expected, uint256 found)',
  'error TooManyPayees(uint256 payees, uint256 most)',
  'error BadPayee(address wallet)',
  'error VerdictIsZero()',
  'error UnitsDiffer(uint256 processed, uint256 validated)',
  'error InvalidProof()',
  'error NoSuchJob(uint256 jobId)',
  'error DifferentSigners(address first, address second)',
  'error NoContradiction()',
  'error ConvictedBefore(address culprit, bytes32 subject)',
  'error TooFewWitnesses(uint256 witnesses, uint256 needed)',
  'error WitnessesNotAscending(address previous, address next)',
  'error AccusesItself(address culprit)',
  'error AboutAnotherStatement(bytes32 expected, bytes32 found)',
  // OpenZeppelin's, of signatures that are none.
  'error ECDSAInvalidSignature()',
  'error ECDSAInvalidSignatureLength(uint256 length)',
  'error ECDSAInvalidSignatureS(bytes32 s)',
  'error ReentrancyGuardReentrantCall()',
]

const STRUCTS = { TERMS, JOB, PERMIT, SIGNATURE, PAYEE, SETTLEMENT, LEAF_COMMIT, VERDICT, RECHECK }

/** The escrow as we use it. */
export const ESCROW = new Interface([...FUNCTIONS.map(spelledOut), ...EVENTS.map(spelledOut), ...ERRORS])

/** The token as we use it; its errors are those of ERC-6093 and of OpenZeppelin's permit. */
export const TOKEN = new Interface([
  'function balanceOf(address account) view returns (uint256)',
  'function nonces(address owner) view returns (uint256)',
  'function transfer(address to, uint256 value) returns (bool)',
  'function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)',
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
  'error ERC20InvalidReceiver(address receiver)',
  'error ERC2612ExpiredSignature(uint256 deadline)',
  'error ERC2612InvalidSigner(address signer, address owner)',
])

/** Human-readable fragments know no struct's name, so each is written out where it stands. */
function spelledOut(fragment: string): string {
  return fragment.replaceAll(/\b[A-Z_]{3,}\b/g, (name) => STRUCTS[name as keyof typeof STRUCTS] ?? name)
}
