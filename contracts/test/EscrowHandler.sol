// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Escrow} from "../Escrow.sol";
import {JobToken} from "../JobToken.sol";
import {SwarmJobs} from "../SwarmJobs.sol";
import {IJobToken} from "../interfaces/IJobToken.sol";
import {ISwarmJobs} from "../interfaces/ISwarmJobs.sol";
import {Statements} from "../libraries/Statements.sol";
import {MiniTest} from "./MiniTest.sol";
import {YesVerifier} from "./TestVerifier.sol";

/// @notice Plays requester, peers and strangers at random, and keeps a book of its own beside the escrow's. What a rule forbids is tried all the same:
/// a refused call changes nothing, and both books must agree after every call.
contract EscrowHandler is MiniTest {
    using Statements for Statements.RootEndorsement;
    using Statements for Statements.Verdict;
    using Statements for Statements.LeafCommit;
    using Statements for Statements.Recheck;

    /// @dev Wallets that endorse, judge and testify, with more at stake than a run of convictions takes; the last one is poor, and comes and goes.
    uint256 internal constant KEYS = 4;
    uint256 internal constant ALL_KEYS = 5;
    uint256 internal constant CHUNKS = 2;
    /// @dev Counted in `done`: convictions that found less at stake than the offence costs.
    bytes4 public constant COST_A_PART = bytes4(keccak256("a part"));
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    JobToken public immutable token;
    Escrow public immutable escrow;
    uint256[] public jobIds;
    /// @notice Keys whose addresses ascend.
    uint256[] internal _keys;

    uint256 public takenIn;
    uint256 public paidOut;
    uint256 public burned;
    /// @notice What a Job's settlements have added to the credits of payees and finisher, and what its end gave back to its requester.
    mapping(uint256 jobId => uint256) public paidBy;
    mapping(uint256 jobId => uint256) public givenBackBy;
    mapping(uint256 jobId => uint256) public budgetOf;
    mapping(uint256 jobId => ISwarmJobs.State) public lastState;
    mapping(uint256 jobId => mapping(uint256 chunk => mapping(uint256 macroJob => uint256))) public payments;
    /// @notice How often a call of this kind did what it was meant to: a run that is only refused shows nothing.
    mapping(bytes4 method => uint256) public done;
    /// @notice An arrow that a Job's life does not have was seen.
    bool public brokeOff;
    /// @notice A beacon that was pinned has changed.
    bool public drewAgain;
    /// @notice What a wallet has lost over an offence.
    mapping(address wallet => mapping(bytes32 subject => uint256)) public lostOver;
    /// @notice An offence has cost more than the share of the bond that its Job asks for.
    bool public burnedTooMuch;
    /// @notice A wallet with something at stake was not convicted of an offence that it has not paid for in full.
    bool public gotAway;

    constructor() {
        ISwarmJobs.SizeClass[] memory classes = new ISwarmJobs.SizeClass[](1);
        classes[0] = ISwarmJobs.SizeClass(new YesVerifier(), 4, 4, 8, bytes32(uint256(1)));
        token = new JobToken(address(this), 1e30);
        SwarmJobs.Rules memory rules = SwarmJobs.Rules(7 days, 1, 16, 2500, 3, 1000);
        escrow = new Escrow(IJobToken(address(token)), classes, rules, 8 days);
        token.approve(address(escrow), type(uint256).max);
        for (uint256 key = 1; _keys.length < ALL_KEYS; ++key) {
            if (_keys.length == 0 || vm.addr(key) > vm.addr(_keys[_keys.length - 1])) _keys.push(key);
        }
        for (uint256 i; i < ALL_KEYS; ++i) {
            token.transfer(anyone(i), 1e20);
            vm.prank(anyone(i));
            token.approve(address(escrow), type(uint256).max);
            if (i >= KEYS) continue;
            vm.prank(wallet(i));
            escrow.bond(1e15);
            takenIn += 1e15;
        }
    }

    modifier observed() {
        _;
        for (uint256 i; i < jobIds.length; ++i) {
            _observe(jobIds[i]);
        }
    }

    // ---------------------------------------------------------------- what may happen

    function open(uint80 unitPrice, uint80 validationPrice, uint80 finisherPrice, uint256 shape) external observed {
        ISwarmJobs.Terms memory t;
        t.infoHash = bytes32(jobIds.length + 1);
        t.seedCommitment = 5;
        t.deadline = uint40(block.timestamp + 1 + (shape % 6 days));
        t.quorum = 2;
        t.blocks = 16;
        t.microJobs = uint8(_bound(shape >> 8, 1, 4));
        t.chunkMacroJobs = uint8(_bound(shape >> 16, 1, 4));
        t.macroJobs = uint32(_bound(shape >> 24, 1, 2 * uint256(t.chunkMacroJobs)));
        t.unitPrice = uint80(_bound(unitPrice, 1, 1e12));
        t.validationPrice = uint80(_bound(validationPrice, 0, 1e12));
        t.finisherPrice = uint80(_bound(finisherPrice, 0, 1e12));
        t.minBond = uint96(uint256(t.unitPrice) * 16 + 1000);
        uint256 before = token.balanceOf(address(this));
        uint256 jobId = escrow.open(t);
        uint256 budget = before - token.balanceOf(address(this));
        takenIn += budget;
        budgetOf[jobId] = budget;
        jobIds.push(jobId);
    }

    function cancel(uint256 i) external observed {
        if (jobIds.length == 0) return;
        uint256 before = escrow.creditOf(address(this));
        try escrow.cancel(_pick(i)) {
            givenBackBy[_pick(i)] += escrow.creditOf(address(this)) - before;
            done[this.cancel.selector]++;
        } catch {}
    }

    function engage(uint256 i, uint256 who) external observed {
        if (jobIds.length == 0) return;
        vm.prank(wallet(who));
        try escrow.engage(_pick(i)) {
            done[this.engage.selector]++;
        } catch {}
    }

    function refund(uint256 i, uint32 later) external observed {
        if (jobIds.length == 0) return;
        vm.warp(block.timestamp + (later % 2 days));
        uint256 before = escrow.creditOf(address(this));
        try escrow.refund(_pick(i)) {
            givenBackBy[_pick(i)] += escrow.creditOf(address(this)) - before;
            done[this.refund.selector]++;
        } catch {}
    }

    function bond(uint256 who, uint96 amount) public observed {
        // The poor one has about as much as a conviction takes.
        amount = uint96(_bound(amount, 1, who % ALL_KEYS < KEYS ? 1e14 : 4e12));
        vm.prank(anyone(who));
        try escrow.bond(amount) {
            takenIn += amount;
        } catch {}
    }

    function requestUnbond(uint256 who, uint96 amount) external observed {
        vm.prank(anyone(who));
        try escrow.requestUnbond(uint96(_bound(amount, 0, 1e13))) {} catch {}
    }

    function unbond(uint256 who, uint32 later) external observed {
        vm.warp(block.timestamp + (later % 4 days));
        vm.prank(anyone(who));
        try escrow.unbond() {
            done[this.unbond.selector]++;
        } catch {}
    }

    function withdraw(uint256 who) external observed {
        address to = who % (ALL_KEYS + 1) == ALL_KEYS ? address(this) : anyone(who);
        uint256 before = token.balanceOf(to);
        try escrow.withdrawFor(to) {
            paidOut += token.balanceOf(to) - before;
            done[this.withdraw.selector]++;
        } catch {}
    }

    function commitRoot(uint256 i, uint8 attempt, uint256 root) external observed {
        if (jobIds.length == 0) return;
        uint256 jobId = _pick(i);
        uint32 chunk = uint32(root % CHUNKS);
        attempt %= 17;
        bytes32 digest = _digest(Statements.RootEndorsement(jobId, chunk, attempt, root, 0).hash());
        Statements.Signature[] memory signatures = new Statements.Signature[](2);
        signatures[0] = _sign(i % 2, digest);
        signatures[1] = _sign(2 + (i % 2), digest);
        vm.prank(wallet(i));
        try escrow.commitRoot(jobId, chunk, attempt, root, 0, signatures) {
            done[this.commitRoot.selector]++;
        } catch {}
        vm.roll(block.number + 3);
    }

    function settle(uint256 i, uint256 counted, uint256 share, uint256 extra) external observed {
        if (jobIds.length == 0) return;
        uint256 jobId = _pick(i);
        uint32 chunk = uint32(share % CHUNKS);
        uint256 next = escrow.nextAttempt(jobId, chunk);
        uint8 attempt = next == 0 ? 0 : uint8(next - 1);
        ISwarmJobs.Settlement memory s = _settlement(jobId, chunk, attempt, counted % 16, share);
        // Sometimes a unit more than was ordered.
        if (extra % 8 == 0 && s.payees.length > 0) s.payees[0].count += 1;
        uint256 before = credited();
        try escrow.settle(jobId, chunk, attempt, s) {
            done[this.settle.selector]++;
            paidBy[jobId] += credited() - before;
            for (uint256 m; m < 4; ++m) {
                if ((s.counted >> m) & 1 == 1) payments[jobId][chunk][m]++;
            }
        } catch {}
    }

    function convict(uint256 i, uint256 who, uint32 attempt) public observed {
        if (jobIds.length == 0) return;
        // Few attempts, so that an offence is brought again.
        Statements.LeafCommit memory first = Statements.LeafCommit(_pick(i), 0, 0, attempt % 4, 1);
        Statements.LeafCommit memory second = Statements.LeafCommit(first.jobId, 0, 0, first.attempt, 2);
        uint256 key = _keys[who % ALL_KEYS];
        Statements.Signature[2] memory signatures = [_signWith(key, _digest(first.hash())), _signWith(key, _digest(second.hash()))];
        address culprit = vm.addr(key);
        bytes32 subject = first.subject();
        uint256 atStake = _atStake(culprit);
        uint256 due = _dueOf(first.jobId);
        uint256 lost = lostOver[culprit][subject];
        uint256 left = lost < due ? due - lost : 0;
        try escrow.convictTwoLeaves(first, 2, signatures) {
            done[this.convict.selector]++;
            if (atStake < left) done[COST_A_PART]++;
            _noteConviction(first.jobId, culprit, subject, atStake);
        } catch {
            if (atStake > 0 && left > 0) gotAway = true;
        }
    }

    /// @dev While it has little or nothing at stake, and each time that it has a little more.
    function convictThePoor(uint256 i, uint32 attempt, uint96 amount) external {
        convict(i, KEYS, attempt);
        for (uint256 j; j < 3; ++j) {
            bond(KEYS, uint96(uint256(keccak256(abi.encode(amount, j)))));
            convict(i, KEYS, attempt);
        }
    }

    /// @dev Everyone else testifies that a leaf is wrong, be it so or not.
    function convictByWitnesses(uint256 i, uint256 who, uint32 macroJob, uint32 later) external observed {
        if (jobIds.length == 0) return;
        vm.warp(block.timestamp + (later % 1 days));
        Statements.LeafCommit memory commit = Statements.LeafCommit(_pick(i), macroJob % 8, 0, 0, 1);
        Statements.Recheck memory recheck = Statements.Recheck(commit.jobId, commit.hash(), 0, 0, bytes32(uint256(1)));
        Statements.Signature[] memory witnesses = new Statements.Signature[](KEYS - 1);
        for (uint256 j = 0; j < witnesses.length; ++j) {
            witnesses[j] = _sign(j < who % KEYS ? j : j + 1, _digest(recheck.hash()));
        }
        uint256 atStake = _atStake(wallet(who));
        try escrow.convictWrongLeaf(commit, _sign(who, _digest(commit.hash())), recheck, witnesses) {
            done[this.convictByWitnesses.selector]++;
            _noteConviction(commit.jobId, wallet(who), commit.offence(), atStake);
        } catch {}
    }

    function pinBeacon(uint256 i, uint256 random, uint8 blocks) external observed {
        if (jobIds.length == 0) return;
        vm.roll(block.number + (blocks % 8));
        uint256 jobId = _pick(i);
        uint32 chunk = uint32(random % CHUNKS);
        uint256 next = escrow.nextAttempt(jobId, chunk);
        uint8 attempt = next == 0 ? 0 : uint8(next - 1);
        uint256 pinned = escrow.chunkState(jobId, chunk, attempt).beacon;
        try escrow.pinBeacon(jobId, chunk, attempt) returns (uint256 beacon) {
            done[this.pinBeacon.selector]++;
            if (beacon == 0 || (pinned != 0 && beacon != pinned)) drewAgain = true;
        } catch {}
    }

    // ---------------------------------------------------------------- what the escrow says

    function jobs() external view returns (uint256) {
        return jobIds.length;
    }

    function wallet(uint256 i) public view returns (address) {
        return vm.addr(_keys[i % KEYS]);
    }

    function anyone(uint256 i) public view returns (address) {
        return vm.addr(_keys[i % ALL_KEYS]);
    }

    function held() external view returns (uint256 sum) {
        for (uint256 i; i < jobIds.length; ++i) {
            sum += escrow.job(jobIds[i]).held;
        }
    }

    function staked() external view returns (uint256 sum) {
        for (uint256 i; i < ALL_KEYS; ++i) {
            sum += _atStake(anyone(i));
        }
    }

    function credited() public view returns (uint256 sum) {
        sum = escrow.creditOf(address(this));
        for (uint256 i; i < ALL_KEYS; ++i) {
            sum += escrow.creditOf(anyone(i));
        }
    }

    // ---------------------------------------------------------------- making things up

    function _settlement(uint256 jobId, uint32 chunk, uint8 attempt, uint256 counted, uint256 share)
        private
        returns (ISwarmJobs.Settlement memory s)
    {
        ISwarmJobs.Job memory j = escrow.job(jobId);
        uint256 root = escrow.chunkState(jobId, chunk, attempt).root;
        uint256 beacon = _beacon(jobId, chunk, attempt);
        s.counted = counted;
        uint256 n = (counted & 1) + ((counted >> 1) & 1) + ((counted >> 2) & 1) + ((counted >> 3) & 1);
        s.validations = new ISwarmJobs.Validation[](n);
        uint256 next;
        for (uint256 m; m < 4; ++m) {
            if ((counted >> m) & 1 == 0) continue;
            uint32 macroJob = uint32(uint256(chunk) * j.chunkMacroJobs + m);
            Statements.Verdict memory verdict = Statements.Verdict(jobId, chunk, attempt, macroJob, root, beacon, 9);
            s.validations[next++] = ISwarmJobs.Validation(9, _sign(share, _digest(verdict.hash())));
        }
        uint256 units = n * j.microJobs;
        uint256 first = units == 0 ? 0 : share % (units + 1);
        s.payees = new ISwarmJobs.Payee[](2);
        s.payees[0] = ISwarmJobs.Payee(wallet(share), uint64(first));
        s.payees[1] = ISwarmJobs.Payee(wallet(share >> 8), uint64((units - first) + (n << 32)));
    }

    function _beacon(uint256 jobId, uint32 chunk, uint8 attempt) private returns (uint256) {
        try escrow.pinBeacon(jobId, chunk, attempt) returns (uint256 beacon) {
            return beacon;
        } catch {
            return 0;
        }
    }

    function _observe(uint256 jobId) private {
        ISwarmJobs.State was = lastState[jobId];
        ISwarmJobs.State now_ = escrow.job(jobId).state;
        if (was == now_) return;
        bool known = was == ISwarmJobs.State.None
            ? now_ == ISwarmJobs.State.Open
            : was == ISwarmJobs.State.Open
                ? now_ != ISwarmJobs.State.None && now_ != ISwarmJobs.State.Settled
                : was == ISwarmJobs.State.Working
                    && (now_ == ISwarmJobs.State.Settled || now_ == ISwarmJobs.State.Refunded);
        if (!known) brokeOff = true;
        lastState[jobId] = now_;
    }

    /// @dev By what the wallet has lost, not by what the escrow says of it.
    function _noteConviction(uint256 jobId, address culprit, bytes32 subject, uint256 atStake) private {
        uint256 lost = atStake - _atStake(culprit);
        burned += lost;
        lostOver[culprit][subject] += lost;
        if (lostOver[culprit][subject] > _dueOf(jobId)) burnedTooMuch = true;
    }

    function _atStake(address who) private view returns (uint256) {
        return uint256(escrow.stakeOf(who).active) + escrow.stakeOf(who).leaving;
    }

    /// @dev A quarter of the bond that the Job asks for, rounded up.
    function _dueOf(uint256 jobId) private view returns (uint256) {
        return (uint256(escrow.job(jobId).minBond) + 3) / 4;
    }

    function _pick(uint256 i) private view returns (uint256) {
        return jobIds[i % jobIds.length];
    }

    function _sign(uint256 who, bytes32 digest) private view returns (Statements.Signature memory) {
        return _signWith(_keys[who % KEYS], digest);
    }

    function _signWith(uint256 key, bytes32 digest) private pure returns (Statements.Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return Statements.Signature(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256("Minga"), keccak256("1"), block.chainid, address(escrow)));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
