// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What wallets sign for the escrow, as EIP-712 structs
/// @dev The same types stand in src/chain/typed-data.ts; a test compares the hashes. Domain: name "Minga", version "1", chain id, escrow.
library Statements {
    /// @notice EIP-2098's short form of a signature: `vs` is s with the parity of y in its highest bit.
    struct Signature {
        bytes32 r;
        bytes32 vs;
    }

    /// @notice "I have processed this MicroJob, and `leaf` is what I found", before anyone knows what will be checked.
    struct LeafCommit {
        uint256 jobId;
        uint32 macroJob;
        uint32 microJob;
        uint32 attempt;
        uint256 leaf;
    }

    /// @notice "These leaves settle together": a worker's signature under a root.
    /// @param proposal Digest of what the root stands for off chain: whose commits, and who may validate.
    struct RootEndorsement {
        uint256 jobId;
        uint32 chunk;
        uint32 attempt;
        uint256 root;
        bytes32 proposal;
    }

    /// @notice "I ran the drawn blocks of all MicroJobs of this MacroJob again, all agree, and `verdict` is the opened one."
    struct Verdict {
        uint256 jobId;
        uint32 chunk;
        uint32 attempt;
        uint32 macroJob;
        uint256 root;
        uint256 beacon;
        uint256 verdict;
    }

    /// @notice "I ran this block again, its result hashes to `blockHash`, and the statement says something else."
    /// @param statement The EIP-712 struct hash of what is disputed: a LeafCommit, a Verdict or another Recheck.
    struct Recheck {
        uint256 jobId;
        bytes32 statement;
        uint32 microJob;
        uint32 blockIndex;
        bytes32 blockHash;
    }

    bytes32 internal constant LEAF_COMMIT =
        keccak256("LeafCommit(uint256 jobId,uint32 macroJob,uint32 microJob,uint32 attempt,uint256 leaf)");
    bytes32 internal constant ROOT_ENDORSEMENT =
        keccak256("RootEndorsement(uint256 jobId,uint32 chunk,uint32 attempt,uint256 root,bytes32 proposal)");
    bytes32 internal constant VERDICT = keccak256(
        "Verdict(uint256 jobId,uint32 chunk,uint32 attempt,uint32 macroJob,uint256 root,uint256 beacon,uint256 verdict)"
    );
    bytes32 internal constant RECHECK =
        keccak256("Recheck(uint256 jobId,bytes32 statement,uint32 microJob,uint32 blockIndex,bytes32 blockHash)");

    function hash(LeafCommit memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(LEAF_COMMIT, s));
    }

    function hash(RootEndorsement memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(ROOT_ENDORSEMENT, s));
    }

    function hash(Verdict memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VERDICT, s));
    }

    function hash(Recheck memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECHECK, s));
    }

    // What a statement is about. A wallet has one answer to it: two are an offence.

    function subject(LeafCommit memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(LEAF_COMMIT, s.jobId, s.macroJob, s.microJob, s.attempt));
    }

    function subject(Verdict memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VERDICT, s.jobId, s.chunk, s.attempt, s.macroJob, s.root, s.beacon));
    }

    function subject(Recheck memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECHECK, s.jobId, s.statement, s.microJob, s.blockIndex));
    }

    // What the word of witnesses convicts of: one MacroJob is one offence, since that is what one sample answers for. With one for each MicroJob, a few
    // false witnesses could burn a bond many times their own.

    function offence(LeafCommit memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(LEAF_COMMIT, s.jobId, s.macroJob));
    }

    function offence(Verdict memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VERDICT, s.jobId, s.macroJob));
    }
}
