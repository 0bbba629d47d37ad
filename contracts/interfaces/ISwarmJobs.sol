// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Statements} from "../libraries/Statements.sol";
import {IBook} from "./IBook.sol";
import {IGroth16Verifier} from "./IGroth16Verifier.sol";

/// @title Jobs that many peers process together
/// @notice A Job is MacroJobs of MicroJobs. MacroJobs settle in chunks: the root of a chunk's leaves, then a beacon that nobody could know before, then one
/// or more proofs, each paying what it counts. What is not settled is held for another attempt, and refunded after the deadline.
///
/// Every price is fixed when the Job is opened. Nobody gains where another's work is found bad: neither its peers nor the requester.
interface ISwarmJobs {
    enum State {
        None,
        Open,
        Working,
        Settled,
        Cancelled,
        Refunded
    }

    /// @notice A circuit's size and its verifier.
    /// @param macroJobs The most MacroJobs of a chunk.
    /// @param microJobs The most MicroJobs of a MacroJob.
    /// @param payees The most wallets that one proof pays as processors and validators.
    /// @param verificationKeyHash SHA-256 of the verification key, for peers to compare with the one they pin.
    struct SizeClass {
        IGroth16Verifier verifier;
        uint8 macroJobs;
        uint8 microJobs;
        uint8 payees;
        bytes32 verificationKeyHash;
    }

    /// @notice What a requester asks for. Prices are in the token's smallest unit.
    /// @param infoHash The protocol's id of the Job: a hash of its JobInfo.
    /// @param seedCommitment Poseidon(seed, jobId), where jobId is `jobIdOf(requester, infoHash)`.
    /// @param deadline Unix time in seconds until which it can be settled.
    /// @param sizeClass Index into the escrow's size classes.
    /// @param quorum Wallets that must endorse a root.
    /// @param blocks Blocks of a MicroJob.
    /// @param chunkMacroJobs MacroJobs that settle together.
    /// @param unitPrice For one processed MicroJob.
    /// @param validationPrice For validating one MacroJob.
    /// @param finisherPrice For settling one MacroJob, to whoever calls.
    /// @param minBond What everyone who takes part must have bonded.
    struct Terms {
        bytes32 infoHash;
        uint256 seedCommitment;
        uint40 deadline;
        uint8 sizeClass;
        uint8 quorum;
        uint8 blocks;
        uint8 microJobs;
        uint8 chunkMacroJobs;
        uint32 macroJobs;
        uint80 unitPrice;
        uint80 validationPrice;
        uint80 finisherPrice;
        uint96 minBond;
    }

    /// @notice A Job as the book has it: four words.
    /// @param held What it has not paid yet.
    struct Job {
        address requester;
        uint40 deadline;
        State state;
        uint8 sizeClass;
        uint8 quorum;
        uint8 blocks;
        uint8 microJobs;
        uint8 chunkMacroJobs;
        uint256 seedCommitment;
        uint80 unitPrice;
        uint80 validationPrice;
        uint80 finisherPrice;
        uint128 held;
        uint96 minBond;
        uint32 macroJobs;
    }

    /// @notice One attempt to settle what is left of a chunk.
    /// @param root 0 where there is none yet.
    /// @param proposal Digest of what the root stands for off chain: whose commits, and who may validate.
    /// @param beacon 0 until it is pinned.
    struct Attempt {
        uint256 root;
        bytes32 proposal;
        uint208 beacon;
        uint48 commitBlock;
    }

    /// @notice The verdict over one counted MacroJob, and its validator's signature of a Verdict.
    struct Validation {
        uint256 verdict;
        Statements.Signature signature;
    }

    /// @param count Processed MicroJobs + 2^32 × validated MacroJobs.
    struct Payee {
        address wallet;
        uint64 count;
    }

    struct Proof {
        uint256[2] a;
        uint256[2][2] b;
        uint256[2] c;
    }

    /// @notice What a finisher brings.
    /// @param counted One bit a MacroJob of the chunk, the first in the lowest: those that this call pays.
    /// @param validations One for each set bit, from the lowest.
    /// @param commitment The circuit's C.
    struct Settlement {
        uint256 counted;
        Validation[] validations;
        Payee[] payees;
        uint256 commitment;
        Proof proof;
    }

    event JobOpened(uint256 indexed jobId, address indexed requester, bytes32 indexed infoHash, Terms terms, uint256 budget);
    event JobEngaged(uint256 indexed jobId, address indexed wallet);
    event JobCancelled(uint256 indexed jobId, uint256 refunded);
    event JobRefunded(uint256 indexed jobId, uint256 refunded);
    event RootCommitted(uint256 indexed jobId, uint32 indexed chunk, uint8 attempt, uint256 root, bytes32 proposal, address committer);
    event BeaconPinned(uint256 indexed jobId, uint32 indexed chunk, uint8 attempt, uint256 beacon, uint256 blockNumber);
    /// @param settled All MacroJobs of the chunk that are settled now, `counted` included; what is not stays held.
    /// @param verdicts One for each set bit of `counted`.
    event MacroJobsSettled(
        uint256 indexed jobId,
        uint32 indexed chunk,
        address indexed finisher,
        uint8 attempt,
        uint256 counted,
        uint256 settled,
        uint256[] verdicts,
        Payee[] payees
    );
    /// @notice The last MacroJob was settled.
    event JobSettled(uint256 indexed jobId);

