// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GovernanceReader} from "venue/GovernanceReader.sol";
import {Numbers} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Schedule} from "venue/Schedule.sol";

/// What a deposit, a withdrawal and a sale ask of the parameters that the last header was under:
/// which assets are listed (rollup.protocol.assets), and what a place in the queue costs in their
/// lots (rollup.l1.checks, `_require_deposit` of rollup.l1.mock). Nobody asks them of USDC, so that
/// its calls do not read them.
library Assets {
    using Schedule for Schedule.Store;

    uint256 internal constant USDC = 0;

    /// Revert unless it is the mark of USDC or of an asset that is listed.
    function requireKnown(Schedule.Store storage schedule, uint256 mark) internal view {
        if (mark == USDC) return;
        (bool isListed,,) = asset(schedule, mark);
        if (!isListed) revert Reverted(Reverts.UNKNOWN_ASSET);
    }

    /// Revert unless a deposit of so much may be asked for: its asset is listed and not delisted,
    /// the amount fits its word, and is worth `least` quanta, a lot at its first price.
    function requireDeposit(
        Schedule.Store storage schedule,
        uint256 mark,
        uint256 amount,
        uint256 least
    ) internal view {
        if (mark != USDC) {
            (bool isListed, bool isDelisted, uint256 price) = asset(schedule, mark);
            if (!isListed) revert Reverted(Reverts.UNKNOWN_ASSET);
            if (isDelisted) revert Reverted(Reverts.DELISTED_ASSET);
            least = (least + price - 1) / price;
        }
        requireAmount(mark, amount);
        if (amount < least) revert Reverted(Reverts.AMOUNT_TOO_SMALL);
    }

    /// Revert unless it is from 1 to 2^62 - 1 quanta, or 2^40 - 1 lots of an asset.
    function requireAmount(uint256 mark, uint256 amount) internal pure {
        uint256 bits = mark == USDC ? Numbers.AMOUNT_BITS : Numbers.SIZE_BITS;
        if (amount == 0 || amount >> bits != 0) revert Reverted(Reverts.BAD_AMOUNT);
    }

    /// Revert unless a batch can pay an exit of so much: 1 to 2^53 - 1 quanta.
    function requireWanted(uint256 amount) internal pure {
        bool isWanted = amount != 0 && amount >> Numbers.OUTFLOW_BITS == 0;
        if (!isWanted) revert Reverted(Reverts.BAD_AMOUNT);
    }

    /// Whether an asset is listed, whether it is delisted, and its first price in quanta a lot.
    function asset(Schedule.Store storage schedule, uint256 mark)
        private
        view
        returns (bool, bool, uint256)
    {
        return GovernanceReader.loadAsset(schedule.current().data, mark);
    }
}
