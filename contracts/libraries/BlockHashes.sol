// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Hashes of past blocks
library BlockHashes {
    /// @dev EIP-2935: the last 8,191 block hashes, on chains that have it.
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @return hash Of block `number`; 0 where it lies ahead, or so far back that this chain has forgotten it.
    function hashOf(uint256 number) internal view returns (bytes32 hash) {
        hash = blockhash(number);
        if (hash != 0 || number >= block.number) return hash;
        // Where there is no such contract the call succeeds and returns nothing; where the block is out of its range it reverts.
        (bool ok, bytes memory answer) = HISTORY.staticcall(abi.encode(number));
        if (ok && answer.length == 32) hash = abi.decode(answer, (bytes32));
    }
}
