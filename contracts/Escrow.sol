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
    error RuleOutOfRange();

    constructor(IJobToken token_, SizeClass[] memory sizeClasses_, Rules memory rules_, uint256 unbondDelay_)
        Book(token_, unbondDelay_)
        SwarmJobs(sizeClasses_, rules_)
    {
        if (unbondDelay_ <= rules_.maxDuration) revert DelayTooShort(unbondDelay_, rules_.maxDuration);
        if (
            rules_.beaconDelay == 0 || rules_.maxAttempts == 0 || rules_.witnesses == 0 || rules_.slashBps == 0
                || rules_.slashBps > BPS || rules_.minBond == 0 || unbondDelay_ > type(uint32).max
        ) revert RuleOutOfRange();
    }
}
