// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Book} from "./Book.sol";
import {Convictions} from "./Convictions.sol";
import {SwarmJobs} from "./SwarmJobs.sol";
import {IJobToken} from "./interfaces/IJobToken.sol";

/// @title The escrow: one book, and the kinds of Jobs that are paid from it
/// @notice Nobody owns it, nothing in it can be changed, and no call's gas grows with the number of Jobs.
contract Escrow is Convictions {
    /// @notice A bond must stay convictable for as long as a Job that its owner worked on can be settled.
    error DelayTooShort(uint256 unbondDelay, uint256 maxDuration);
    error RuleOutOfRange(string rule, uint256 found, uint256 least, uint256 most);

    constructor(IJobToken token_, SizeClass[] memory sizeClasses_, Rules memory rules_, uint256 unbondDelay_)
        Book(token_, unbondDelay_)
        SwarmJobs(sizeClasses_, rules_)
    {
        if (unbondDelay_ <= rules_.maxDuration) revert DelayTooShort(unbondDelay_, rules_.maxDuration);
        _requireRange("beaconDelay", rules_.beaconDelay, type(uint16).max);
        _requireRange("maxAttempts", rules_.maxAttempts, type(uint8).max);
        _requireRange("witnesses", rules_.witnesses, type(uint8).max);
        _requireRange("slashBps", rules_.slashBps, BPS);
        _requireRange("minBond", rules_.minBond, type(uint96).max);
        _requireRange("unbondDelay", unbondDelay_, type(uint32).max);
    }

    /// @dev From one on: a rule of 0 rules nothing out.
    function _requireRange(string memory rule, uint256 found, uint256 most) private pure {
        if (found == 0 || found > most) revert RuleOutOfRange(rule, found, 1, most);
    }
}
