// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SwarmJobs} from "./SwarmJobs.sol";
import {IConvictions} from "./interfaces/IConvictions.sol";
import {Statements} from "./libraries/Statements.sol";

/// @title Convictions of wallets by what they have signed
abstract contract Convictions is IConvictions, SwarmJobs {
    using Statements for Statements.LeafCommit;
    using Statements for Statements.Verdict;
    using Statements for Statements.Recheck;

    mapping(address culprit => mapping(bytes32 subject => uint256)) public burnedOver;

    function convictTwoLeaves(
        Statements.LeafCommit calldata commit,
        uint256 otherLeaf,
        Statements.Signature[2] calldata signatures
    ) external {
        Statements.LeafCommit memory other = commit;
        other.leaf = otherLeaf;
        _convict(_oneSigner(commit.hash(), other.hash(), signatures), commit.jobId, commit.subject());
    }

    function convictTwoVerdicts(
        Statements.Verdict calldata verdict,
        uint256 otherVerdict,
        Statements.Signature[2] calldata signatures
    ) external {
        Statements.Verdict memory other = verdict;
        other.verdict = otherVerdict;
        _convict(_oneSigner(verdict.hash(), other.hash(), signatures), verdict.jobId, verdict.subject());
    }

    function convictTwoRechecks(
        Statements.Recheck calldata recheck,
        bytes32 otherBlockHash,
        Statements.Signature[2] calldata signatures
    ) external {
        Statements.Recheck memory other = recheck;
        other.blockHash = otherBlockHash;
        _convict(_oneSigner(recheck.hash(), other.hash(), signatures), recheck.jobId, recheck.subject());
    }

    function convictWrongLeaf(
        Statements.LeafCommit calldata commit,
        Statements.Signature calldata signature,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) external {
        if (recheck.microJob != commit.microJob) revert NoContradiction(recheck.statement);
        _convictWrong(commit.hash(), signature, commit.jobId, commit.offence(), recheck, witnesses);
    }

    function convictWrongVerdict(
        Statements.Verdict calldata verdict,
        Statements.Signature calldata signature,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) external {
        _convictWrong(verdict.hash(), signature, verdict.jobId, verdict.offence(), recheck, witnesses);
    }

    function convictWrongRecheck(
        Statements.Recheck calldata accusation,
        Statements.Signature calldata signature,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) external {
        if (
            recheck.microJob != accusation.microJob || recheck.blockIndex != accusation.blockIndex
                || recheck.blockHash == accusation.blockHash
        ) revert NoContradiction(recheck.statement);
        _convictWrong(accusation.hash(), signature, accusation.jobId, accusation.subject(), recheck, witnesses);
    }

    /// @dev The wallet that signed both statements.
    function _oneSigner(bytes32 first, bytes32 second, Statements.Signature[2] calldata signatures)
        private
        view
        returns (address signer)
    {
        if (first == second) revert NoContradiction(first);
        signer = _signerOf(first, signatures[0]);
        address other = _signerOf(second, signatures[1]);
        if (signer != other) revert DifferentSigners(signer, other);
    }

    function _convictWrong(
        bytes32 statement,
        Statements.Signature calldata signature,
        uint256 jobId,
        bytes32 subject,
        Statements.Recheck calldata recheck,
        Statements.Signature[] calldata witnesses
    ) private {
        if (recheck.statement != statement || recheck.jobId != jobId) revert AboutAnotherStatement(statement, recheck.statement);
        address culprit = _signerOf(statement, signature);
        _requireWitnesses(culprit, recheck, witnesses);
        _convict(culprit, jobId, subject);
    }

    function _requireWitnesses(address culprit, Statements.Recheck calldata recheck, Statements.Signature[] calldata witnesses)
        private
        view
    {
        // No more than needed: the length is what bounds the gas.
        if (witnesses.length != rules.witnesses) revert TooFewWitnesses(witnesses.length, rules.witnesses);
        Job memory j = job(recheck.jobId);
        // After the deadline too a witness that accuses falsely must have something to lose.
        uint256 until = Math.max(j.deadline, block.timestamp);
        bytes32 structHash = recheck.hash();
        address previous;
        for (uint256 i; i < witnesses.length; ++i) {
            address witness = _signerOf(structHash, witnesses[i]);
            if (witness <= previous) revert WitnessesNotAscending(previous, witness);
            if (witness == culprit) revert AccusesItself(culprit);
            _requireAtStake(witness, j.minBond, until);
            previous = witness;
        }
    }

    function _convict(address culprit, uint256 jobId, bytes32 subject) private nonReentrant {
        Job memory j = job(jobId);
        if (j.state == State.None) revert NoSuchJob(jobId);
        // A subject is one Job's, so that what is due over it never changes. Rounded up, so that the smallest bond loses something too.
        uint256 due = (uint256(j.minBond) * rules.slashBps + BPS - 1) / BPS;
        uint256 before = burnedOver[culprit][subject];
        if (before == due) revert ConvictedBefore(culprit, subject);
        uint256 burned = _burnStake(culprit, due - before);
        // An offence is used up by what it has cost alone, or a wallet would convict itself while it has nothing to lose.
        if (burned == 0) revert NothingAtStake(culprit);
        burnedOver[culprit][subject] = before + burned;
        emit Convicted(culprit, jobId, subject, burned);
    }
}
