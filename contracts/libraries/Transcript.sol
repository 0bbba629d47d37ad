// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The public signals of a settlement, from the data D that it is about
/// @dev docs/SETTLEMENT.md. The circuit computes y from its own D at the point z; z depends on all of D, so that equal values of y mean equal data.
library Transcript {
    /// @notice The order of BN254's scalar field.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @dev Words before the data in what is hashed: C, chain id, escrow, finisher, the data's offset and its length.
    uint256 private constant HEAD_BYTES = 6 * 32;

    /// @notice z = keccak256(abi.encode(C, chainid, escrow, finisher, D)) mod p. Chain, contract and finisher are in it: a proof is worth nothing elsewhere.
    function point(uint256 commitment, address finisher, uint256[] memory data) internal view returns (uint256 z) {
        // abi.encode would copy word by word; this is the same encoding in memory that is not kept.
        assembly ("memory-safe") {
            let words := mload(0x40)
            let length := mload(data)
            mstore(words, commitment)
            mstore(add(words, 0x20), chainid())
            mstore(add(words, 0x40), address())
            mstore(add(words, 0x60), finisher)
            mstore(add(words, 0x80), 0xa0)
            mstore(add(words, 0xa0), length)
            mcopy(add(words, HEAD_BYTES), add(data, 0x20), mul(length, 0x20))
            z := mod(keccak256(words, add(HEAD_BYTES, mul(length, 0x20))), P)
        }
    }

    /// @notice y = Σ D_i · z^i mod p.
    function evaluate(uint256[] memory data, uint256 z) internal pure returns (uint256 y) {
        assembly ("memory-safe") {
            for { let at := add(data, mul(mload(data), 0x20)) } gt(at, data) { at := sub(at, 0x20) } {
                y := addmod(mulmod(y, z, P), mload(at), P)
            }
        }
    }
}
