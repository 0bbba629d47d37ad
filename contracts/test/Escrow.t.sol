// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Escrow} from "../Escrow.sol";
import {JobToken} from "../JobToken.sol";
import {Transcript} from "../libraries/Transcript.sol";
import {EscrowHandler} from "./EscrowHandler.sol";
import {MiniTest} from "./MiniTest.sol";

/// @notice What holds after any sequence of calls.
contract EscrowInvariantTest is MiniTest {
    EscrowHandler private handler;
    Escrow private escrow;
    JobToken private token;

    function setUp() public {
        handler = new EscrowHandler();
        (escrow, token) = (handler.escrow(), handler.token());
        _target(address(handler));
    }

    /// The token balance is what open Jobs hold, what is staked and what is credited.
    function invariant_balanceIsWhatIsOwed() public view {
        uint256 sum = handler.held() + handler.staked() + handler.credited();
        vm.assertEq(escrow.owed(), sum, "owed");
        vm.assertEq(token.balanceOf(address(escrow)), sum, "balance");
    }

    /// A Job makes no tokens: paid + burned + held = taken in.
    function invariant_nothingIsMade() public view {
        vm.assertEq(handler.paidOut() + handler.burned() + escrow.owed(), handler.takenIn(), "taken in");
        vm.assertEq(token.totalSupply(), 1e30 - handler.burned(), "supply");
    }

    /// What a Job took in is what payees and finishers were credited with, what went back and what is held; and each MacroJob is paid at most once.
    function invariant_paidOnce() public view {
        for (uint256 i; i < handler.jobs(); ++i) {
            uint256 jobId = handler.jobIds(i);
            uint256 sum = handler.paidBy(jobId) + handler.givenBackBy(jobId) + escrow.job(jobId).held;
            vm.assertEq(sum, handler.budgetOf(jobId), "budget");
            for (uint256 bit; bit < 8; ++bit) {
                vm.assertTrue(handler.payments(jobId, bit / 4, bit % 4) <= 1, "paid twice");
            }
        }
    }

    /// Only the arrows of a Job's life exist.
    function invariant_statesFollowTheArrows() public view {
        vm.assertTrue(!handler.brokeOff(), "state");
    }

    /// An offence costs its share of the bond and no more, however often it is brought.
    function invariant_offencesCostOnce() public view {
        vm.assertTrue(!handler.burnedTooMuch(), "burned too much");
    }

    /// Who has something at stake can be convicted of what it has not paid for in full.
    function invariant_nobodyGetsAway() public view {
        vm.assertTrue(!handler.gotAway(), "got away");
    }

    /// A beacon is drawn once.
    function invariant_beaconsStay() public view {
        vm.assertTrue(!handler.drewAgain(), "beacon");
    }
}

/// @notice The handler gets everywhere: an invariant over calls that are all refused would say nothing.
contract EscrowHandlerTest is MiniTest {
    function test_handlerReachesEverything() public {
        EscrowHandler handler = new EscrowHandler();
        for (uint256 i; i < 60; ++i) {
            uint256 random = uint256(keccak256(abi.encode(i)));
            handler.open(uint80(random), uint80(random >> 8), uint80(random >> 16), random);
            if (i % 4 == 0) handler.cancel(random);
            handler.engage(random >> 8, random);
            handler.commitRoot(i, 0, random >> 16);
            handler.settle(i, (random >> 3) % 16, random, random >> 7);
            handler.convict(i, random, uint32(i));
            handler.convictThePoor(i >> 2, uint32(i), uint96(random));
            handler.pinBeacon(i, random >> 2, uint8(random >> 40));
            handler.convictByWitnesses(i, random >> 5, uint32(i), uint32(random >> 50));
            if (i % 16 == 0) handler.requestUnbond(random, uint96(random));
            handler.unbond(i, uint32(random));
            handler.withdraw(random);
            if (i % 3 == 0) handler.refund(random >> 24, uint32(random));
        }
        bytes4[11] memory methods = [
            handler.cancel.selector,
            handler.engage.selector,
            handler.commitRoot.selector,
            handler.settle.selector,
            handler.convict.selector,
            handler.COST_A_PART(),
            handler.convictByWitnesses.selector,
            handler.pinBeacon.selector,
            handler.unbond.selector,
            handler.withdraw.selector,
            handler.refund.selector
        ];
        for (uint256 i; i < methods.length; ++i) {
            vm.assertTrue(handler.done(methods[i]) > 0, string(abi.encodePacked("method ", bytes1(uint8(48 + i)))));
        }
        vm.assertTrue(!handler.gotAway() && !handler.burnedTooMuch(), "convictions");
    }
}

contract TranscriptTest is MiniTest {
    /// Horner's rule gives the sum of powers.
    function testFuzz_evaluatesThePolynomial(uint256 z, uint256[5] memory values) public pure {
        z %= Transcript.P;
        uint256[] memory data = new uint256[](5);
        uint256 expected;
        uint256 power = 1;
        for (uint256 i; i < 5; ++i) {
            data[i] = values[i] % Transcript.P;
            expected = addmod(expected, mulmod(data[i], power, Transcript.P), Transcript.P);
            power = mulmod(power, z, Transcript.P);
        }
        vm.assertEq(Transcript.evaluate(data, z), expected, "y");
    }

    /// The point is the hash of the ordinary encoding.
    function testFuzz_pointHashesTheEncoding(uint256 c, address finisher, uint256[] memory data) public view {
        bytes memory encoded = abi.encode(c, block.chainid, address(this), finisher, data);
        vm.assertEq(Transcript.point(c, finisher, data), uint256(keccak256(encoded)) % Transcript.P, "z");
    }

    /// Whatever changes, the point changes.
    function testFuzz_pointDependsOnEverything(uint256 c, address finisher, uint256 a, uint256 b) public view {
        uint256[] memory data = new uint256[](2);
        (data[0], data[1]) = (a, b);
        uint256 z = Transcript.point(c, finisher, data);
        unchecked {
            vm.assertTrue(Transcript.point(c + 1, finisher, data) != z, "commitment");
            vm.assertTrue(Transcript.point(c, address(uint160(finisher) + 1), data) != z, "finisher");
            data[1] = b + 1;
            vm.assertTrue(Transcript.point(c, finisher, data) != z, "data");
        }
    }
}
