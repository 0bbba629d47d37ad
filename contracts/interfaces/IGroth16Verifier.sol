// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A verifier as snarkjs generates it, for three public signals: C, z, y.
interface IGroth16Verifier {
    /// @return True where (a, b, c) proves the statement for `signals`. Proofs are malleable: never use their bytes as a key.
    function verifyProof(uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c, uint256[3] calldata signals)
        external
        view
        returns (bool);
}
