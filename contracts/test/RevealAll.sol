// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @notice What a proof is measured against (`npm run bench`, figure 8): every leaf comes as calldata, and the contract looks at all of them itself.
/// @dev Made to be cheap, so that the comparison is fair: keccak, prices that no storage holds, each wallet once and a byte a leaf for whose it is, one
/// write for a wallet, four hashes instead of a MicroJob's sixteen blocks. It shows who did what, and does not check that the
/// MicroJobs' ids follow from the seed.
contract RevealAll {
    /// @param wallets Whoever is paid, each once.
    /// @param owners One byte a leaf: the place of its wallet.
    /// @param leaves Row by row.
    struct Revealed {
        address[] wallets;
        bytes owners;
        bytes32[] leaves;
    }

    /// @notice The drawn block under the drawn leaf of a MacroJob, and its validator's word for it.
    /// @param validator The place of its wallet.
    /// @param verdict The block's hash.
    /// @param siblings From it to the root of the MicroJob's blocks, the lowest first.
    struct Opening {
        uint256 validator;
        bytes32 verdict;
        bytes32[4] siblings;
        bytes32 r;
        bytes32 vs;
    }

    event Settled(uint256 indexed chunk, address indexed finisher);

    error WrongRoot(bytes32 found);
    error WrongLength(uint256 expected, uint256 found);
    error WrongLeaf(uint256 index);
    error BadValidator(address validator);

    uint256 private constant UNIT_PRICE = 20;
    uint256 private constant VALIDATION_PRICE = 30;
    uint256 private constant FINISHER_PRICE = 7;
    bytes32 private constant PAID = bytes32(uint256(1));

    mapping(uint256 chunk => bytes32) public rootOf;
    mapping(uint256 chunk => uint256) public beaconOf;
    mapping(address wallet => uint256) public stakeOf;
    mapping(address wallet => uint256) public creditOf;

    function bond(address wallet) external payable {
        stakeOf[wallet] += 1;
    }

    function commitRoot(uint256 chunk, bytes32 root) external {
        rootOf[chunk] = root;
        beaconOf[chunk] = uint256(blockhash(block.number - 1));
    }

    /// @notice Pays what was revealed, and believes all of it: less than any escrow could do.
    function credit(uint256 chunk, Revealed calldata revealed) external {
        _takeRoot(chunk, revealed);
        _pay(chunk, revealed, _unitsOf(revealed), 0);
    }

    /// @notice Pays what was revealed where each MacroJob's drawn leaf opens to the verdict that its validator has signed: what a settlement shows.
    function settle(uint256 chunk, Revealed calldata revealed, Opening[] calldata openings) external {
        bytes32 root = _takeRoot(chunk, revealed);
        uint256[] memory units = _unitsOf(revealed);
        uint256 beacon = beaconOf[chunk];
        for (uint256 macroJob; macroJob < openings.length; ++macroJob) {
            uint256 draw = uint256(keccak256(abi.encode(root, beacon, macroJob)));
            uint256 microJobs = revealed.leaves.length / openings.length;
            _check(root, revealed, openings[macroJob], macroJob * microJobs + (draw % microJobs), draw >> 128);
            units[openings[macroJob].validator] += VALIDATION_PRICE;
        }
        _pay(chunk, revealed, units, openings.length);
    }

    /// @notice What `commitRoot` has to be called with.
    function hashOf(Revealed calldata revealed) public pure returns (bytes32 root) {
        address[] calldata wallets = revealed.wallets;
        bytes calldata owners = revealed.owners;
        bytes32[] calldata leaves = revealed.leaves;
        if (owners.length != leaves.length) revert WrongLength(leaves.length, owners.length);
        // In one piece; abi.encodePacked would copy element by element.
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, wallets.length)
            let at := add(start, 0x20)
            calldatacopy(at, leaves.offset, mul(leaves.length, 0x20))
            at := add(at, mul(leaves.length, 0x20))
            calldatacopy(at, wallets.offset, mul(wallets.length, 0x20))
            at := add(at, mul(wallets.length, 0x20))
            calldatacopy(at, owners.offset, owners.length)
            root := keccak256(start, sub(add(at, owners.length), start))
        }
    }

    function _takeRoot(uint256 chunk, Revealed calldata revealed) private returns (bytes32 root) {
        root = hashOf(revealed);
        if (rootOf[chunk] != root) revert WrongRoot(root);
        rootOf[chunk] = PAID;
    }

    function _unitsOf(Revealed calldata revealed) private pure returns (uint256[] memory units) {
        units = new uint256[](revealed.wallets.length);
        bytes calldata owners = revealed.owners;
        for (uint256 i; i < owners.length;) {
            // At most as many leaves as fit into a block.
            unchecked {
                units[uint8(owners[i])] += UNIT_PRICE;
                ++i;
            }
        }
    }

    function _check(bytes32 root, Revealed calldata revealed, Opening calldata opening, uint256 index, uint256 random) private view {
        address processor = revealed.wallets[uint8(revealed.owners[index])];
        if (keccak256(abi.encodePacked(processor, _rootOf(opening, random))) != revealed.leaves[index]) revert WrongLeaf(index);
        bytes32 digest = keccak256(abi.encode(address(this), block.chainid, root, index, opening.verdict));
        address validator = ECDSA.recover(digest, opening.r, opening.vs);
        if (validator == processor || validator != revealed.wallets[opening.validator] || stakeOf[validator] == 0) revert BadValidator(validator);
    }

    /// @dev The lowest bits of `place` say on which side each sibling is.
    function _rootOf(Opening calldata opening, uint256 place) private pure returns (bytes32 node) {
        node = opening.verdict;
        for (uint256 i; i < 4; ++i) {
            bytes32 sibling = opening.siblings[i];
            node = (place >> i) & 1 == 0 ? Hashes.efficientKeccak256(node, sibling) : Hashes.efficientKeccak256(sibling, node);
        }
    }

    function _pay(uint256 chunk, Revealed calldata revealed, uint256[] memory units, uint256 macroJobs) private {
        for (uint256 i; i < units.length; ++i) {
            if (units[i] > 0) creditOf[revealed.wallets[i]] += units[i];
        }
        if (macroJobs > 0) creditOf[msg.sender] += macroJobs * FINISHER_PRICE;
        emit Settled(chunk, msg.sender);
    }
}
