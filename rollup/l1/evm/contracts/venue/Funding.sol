// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {Rounding} from "venue/Rounding.sol";

/// Funding: rollup.protocol.funding. Spec: docs/spec/14-funding.md.
library Funding {
    int256 private constant RATE_SCALE = int256(Numbers.RATE_SCALE);

    /// The hour since 1970 that a time in ms is in.
    function hour(uint256 time) internal pure returns (uint256) {
        return time / Numbers.HOUR_MS;
    }

    /// The rate of an hour, in 1 / RATE_SCALE: premium rate and interest, which are of eight hours,
    /// together within the cap, which is of one.
    function rate(int256 premiumRate, uint256 interest, uint256 cap)
        internal
        pure
        returns (int256)
    {
        int256 most = int256(Numbers.INTEREST_HOURS * cap);
        int256 wanted = premiumRate + int256(interest);
        if (wanted > most) return most;
        return wanted < -most ? -most : wanted;
    }

    /// F and carry after one hour at a rate and a price. Where F would leave its bounds they stand.
    function charged(int256 before, uint256 carryBefore, int256 hourRate, uint256 price)
        internal
        pure
        returns (int256 funding, uint256 carry)
    {
        int256 moved = hourRate * int256(price) + int256(carryBefore);
        int256 ticks = Rounding.down(moved, RATE_SCALE);
        funding = before + ticks;
        if (_size(funding) > _most(before, price)) return (before, carryBefore);
        carry = uint256(moved - ticks * RATE_SCALE);
    }

    /// How far from 0 a charge may leave F: within so many prices, or where it was.
    function _most(int256 before, uint256 price) private pure returns (uint256) {
        uint256 most = Numbers.PRICES_MAX * price;
        if (most > Numbers.FUNDING_MAX) most = Numbers.FUNDING_MAX;
        uint256 was = _size(before);
        return was > most ? was : most;
    }

    function _size(int256 number) private pure returns (uint256) {
        return uint256(number < 0 ? -number : number);
    }
}
