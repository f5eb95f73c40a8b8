// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {Reverted} from "venue/Reasons.sol";
import {Reverts} from "venue/Reasons.sol";
import {Reports} from "venue/Reports.sol";
import {Said} from "venue/Reports.sol";
import {Rounding} from "venue/Rounding.sol";
import {Book} from "venue/Types.sol";
import {Feed} from "venue/Types.sol";
import {Governance} from "venue/Types.sol";
import {PublicInput} from "venue/Types.sol";

/// How a market came by its price.
enum PriceKind {
    FRESH,
    CLAMPED,
    MISSING,
    ENDED
}

/// What prices a batch has: rollup.protocol.pricing. Spec: docs/spec/12-prices.md.
library Pricing {
    /// Reverted unless the prices of a batch are what its reports give, after the book that it says
    /// the batch before left. Returns what the reports say of each market. Of prices there is one
    /// for each market.
    function requirePriced(PublicInput memory batch) internal pure returns (Said[] memory said) {
        Book memory before = batch.bookBefore;
        Governance memory governance = batch.governance;
        said = reported(batch);
        bool stands = before.openSince != 0;
        for (uint256 market = 0; market < governance.markets.length; ++market) {
            (uint256 wanted, PriceKind kind) = priceIn(governance, before, market, said[market]);
            if (batch.prices[market] != wanted) {
                revert Reverted(stands ? Reverts.PRICE_MOVED : _fault(kind));
            }
        }
    }

    /// What the reports of a batch say of each market. Reverted if they count for nothing, are too
    /// few or too many, or come while a step is open.
    function reported(PublicInput memory batch) internal pure returns (Said[] memory) {
        Governance memory governance = batch.governance;
        bool stands = batch.bookBefore.openSince != 0;
        if (stands && batch.reports.length != 0) revert Reverted(Reverts.STEP_REPORTS);
        int256 slot = Reports.slotOf(governance.oracle, batch.time);
        Reports.judgedTogether(governance, slot, batch.reports);
        return Reports.said(governance.oracle, batch.reports);
    }

    /// The price that one market has after a batch that left the book `before`, and how it came by
    /// it. In an open step nothing is said, so the price is that of before.
    function priceIn(
        Governance memory governance,
        Book memory before,
        uint256 market,
        Said memory said
    ) internal pure returns (uint256, PriceKind) {
        Feed memory feed = governance.oracle.feeds[market];
        uint256 last = feed.listingPrice;
        uint256 step = feed.step;
        if (market < before.markets.length) {
            last = before.markets[market].price;
            if (before.markets[market].ended) return (last, PriceKind.ENDED);
            if (before.markets[market].step < step) step = before.markets[market].step;
        }
        if (said.count == 0) return (last, PriceKind.MISSING);
        uint256 decimals = governance.markets[market].priceDecimals;
        uint256 wanted = ticks(said.median, feed.decimals, decimals);
        (uint256 low, uint256 high) = stepRange(last, step);
        if (wanted < low) return (low, PriceKind.CLAMPED);
        return wanted > high ? (high, PriceKind.CLAMPED) : (wanted, PriceKind.FRESH);
    }

    /// Least and greatest price after `before`, both rounded towards it, so never further away than
    /// `step` ten-thousandths, and within what prices can be.
    function stepRange(uint256 before, uint256 step)
        internal
        pure
        returns (uint256 low, uint256 high)
    {
        uint256 scale = Numbers.FRACTION_SCALE;
        low = Rounding.up(before * (scale - step), scale);
        if (low < Numbers.PRICE_LEAST) low = Numbers.PRICE_LEAST;
        high = before * (scale + step) / scale;
        if (high > Numbers.PRICE_MOST) high = Numbers.PRICE_MOST;
        if (high < low) high = low;
    }

    /// A feed's value in ticks of a market, rounded down; where that is no number of 256 bits the
    /// greatest one, which is beyond every price as it is. Decimals are 0 to 18.
    function ticks(uint256 value, uint256 feedDecimals, uint256 priceDecimals)
        internal
        pure
        returns (uint256)
    {
        if (feedDecimals >= priceDecimals) return value / 10 ** (feedDecimals - priceDecimals);
        uint256 scale = 10 ** (priceDecimals - feedDecimals);
        return value > type(uint256).max / scale ? type(uint256).max : value * scale;
    }

    function _fault(PriceKind kind) private pure returns (uint8) {
        if (kind == PriceKind.FRESH) return Reverts.PRICE_DIFFERS;
        return kind == PriceKind.CLAMPED ? Reverts.PRICE_UNCLAMPED : Reverts.PRICE_MOVED;
    }
}
