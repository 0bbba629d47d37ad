// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobToken} from "../JobToken.sol";

/// @notice Keeps one percent of every transfer.
contract FeeToken is JobToken {
    constructor(address holder, uint256 supply) JobToken(holder, supply) {}

    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : value / 100;
        super._update(from, to, value - fee);
        if (fee > 0) super._update(from, address(0), fee);
    }
}

/// @notice Calls somebody back in the middle of every transfer.
contract CallbackToken is JobToken {
    address public target;
    bytes public data;
    /// @notice What the call gave.
    bool public succeeded;
    bytes public answer;

    constructor(address holder, uint256 supply) JobToken(holder, supply) {}

    function callOnTransfer(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0)) return;
        (succeeded, answer) = target.call(data);
    }
}
