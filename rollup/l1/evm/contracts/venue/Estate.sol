// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";

/// The estate: lots that no account could be left with, and what L1 lacks because of them
/// (rollup.l1.estate).
library Estate {
    /// Lots that are for sale: at `start` quanta a lot at the time `since`, and less and less.
    struct Sale {
        uint128 lots;
        uint64 start;
        uint64 since;
    }

    /// `lacks`: quanta that accounts are owed for the lots and L1 does not hold; `surplus`: what
    /// sales brought beyond that, and is not queued for the backstop yet.
    struct Store {
        uint128 lacks;
        uint128 surplus;
        mapping(uint256 mark => Sale) sales;
    }

    /// Lots come at a price; all that is there of the asset starts again from it.
    function take(Store storage estate, uint256 mark, uint256 lots, uint256 price, uint256 time)
        internal
    {
        uint256 start = ceilDiv(price * Numbers.START_FRACTION, Numbers.FRACTION_SCALE);
        uint256 there = estate.sales[mark].lots;
        estate.sales[mark] = Sale(uint128(there + lots), uint64(start), uint64(time));
        estate.lacks += uint128(lots * price);
    }

    /// What so many lots cost now: the price falls evenly to 0 over `duration` ms, rounded up.
    function cost(
        Store storage estate,
        uint256 mark,
        uint256 lots,
        uint256 time,
        uint256 duration
    ) internal view returns (uint256) {
        Sale memory sale = estate.sales[mark];
        if (sale.lots == 0 || lots > sale.lots) revert Reverted(Reverts.NOT_FOR_SALE);
        uint256 end = sale.since + duration;
        uint256 left = end > time ? end - time : 0;
        if (left > duration) left = duration;
        return lots * ceilDiv(sale.start * left, duration);
    }

    /// Lots are gone, and paid for.
    function sold(Store storage estate, uint256 mark, uint256 lots, uint256 paid) internal {
        Sale storage sale = estate.sales[mark];
        if (sale.lots == lots) delete estate.sales[mark];
        else sale.lots -= uint128(lots);
        pay(estate, paid);
    }

    /// Money comes in: it is lacking no more, and what is beyond is surplus.
    function pay(Store storage estate, uint256 amount) internal {
        uint128 covered = amount < estate.lacks ? uint128(amount) : estate.lacks;
        estate.lacks -= covered;
        estate.surplus += uint128(amount - covered);
    }

    function ceilDiv(uint256 number, uint256 by) private pure returns (uint256) {
        return (number + by - 1) / by;
    }
}
