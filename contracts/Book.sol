// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBook} from "./interfaces/IBook.sol";
import {IJobToken} from "./interfaces/IJobToken.sol";

/// @title Credits, stakes, and what all of it adds up to
/// @dev Kinds of Jobs are contracts that inherit this one and move money with `_takeIn`, `_credit` and `_burnStake` only. `owed` changes just where tokens
/// enter or leave: moving them from a Job to a credit costs no write of it.
abstract contract Book is IBook, ReentrancyGuardTransient {
    using SafeERC20 for IJobToken;

    IJobToken public immutable token;
    /// @notice Seconds between `requestUnbond` and `unbond`.
    uint256 public immutable unbondDelay;

    uint256 public owed;
    mapping(address wallet => uint256 amount) public creditOf;
    mapping(address wallet => Stake) private _stakes;

    constructor(IJobToken token_, uint256 unbondDelay_) {
        token = token_;
        unbondDelay = unbondDelay_;
    }

    function bond(uint96 amount) external nonReentrant {
        _bond(amount);
    }

    function bondWithPermit(uint96 amount, Permit calldata permit) external nonReentrant {
        _tryPermit(amount, permit);
        _bond(amount);
    }

    function requestUnbond(uint96 amount) external {
        Stake storage stake = _stakes[msg.sender];
        if (amount == 0) revert AmountIsZero(msg.sender);
        if (amount > stake.active) revert NotBonded(msg.sender, stake.active, amount);
        uint256 releaseAt = block.timestamp + unbondDelay;
        stake.active -= amount;
        stake.leaving += amount;
        stake.releaseAt = uint40(releaseAt);
        emit UnbondRequested(msg.sender, amount, releaseAt);
    }

    function unbond() external {
        Stake storage stake = _stakes[msg.sender];
        uint256 amount = stake.leaving;
        if (amount == 0) revert NothingLeaves(msg.sender);
        if (block.timestamp < stake.releaseAt) revert StillLocked(stake.releaseAt);
        stake.leaving = 0;
        stake.releaseAt = 0;
        _credit(msg.sender, amount);
        emit Unbonded(msg.sender, amount);
    }

    function withdraw() external returns (uint256) {
        return withdrawFor(msg.sender);
    }

    function withdrawFor(address wallet) public nonReentrant returns (uint256 amount) {
        amount = creditOf[wallet];
        if (amount == 0) revert NothingToWithdraw(wallet);
        creditOf[wallet] = 0;
        owed -= amount;
        emit Withdrawn(wallet, amount);
        token.safeTransfer(wallet, amount);
    }

    function stakeOf(address wallet) public view returns (Stake memory) {
        return _stakes[wallet];
    }

    /// @dev Pulls `amount` from the caller; what arrives is measured, not believed.
    function _takeIn(uint256 amount) internal {
        owed += amount;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert ShortTransfer(amount, received);
    }

    /// @dev Whoever sees a permit in the mempool can send it first. Then the allowance stands all the same, so a failure here decides nothing.
    function _tryPermit(uint256 amount, Permit calldata permit) internal {
        try token.permit(msg.sender, address(this), amount, permit.deadline, permit.v, permit.r, permit.s) {} catch {}
    }

    function _credit(address wallet, uint256 amount) internal {
        creditOf[wallet] += amount;
    }

    /// @dev Takes up to `amount` of what `wallet` has at stake, what is leaving first, and burns it.
    /// @return burned At most `amount`.
    function _burnStake(address wallet, uint256 amount) internal returns (uint256 burned) {
        Stake storage stake = _stakes[wallet];
        uint256 fromLeaving = Math.min(amount, stake.leaving);
        uint256 fromActive = Math.min(amount - fromLeaving, stake.active);
        burned = fromLeaving + fromActive;
        // Each is at most the uint96 that it is taken from.
        stake.leaving -= uint96(fromLeaving);
        stake.active -= uint96(fromActive);
        owed -= burned;
        token.burn(burned);
    }

    /// @dev Reverts unless `wallet` has a bond of `needed` that it has not asked back: who may begin something.
    function _requireBond(address wallet, uint256 needed) internal view {
        uint256 bonded = _stakes[wallet].active;
        if (bonded < needed) revert NotBonded(wallet, bonded, needed);
    }

    /// @dev Reverts unless `wallet` can still lose `needed` at the time `until`: what it signed counts though it has asked its bond back since. What it can
    /// take out by then counts for nothing, or a bond whose wait is over would vouch for Jobs without end.
    function _requireAtStake(address wallet, uint256 needed, uint256 until) internal view {
        Stake memory stake = _stakes[wallet];
        uint256 atStake = stake.active;
        if (stake.releaseAt > until) atStake += stake.leaving;
        if (atStake < needed) revert NotBonded(wallet, atStake, needed);
    }

    function _bond(uint96 amount) private {
        if (amount == 0) revert AmountIsZero(msg.sender);
        _stakes[msg.sender].active += amount;
        emit Bonded(msg.sender, amount);
        _takeIn(amount);
    }
}
