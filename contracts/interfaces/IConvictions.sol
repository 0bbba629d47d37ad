// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Statements} from "../libraries/Statements.sol";

/// @title Who signed what cannot be true
/// @notice A conviction burns a share of the bond that the Job asks for. Nobody earns by it, so nobody accuses for money. Each offence costs that share
/// once: a contradiction by its subject, wrong results by their MacroJob, which is what one sample answers for. Where less is at stake that is taken, and
/// the rest by another conviction when there is more.
///
/// Two answers of one wallet to one question convict by themselves. That a result is wrong is the word of several bonded wallets, each of which has run the
/// block again; their word is a statement too, and can be convicted in the same way.
interface IConvictions {
    /// @param subject What the offence is about: the key under which it is punished once.
    /// @param burned What this call has taken; all calls about one subject together take at most what the offence costs.
    event Convicted(address indexed culprit, uint256 indexed jobId, bytes32 indexed subject, uint256 burned);

    error NoSuchJob(uint256 jobId);
    /// @notice Both statements must be one wallet's.
    error DifferentSigners(address first, address second);
    /// @notice The statements are about different things, or say the same.
    /// @param statement The struct hash of what should be contradicted.
    error NoContradiction(bytes32 statement);
    /// @notice The offence has cost all that it costs.
    error ConvictedBefore(address culprit, bytes32 subject);
    /// @notice The wallet has nothing that could be burned. The offence stands, and can be brought again.
    error NothingAtStake(address culprit);
    error TooFewWitnesses(uint256 witnesses, uint256 needed);
    /// @notice Witnesses come in ascending order of their addresses, so that none counts twice.
    error WitnessesNotAscending(address previous, address next);
    error AccusesItself(address culprit);
    /// @notice The witnesses have run a block of another statement.
    error AboutAnotherStatement(bytes32 expected, bytes32 found);

    /// @notice One wallet has committed to two leaves for one MicroJob in one attempt. Signatures in the order of the leaves.
    function convictTwoLeaves(
        Statements.LeafCommit calldata commit,
        uint256 otherLeaf,
        Statements.Signature[2] calldata signatures
    ) external;

    /// @notice One wallet has given two verdicts over one MacroJob under one root and beacon.
    function convictTwoVerdicts(
        Statements.Verdict calldata verdict,
        uint256 otherVerdict,
        Statements.Signature[2] calldata signatures
    ) external;

    /// @notice One wallet has given two results for one block.
    function convictTwoRechecks(
        Statements.Recheck calldata recheck,
        bytes32 otherBlockHash,
        Statements.Signature[2] calldata signatures
    ) external;

    /// @notice A processor has committed to a wrong result.
    /// @param signature The culprit's, of `commit`.
    /// @param recheck What all witnesses have signed.
    /// @param witnesses Their signatures, in ascending order of their addresses.
    function convictWrongLeaf(
        Statements.LeafCommit calldata commit,
        Statements.Signature calldata signature,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) external;

    /// @notice A validator has vouched for a wrong result.
    function convictWrongVerdict(
        Statements.Verdict calldata verdict,
        Statements.Signature calldata signature,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) external;

    /// @notice A witness has accused falsely.
    function convictWrongRecheck(
        Statements.Recheck calldata accusation,
        Statements.Signature calldata signature,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) external;

    /// @notice What `wallet` has lost over `subject`.
    function burnedOver(address wallet, bytes32 subject) external view returns (uint256);
}
