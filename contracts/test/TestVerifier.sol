// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IGroth16Verifier} from "../interfaces/IGroth16Verifier.sol";

/// @notice Accepts (a, ·, c) where a = (z, y) and c starts with C: a test that has computed the signals has a "proof" for these and no others.
contract TestVerifier is IGroth16Verifier {
    function verifyProof(uint256[2] calldata a, uint256[2][2] calldata, uint256[2] calldata c, uint256[3] calldata signals)
        external
        pure
        returns (bool)
    {
        return c[0] == signals[0] && a[0] == signals[1] && a[1] == signals[2];
    }
}

/// @notice Accepts everything: for fuzz tests of the book, which have no proofs.
contract YesVerifier is IGroth16Verifier {
    function verifyProof(uint256[2] calldata, uint256[2][2] calldata, uint256[2] calldata, uint256[3] calldata)
        external
        pure
        returns (bool)
    {
        return true;
    }
}
