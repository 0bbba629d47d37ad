// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The one book of all money that the escrow holds
/// @notice Every token here is exactly one of: held for a Job, staked by a wallet, or a wallet's credit. Payments are credits that are pulled, so
/// that a payee that reverts harms only itself.
interface IBook {
    /// @notice What a wallet has at stake.
    /// @param active Counts as a bond: the wallet may take part.
    /// @param leaving Asked back: nothing new can be begun with it, and a conviction may take it until it is taken out. It vouches for what its owner
    /// signed for Jobs whose deadline is before `releaseAt`.
    /// @param releaseAt Unix time in seconds from which `leaving` can be taken out; 0 where nothing leaves.
    struct Stake {
        uint96 active;
        uint96 leaving;
        uint40 releaseAt;
    }

    /// @notice An EIP-2612 approval of this contract by the caller.
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    event Bonded(address indexed wallet, uint256 amount);
    event UnbondRequested(address indexed wallet, uint256 amount, uint256 releaseAt);
    event Unbonded(address indexed wallet, uint256 amount);
    event Withdrawn(address indexed wallet, uint256 amount);

    /// @notice The token moved `received` where `expected` was due: it takes a fee, and a book in it would not add up.
    error ShortTransfer(uint256 expected, uint256 received);
    error NothingToWithdraw(address wallet);
    /// @notice The wallet's bond is `bonded`; `needed` is asked of whoever takes part.
    error NotBonded(address wallet, uint256 bonded, uint256 needed);
    error AmountIsZero(address wallet);
    /// @notice The wallet has asked nothing back that it could take out.
    error NothingLeaves(address wallet);
    error StillLocked(uint256 releaseAt);

    /// @notice Stakes `amount` of the caller's tokens. Needs an allowance.
    function bond(uint96 amount) external;

    /// @notice `bond` with an allowance given in the same transaction. A permit that somebody else has sent first does no harm.
    function bondWithPermit(uint96 amount, Permit calldata permit) external;

    /// @notice Asks `amount` of the caller's bond back. It no longer counts as a bond, and can be convicted for as long as any Job that is open now may be.
    /// Asking again starts the wait of all that leaves anew.
    function requestUnbond(uint96 amount) external;

    /// @notice Turns what left the caller's bond into credit, once its wait is over.
    function unbond() external;

    /// @notice Sends the caller its credit.
    /// @return amount What was sent, in the token's smallest unit.
    function withdraw() external returns (uint256 amount);

    /// @notice Sends `wallet` its credit; anyone may pay the gas for it. The tokens go nowhere else.
    function withdrawFor(address wallet) external returns (uint256 amount);

    /// @notice What `wallet` may withdraw.
    function creditOf(address wallet) external view returns (uint256);

    function stakeOf(address wallet) external view returns (Stake memory);

    /// @notice All that the book owes: open Jobs, stakes and credits together. The contract's balance is never below it.
    function owed() external view returns (uint256);
}
