// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Statements} from "./libraries/Statements.sol";

/// @title Who signed an EIP-712 statement for this escrow
abstract contract Wallets is EIP712 {
    constructor() EIP712("Minga", "1") {}

    /// @dev Reverts with ECDSA's errors where the signature is none; a high s does not exist in the short form.
    function _signerOf(bytes32 structHash, Statements.Signature calldata signature) internal view returns (address) {
        return ECDSA.recover(_hashTypedDataV4(structHash), signature.r, signature.vs);
    }
}
