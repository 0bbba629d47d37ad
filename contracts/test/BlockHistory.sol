// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BlockHashes} from "../libraries/BlockHashes.sol";

/// @notice Stands at EIP-2935's address on a test chain: knows one hash for every block, and reverts for block 0.
contract BlockHistory {
    fallback(bytes calldata input) external returns (bytes memory) {
        uint256 number = abi.decode(input, (uint256));
        require(number != 0);
        return abi.encode(keccak256(abi.encode("block", number)));
    }
}

contract BlockHashesHarness {
    function hashOf(uint256 number) external view returns (bytes32) {
        return BlockHashes.hashOf(number);
    }
}
