// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFacts} from "venue/IFacts.sol";
import {PinnedClass} from "venue/IRollup.sol";
import {Numbers} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {PinnedFacts} from "venue/Venue.sol";

/// Which verifiers' word is taken (`require_pinned` of rollup.l1.checks, `_require_pins` of
/// rollup.l1.deployment).
library Pinned {
    uint8 internal constant NONE = 255;
    /// The name of the circuit of private exits: EXIT_CLASS of rollup.l1.private_exit.
    bytes8 internal constant EXITS = "X";

    /// Keep what is pinned. BAD_DEPLOYMENT unless it is of 1 to 8 classes whose names rise.
    function open(
        mapping(bytes8 => PinnedFacts) storage classes,
        PinnedClass[] memory pinned
    ) internal {
        if (pinned.length == 0 || pinned.length > Numbers.CLASSES_MAX) {
            revert Reverted(Reverts.BAD_DEPLOYMENT);
        }
        for (uint256 place = 0; place < pinned.length; ++place) {
            PinnedClass memory each = pinned[place];
            if (place != 0 && pinned[place - 1].shapeClass >= each.shapeClass) {
                revert Reverted(Reverts.BAD_DEPLOYMENT);
            }
            classes[each.shapeClass] = PinnedFacts({
                facts: each.facts,
                isPinned: true,
                fault: fault(each),
                circuit: each.circuit,
                fixedRoot: each.fixedRoot,
                parameters: keccak256(each.parameters)
            });
        }
    }

    /// What a batch of a class is proved by. PIN_SHAPE where no such class is pinned or it has no
    /// verifier, and why its verifier is not for what is pinned.
    function required(mapping(bytes8 => PinnedFacts) storage classes, bytes8 shapeClass)
        internal
        view
        returns (PinnedFacts memory)
    {
        // Lie: a batch is of the circuit of exits, whose public values say other things.
        if (shapeClass == EXITS) revert Reverted(Reverts.PIN_SHAPE);
        return known(classes, shapeClass);
    }

    /// What a private exit is proved by, likewise.
    function ofExits(mapping(bytes8 => PinnedFacts) storage classes)
        internal
        view
        returns (PinnedFacts memory)
    {
        return known(classes, EXITS);
    }

    function known(mapping(bytes8 => PinnedFacts) storage classes, bytes8 name)
        private
        view
        returns (PinnedFacts memory found)
    {
        found = classes[name];
        if (!found.isPinned || found.facts == address(0)) revert Reverted(Reverts.PIN_SHAPE);
        if (found.fault != NONE) revert Reverted(found.fault);
    }

    /// The first difference between what is pinned and what the verifier is for.
    function fault(PinnedClass memory pinned) private view returns (uint8) {
        if (pinned.facts == address(0)) return NONE;
        (bytes32 circuit, bytes32 root, bytes memory parameters, bytes memory shape, bytes8 name) =
            IFacts(pinned.facts).pins();
        if (name != pinned.shapeClass) return Reverts.PIN_SHAPE;
        if (circuit != pinned.circuit) return Reverts.PIN_CIRCUIT;
        if (root != pinned.fixedRoot) return Reverts.PIN_FIXED;
        if (keccak256(parameters) != keccak256(pinned.parameters)) return Reverts.PIN_PARAMETERS;
        if (keccak256(shape) != keccak256(pinned.shape)) return Reverts.PIN_SHAPE;
        return NONE;
    }
}
