// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token that Jobs are paid in
/// @notice ERC-20 with permit (a Job is opened in one transaction) and burn (what a conviction takes belongs to nobody).
contract JobToken is ERC20, ERC20Permit, ERC20Burnable {
    /// @param holder Who gets all tokens there are: a Job moves and burns them, and never makes any.
    constructor(address holder, uint256 supply) ERC20("Minga Job Token", "MINGA") ERC20Permit("Minga Job Token") {
        _mint(holder, supply);
    }
}
