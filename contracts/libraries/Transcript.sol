// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The public signals of a settlement, from the data D that it is about
/// @dev docs/SETTLEMENT.md. The circuit computes y from its own D at the point z; z depends on all of D, so that equal values of y mean equal data.
library Transcript {
    /// @notice The order of BN254's scalar field.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice z = keccak256(abi.encode(C, chainid, escrow, finisher, D)) mod p. Chain, contract and finisher are in it: a proof is worth nothing elsewhere.
    function point(uint256 commitment, address finisher, uint256[] memory data) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(commitment, block.chainid, address(this), finisher, data))) % P;
    }

    /// @notice y = Σ D_i · z^i mod p.
    function evaluate(uint256[] memory data, uint256 z) internal pure returns (uint256 y) {
        for (uint256 i = data.length; i > 0; --i) {
            y = addmod(mulmod(y, z, P), data[i - 1], P);
        }
    }
}