    error NotAFieldElement(uint256 value);
    error JobExists(uint256 jobId);
    /// @notice The Job is in state `found`.
    error WrongState(uint256 jobId, State found);
    error NotTheRequester(address requester, address caller);
    error UnknownSizeClass(uint256 sizeClass, uint256 sizeClasses);
    /// @notice A count is 0, or beyond what the size class holds.
    error WrongShape(uint256 macroJobs, uint256 chunkMacroJobs, uint256 microJobs, uint256 blocks);
    error WrongQuorum(uint256 quorum, uint256 most);
    /// @notice A MicroJob has a price: what holds nothing any more counts as settled.
    error PriceIsZero(bytes32 infoHash);
    /// @notice The deadline must lie ahead, and not after `latest`.
    error WrongDeadline(uint256 deadline, uint256 latest);
    /// @notice A conviction takes a share of the bond; with less than `needed` cheating would pay.
    error BondTooSmall(uint256 minBond, uint256 needed);
    error DeadlinePassed(uint256 deadline);
    error DeadlineAhead(uint256 deadline);
    error NoSuchChunk(uint256 chunk, uint256 chunks);
    error AttemptsUsedUp(uint256 attempt, uint256 most);
    /// @notice The first commit of an attempt stands, and those before `next` are over.
    error AttemptTaken(uint256 attempt, uint256 next);
    error NoRoot(uint256 chunk, uint256 attempt);
    error EverythingSettled(uint256 chunk);
    error QuorumMissed(uint256 signers, uint256 quorum);
    /// @notice Signers come in ascending order of their addresses, so that none counts twice.
    error SignersNotAscending(address previous, address next);
    /// @notice The beacon is the hash of a block that must be over first.
    error BeaconAhead(uint256 blockNumber);
    /// @notice This chain has forgotten the beacon's block. There is no other: the chunk can only be refunded.
    error BeaconLost(uint256 blockNumber);
    error NothingCounted(uint256 jobId, uint256 chunk);
    error MacroJobsUnknown(uint256 counted, uint256 macroJobs);
    error MacroJobsSettledBefore(uint256 bitmap);
    error WrongLength(uint256 expected, uint256 found);
    error TooManyPayees(uint256 payees, uint256 most);
    error BadPayee(address wallet);
    error VerdictIsZero(uint256 macroJob);
    /// @notice What the payees' counts add up to is not what the counted MacroJobs have.
    error UnitsDiffer(uint256 processed, uint256 validated);
    /// @notice The proof does not hold for the challenge and value that follow from this caller and calldata.
    error InvalidProof(address finisher, uint256 z, uint256 y);

    /// @notice Puts a Job's whole price into escrow. Needs an allowance.
    /// @return jobId `jobIdOf(caller, terms.infoHash)`.
    function open(Terms calldata terms) external returns (uint256 jobId);

    /// @notice `open` with an allowance given in the same transaction. A permit that somebody else has sent first does no harm.
    function openWithPermit(Terms calldata terms, IBook.Permit calldata permit) external returns (uint256 jobId);

    /// @notice The requester takes the Job back, with all that it paid, before anyone has engaged or a root stands.
    function cancel(uint256 jobId) external;

    /// @notice A bonded wallet says that work has begun: the Job can no longer be cancelled.
    function engage(uint256 jobId) external;

    /// @notice Fixes the leaves of an attempt at `chunk`. The caller is bonded, and so is each of the wallets that endorse the root, at least the Job's quorum.
    /// An attempt has a higher number than the last, which has its beacon and left MacroJobs unsettled. The first commit of an attempt stands.
    /// @param signatures Of RootEndorsement, in ascending order of their signers' addresses.
    function commitRoot(
        uint256 jobId,
        uint32 chunk,
        uint8 attempt,
        uint256 root,
        bytes32 proposal,
        Statements.Signature[] calldata signatures
    ) external;

    /// @notice Writes an attempt's beacon down, while the chain still knows it. Anyone may call; a second call changes nothing.
    /// @return beacon The first 26 bytes of the hash of the block `beaconDelay` after the commit.
    function pinBeacon(uint256 jobId, uint32 chunk, uint8 attempt) external returns (uint256 beacon);

    /// @notice Pays the MacroJobs in `settlement.counted`. Anyone who has the proof may call, and earns the finisher's price; the proof is bound to the caller.
    function settle(uint256 jobId, uint32 chunk, uint8 attempt, Settlement calldata settlement) external;

    /// @notice After the deadline, what the Job still holds becomes the requester's credit. Anyone may call.
    function refund(uint256 jobId) external;

    /// @notice The id under which `requester`'s Job of this JobInfo stands here: an element of the circuit's field, different for each chain, escrow and
    /// requester, so that nobody can take another's id.
    function jobIdOf(address requester, bytes32 infoHash) external view returns (uint256);

    function job(uint256 jobId) external view returns (Job memory);

    /// @notice Root, proposal, beacon and the block of the commit of an attempt; zeros where there is none.
    function chunkState(uint256 jobId, uint32 chunk, uint8 attempt) external view returns (Attempt memory);

    /// @notice The number after the last attempt that has a root; 0 where there is none.
    function nextAttempt(uint256 jobId, uint32 chunk) external view returns (uint256);

    /// @notice One bit a MacroJob of the chunk, the first in the lowest.
    function settledMacroJobs(uint256 jobId, uint32 chunk) external view returns (uint256);

    function sizeClasses() external view returns (SizeClass[] memory);
}
