// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Book} from "./Book.sol";
import {Wallets} from "./Wallets.sol";
import {ISwarmJobs} from "./interfaces/ISwarmJobs.sol";
import {BlockHashes} from "./libraries/BlockHashes.sol";
import {Statements} from "./libraries/Statements.sol";
import {Transcript} from "./libraries/Transcript.sol";

/// @title The swarm half of the escrow
abstract contract SwarmJobs is ISwarmJobs, Book, Wallets {
    using Statements for Statements.RootEndorsement;
    using Statements for Statements.Verdict;

    /// @notice The rules of one deployment.
    /// @param maxDuration The longest time in seconds from a Job's opening to its deadline.
    /// @param beaconDelay Blocks from a root to its beacon, at least one.
    /// @param maxAttempts Roots that a chunk can have.
    /// @param slashBps What a conviction takes of the bond that the Job asks for, in 1/10,000.
    /// @param witnesses Wallets whose word convicts of a wrong result.
    /// @param minBond The least bond that a Job may ask for: what a false identity costs.
    struct Rules {
        uint32 maxDuration;
        uint16 beaconDelay;
        uint8 maxAttempts;
        uint16 slashBps;
        uint8 witnesses;
        uint96 minBond;
    }

    /// @param nextAttempt One more than the number of the last attempt.
    /// @param settled One bit a MacroJob, over all attempts.
    struct Chunk {
        uint8 nextAttempt;
        uint248 settled;
    }

    uint256 internal constant BPS = 10_000;
    /// @dev Each endorsement costs about 6,000 gas to check; sixteen are a third of a settlement.
    uint256 internal constant MAX_QUORUM = 16;
    /// @dev A leaf absorbs 16 block elements: the rate of the widest Poseidon permutation there is.
    uint256 internal constant MAX_BLOCKS = 16;
    /// @dev Elements of D before the verdicts.
    uint256 internal constant HEAD = 8;
    /// @dev A payee's count is processed + 2^32 × validated.
    uint256 internal constant VALIDATED_SHIFT = 32;
    uint256 internal constant PROCESSED_MASK = 0xffffffff;

    Rules public rules;
    /// @dev No array: a Job's index is in range since it was opened, and an array would look at its length again.
    mapping(uint256 index => SizeClass) private _sizeClasses;
    uint256 private immutable _sizeClassCount;
    mapping(uint256 jobId => Job) private _jobs;
    mapping(uint256 jobId => mapping(uint256 chunk => mapping(uint256 attempt => Attempt))) private _attempts;
    mapping(uint256 jobId => mapping(uint256 chunk => Chunk)) private _chunks;

    constructor(SizeClass[] memory sizeClasses_, Rules memory rules_) {
        rules = rules_;
        _sizeClassCount = sizeClasses_.length;
        for (uint256 i; i < sizeClasses_.length; ++i) {
            _sizeClasses[i] = sizeClasses_[i];
        }
    }

    // ---------------------------------------------------------------- the requester

    function open(Terms calldata terms) external nonReentrant returns (uint256) {
        return _open(terms);
    }

    function openWithPermit(Terms calldata terms, Permit calldata permit) external nonReentrant returns (uint256) {
        _tryPermit(_budgetOf(terms), permit);
        return _open(terms);
    }

    function cancel(uint256 jobId) external {
        Job storage j = _jobs[jobId];
        if (j.state != State.Open) revert WrongState(jobId, j.state);
        if (msg.sender != j.requester) revert NotTheRequester(j.requester, msg.sender);
        emit JobCancelled(jobId, _giveBack(jobId, State.Cancelled));
    }

    function refund(uint256 jobId) external {
        Job memory j = job(jobId);
        if (j.state != State.Open && j.state != State.Working) revert WrongState(jobId, j.state);
        if (block.timestamp <= j.deadline) revert DeadlineAhead(j.deadline);
        emit JobRefunded(jobId, _giveBack(jobId, State.Refunded));
    }

    // ---------------------------------------------------------------- the peers

    function engage(uint256 jobId) external {
        Job storage j = _jobs[jobId];
        if (j.state != State.Open) revert WrongState(jobId, j.state);
        if (block.timestamp > j.deadline) revert DeadlinePassed(j.deadline);
        _requireBond(msg.sender, j.minBond);
        j.state = State.Working;
        emit JobEngaged(jobId, msg.sender);
    }

    function commitRoot(
        uint256 jobId,
        uint32 chunk,
        uint8 attempt,
        uint256 root,
        bytes32 proposal,
        Statements.Signature[] calldata signatures
    ) external {
        Job memory j = job(jobId);
        _requireRunning(jobId, j);
        if (root == 0) revert NotAFieldElement(root);
        _requireField(root);
        _beginAttempt(jobId, chunk, attempt, _macroJobsOf(j, chunk));
        _requireBond(msg.sender, j.minBond);
        _requireQuorum(j, Statements.RootEndorsement(jobId, chunk, attempt, root, proposal).hash(), signatures);

        if (j.state == State.Open) _jobs[jobId].state = State.Working;
        _attempts[jobId][chunk][attempt] = Attempt(root, proposal, 0, uint48(block.number));
        emit RootCommitted(jobId, chunk, attempt, root, proposal, msg.sender);
    }

    function pinBeacon(uint256 jobId, uint32 chunk, uint8 attempt) external returns (uint256) {
        return _pin(jobId, chunk, attempt);
    }

    function settle(uint256 jobId, uint32 chunk, uint8 attempt, Settlement calldata s) external nonReentrant {
        // Once into memory: its four words are asked for again and again.
        Job memory j = job(jobId);
        _requireRunning(jobId, j);
        SizeClass storage size = _sizeClasses[j.sizeClass];
        uint256[] memory data = new uint256[](HEAD + 2 * (uint256(size.macroJobs) + size.payees));

        uint256 settledNow = _count(jobId, chunk, s.counted, _macroJobsOf(j, chunk));
        _fillHead(data, j, jobId, chunk, attempt);
        uint256[] memory verdicts = _fillVerdicts(data, j, chunk, attempt, s);
        _fillPayees(data, HEAD + 2 * uint256(size.macroJobs), size.payees, s.payees);
        _requireProof(data, size, s);

        // At most what is held: no MacroJob is counted twice.
        uint128 held = j.held - uint128(_pay(j, verdicts.length, s.payees));
        _jobs[jobId].held = held;
        emit MacroJobsSettled(jobId, chunk, msg.sender, attempt, s.counted, settledNow, verdicts, s.payees);
        if (held == 0) emit JobSettled(jobId);
    }

    // ---------------------------------------------------------------- views

    function jobIdOf(address requester, bytes32 infoHash) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), requester, infoHash))) >> 8;
    }

    function job(uint256 jobId) public view returns (Job memory j) {
        j = _jobs[jobId];
        // Not written down: a word less to write in the dearest call. Every MicroJob has a price, so that nothing held means everything settled.
        if (j.state == State.Working && j.held == 0) j.state = State.Settled;
    }

    function chunkState(uint256 jobId, uint32 chunk, uint8 attempt) external view returns (Attempt memory) {
        return _attempts[jobId][chunk][attempt];
    }

    function settledMacroJobs(uint256 jobId, uint32 chunk) external view returns (uint256) {
        return _chunks[jobId][chunk].settled;
    }

    function nextAttempt(uint256 jobId, uint32 chunk) external view returns (uint256) {
        return _chunks[jobId][chunk].nextAttempt;
    }

    function sizeClasses() external view returns (SizeClass[] memory classes) {
        classes = new SizeClass[](_sizeClassCount);
        for (uint256 i; i < classes.length; ++i) {
            classes[i] = _sizeClasses[i];
        }
    }

    // ---------------------------------------------------------------- opening

    function _open(Terms calldata t) private returns (uint256 jobId) {
        jobId = jobIdOf(msg.sender, t.infoHash);
        Job storage j = _jobs[jobId];
        if (j.state != State.None) revert JobExists(jobId);
        _checkTerms(t);
        uint256 budget = _budgetOf(t);

        j.requester = msg.sender;
        j.deadline = t.deadline;
        j.state = State.Open;
        j.sizeClass = t.sizeClass;
        j.quorum = t.quorum;
        j.blocks = t.blocks;
        j.microJobs = t.microJobs;
        j.chunkMacroJobs = t.chunkMacroJobs;
        j.seedCommitment = t.seedCommitment;
        j.unitPrice = t.unitPrice;
        j.validationPrice = t.validationPrice;
        j.finisherPrice = t.finisherPrice;
        j.held = uint128(budget);
        j.minBond = t.minBond;
        j.macroJobs = t.macroJobs;
        emit JobOpened(jobId, msg.sender, t.infoHash, t, budget);
        _takeIn(budget);
    }

    function _checkTerms(Terms calldata t) private view {
        if (t.seedCommitment == 0) revert NotAFieldElement(0);
        _requireField(t.seedCommitment);
        if (t.sizeClass >= _sizeClassCount) revert UnknownSizeClass(t.sizeClass, _sizeClassCount);
        SizeClass storage size = _sizeClasses[t.sizeClass];
        if (
            t.macroJobs == 0 || t.chunkMacroJobs == 0 || t.chunkMacroJobs > size.macroJobs || t.microJobs == 0
                || t.microJobs > size.microJobs || t.blocks == 0 || t.blocks > MAX_BLOCKS
        ) revert WrongShape(t.macroJobs, t.chunkMacroJobs, t.microJobs, t.blocks);
        if (t.quorum == 0 || t.quorum > MAX_QUORUM) revert WrongQuorum(t.quorum, MAX_QUORUM);
        if (t.unitPrice == 0) revert PriceIsZero(t.infoHash);
        uint256 latest = block.timestamp + rules.maxDuration;
        if (t.deadline <= block.timestamp || t.deadline > latest) revert WrongDeadline(t.deadline, latest);
        uint256 needed = _bondNeeded(t.unitPrice, t.microJobs);
        if (t.minBond < needed) revert BondTooSmall(t.minBond, needed);
    }

    /// @dev One MicroJob in K is checked, so what a conviction takes must be more than (K − 1) × its price (docs/ESCROW.md).
    function _bondNeeded(uint256 unitPrice, uint256 microJobs) private view returns (uint256) {
        return Math.max(rules.minBond, (unitPrice * (microJobs - 1) * BPS) / rules.slashBps + 1);
    }

    /// @dev Below 2^121, by the widths of what it is made of.
    function _budgetOf(Terms calldata t) private pure returns (uint256) {
        return uint256(t.macroJobs) * (uint256(t.microJobs) * t.unitPrice + t.validationPrice + t.finisherPrice);
    }

    function _giveBack(uint256 jobId, State state) private returns (uint256 amount) {
        Job storage j = _jobs[jobId];
        amount = j.held;
        j.held = 0;
        j.state = state;
        _credit(j.requester, amount);
    }

    // ---------------------------------------------------------------- roots and beacons

    function _beginAttempt(uint256 jobId, uint32 chunk, uint8 attempt, uint256 macroJobs) private {
        Chunk storage c = _chunks[jobId][chunk];
        uint8 next = c.nextAttempt;
        if (attempt < next) revert AttemptTaken(attempt, next);
        if (attempt >= rules.maxAttempts) revert AttemptsUsedUp(attempt, rules.maxAttempts);
        if (c.settled == (1 << macroJobs) - 1) revert EverythingSettled(chunk);
        // A beacon that nobody pinned in time cannot be had again, and another attempt would be another draw.
        if (next > 0) _pin(jobId, chunk, next - 1);
        c.nextAttempt = attempt + 1;
    }

    function _requireQuorum(Job memory j, bytes32 structHash, Statements.Signature[] calldata signatures) private view {
        if (signatures.length < j.quorum || signatures.length > MAX_QUORUM) revert QuorumMissed(signatures.length, j.quorum);
        uint256 minBond = j.minBond;
        address previous;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = _signerOf(structHash, signatures[i]);
            if (signer <= previous) revert SignersNotAscending(previous, signer);
            _requireBond(signer, minBond);
            previous = signer;
        }
    }

    function _pin(uint256 jobId, uint32 chunk, uint8 attempt) private returns (uint256 beacon) {
        Attempt storage a = _attempts[jobId][chunk][attempt];
        if (a.root == 0) revert NoRoot(chunk, attempt);
        beacon = a.beacon;
        if (beacon != 0) return beacon;
        uint256 number = uint256(a.commitBlock) + rules.beaconDelay;
        if (block.number <= number) revert BeaconAhead(number);
        // 208 bits of the hash: the root's block number stands beside it in one word.
        beacon = uint256(BlockHashes.hashOf(number)) >> 48;
        if (beacon == 0) revert BeaconLost(number);
        a.beacon = uint208(beacon);
        emit BeaconPinned(jobId, chunk, attempt, beacon, number);
    }

    // ---------------------------------------------------------------- settling

    /// @dev Marks the counted MacroJobs as settled. Gives all that are settled now.
    function _count(uint256 jobId, uint256 chunk, uint256 counted, uint256 macroJobs) private returns (uint256 settledNow) {
        if (counted == 0) revert NothingCounted(jobId, chunk);
        if (counted >> macroJobs != 0) revert MacroJobsUnknown(counted, macroJobs);
        Chunk storage c = _chunks[jobId][chunk];
        uint256 before = c.settled;
        if (before & counted != 0) revert MacroJobsSettledBefore(before & counted);
        settledNow = before | counted;
        c.settled = uint248(settledNow);
    }

    /// @dev What the contract knows comes from its own book, not from the caller.
    function _fillHead(uint256[] memory data, Job memory j, uint256 jobId, uint32 chunk, uint8 attempt) private {
        uint256 beacon = _pin(jobId, chunk, attempt);
        data[0] = j.seedCommitment;
        data[1] = jobId;
        data[2] = _attempts[jobId][chunk][attempt].root;
        data[3] = beacon;
        data[4] = uint256(chunk) * j.chunkMacroJobs;
        data[5] = _macroJobsOf(j, chunk);
        data[6] = j.microJobs;
        data[7] = j.blocks;
    }

    /// @dev The validator of each counted MacroJob is whoever signed its verdict, and must have something to lose.
    function _fillVerdicts(uint256[] memory data, Job memory j, uint32 chunk, uint8 attempt, Settlement calldata s)
        private
        view
        returns (uint256[] memory verdicts)
    {
        Validation[] calldata validations = s.validations;
        verdicts = new uint256[](validations.length);
        Statements.Verdict memory statement = Statements.Verdict(data[1], chunk, attempt, 0, data[2], data[3], 0);
        uint256 counted = s.counted;
        uint256 next;
        // Small indices: at most 16 MacroJobs.
        unchecked {
            for (uint256 i; counted >> i != 0; ++i) {
                if ((counted >> i) & 1 == 0) continue;
                if (next == verdicts.length) revert WrongLength(next + 1, next);
                statement.macroJob = uint32(data[4] + i);
                statement.verdict = validations[next].verdict;
                if (statement.verdict == 0) revert VerdictIsZero(statement.macroJob);
                _requireField(statement.verdict);
                address validator = _signerOf(statement.hash(), validations[next].signature);
                _requireAtStake(validator, j.minBond, j.deadline);
                data[HEAD + 2 * i] = uint160(validator);
                data[HEAD + 2 * i + 1] = verdicts[next++] = statement.verdict;
            }
        }
        if (next != verdicts.length) revert WrongLength(next, verdicts.length);
    }

    function _fillPayees(uint256[] memory data, uint256 start, uint256 most, Payee[] calldata payees) private view {
        if (payees.length > most) revert TooManyPayees(payees.length, most);
        for (uint256 i; i < payees.length; ++i) {
            Payee calldata payee = payees[i];
            if (payee.wallet == address(0) || payee.wallet == address(this)) revert BadPayee(payee.wallet);
            // Small indices: at most 32 payees.
            unchecked {
                data[start + 2 * i] = uint160(payee.wallet);
                data[start + 2 * i + 1] = payee.count;
            }
        }
    }

    function _requireProof(uint256[] memory data, SizeClass storage size, Settlement calldata s) private view {
        _requireField(s.commitment);
        uint256 z = Transcript.point(s.commitment, msg.sender, data);
        uint256 y = Transcript.evaluate(data, z);
        if (!size.verifier.verifyProof(s.proof.a, s.proof.b, s.proof.c, [s.commitment, z, y])) revert InvalidProof(msg.sender, z, y);
    }

    /// @dev The proof says whom the units belong to; that there are no more of them than were counted, the book sees for itself.
    /// @return paid Less than 2^121, as a budget.
    function _pay(Job memory j, uint256 macroJobs, Payee[] calldata payees) private returns (uint256 paid) {
        uint256 unitPrice = j.unitPrice;
        uint256 validationPrice = j.validationPrice;
        uint256 processed;
        uint256 validated;
        for (uint256 i; i < payees.length; ++i) {
            uint256 count = payees[i].count;
            // At most 32 payees with 32 bits of each, at prices of 80 bits.
            unchecked {
                uint256 units = count & PROCESSED_MASK;
                uint256 validations = count >> VALIDATED_SHIFT;
                processed += units;
                validated += validations;
                _credit(payees[i].wallet, units * unitPrice + validations * validationPrice);
            }
        }
        if (processed != macroJobs * j.microJobs || validated != macroJobs) revert UnitsDiffer(processed, validated);
        uint256 finisherShare = macroJobs * j.finisherPrice;
        if (finisherShare > 0) _credit(msg.sender, finisherShare);
        paid = processed * unitPrice + validated * validationPrice + finisherShare;
    }

    // ---------------------------------------------------------------- checks

    function _requireRunning(uint256 jobId, Job memory j) private view {
        if (j.state != State.Open && j.state != State.Working) revert WrongState(jobId, j.state);
        if (block.timestamp > j.deadline) revert DeadlinePassed(j.deadline);
    }

    function _macroJobsOf(Job memory j, uint256 chunk) private pure returns (uint256) {
        uint256 size = j.chunkMacroJobs;
        uint256 first = chunk * size;
        uint256 total = j.macroJobs;
        if (first >= total) revert NoSuchChunk(chunk, (total + size - 1) / size);
        return Math.min(size, total - first);
    }

    function _requireField(uint256 value) private pure {
        if (value >= Transcript.P) revert NotAFieldElement(value);
    }
}
