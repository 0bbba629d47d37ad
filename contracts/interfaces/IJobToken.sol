// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice What the book needs of its token.
interface IJobToken is IERC20, IERC20Permit {
    /// @notice Destroys `value` tokens of the caller.
    function burn(uint256 value) external;
}
