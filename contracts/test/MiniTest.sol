// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The few cheat codes of Hardhat's Solidity runner that these tests use, in place of a library.
interface Vm {
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function setBlockhash(uint256 blockNumber, bytes32 hash) external;
    function addr(uint256 privateKey) external pure returns (address);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function expectPartialRevert(bytes4 selector) external;
    function assertEq(uint256 found, uint256 expected, string calldata message) external pure;
    function assertTrue(bool condition, string calldata message) external pure;
}

abstract contract MiniTest {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address[] private _targets;

    /// @dev What the invariant runner may call.
    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function _target(address contract_) internal {
        _targets.push(contract_);
    }

    function _bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + (value % (most - least + 1));
    }
}
