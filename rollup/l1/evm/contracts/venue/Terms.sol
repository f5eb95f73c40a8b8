// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {MarketKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Rounding} from "venue/Rounding.sol";
import {Book, BookEntry, Market, MarketTerms} from "venue/Types.sol";

/// Terms of a market in one batch: rollup.protocol.terms. Spec: docs/spec/06-margin.md.
library Terms {
    uint256 private constant PRICE_MAX = (1 << Numbers.PRICE_BITS) - 1;
    int256 private constant NUMBERS_END = int256(1 << Numbers.BUCKET_NUMBER_BITS);

    /// Terms of a market at the price and funding that a batch's book has for it: `book` is that
    /// before it is known whether the batch closes its step. No asset stands for new debt under the
    /// debt stop, nor one whose price is clamped or missing.
    function inBook(Market memory market, Book memory book, BookEntry memory entry)
        internal
        pure
        returns (MarketTerms memory)
    {
        bool isStopped = book.debtStop || entry.clamped || entry.missing;
        return marketTerms(market, entry.price, entry.funding, entry.ended, isStopped);
    }

    /// Terms of a market at a price of 1 to 2^29 - 1 ticks, and F within 2^28 of 0. Reverted with
    /// PROOF where a side's value is in no bucket that has a number: no proof is of such terms.
    /// Where it `isStopped`, or is over, nothing of an asset counts over initial margin; a
    /// perpetual that is over asks for nothing.
    function marketTerms(
        Market memory market,
        uint256 price,
        int256 funding,
        bool isEnded,
        bool isStopped
    ) internal pure returns (MarketTerms memory terms) {
        terms.price = price;
        (terms.bandLow, terms.bandHigh) = priceBand(price, market.bandFraction);
        terms.takerFee = market.takerFee;
        terms.makerFee = market.makerFee;
        terms.isAsset = market.kind == MarketKinds.ASSET;
        terms.isEnded = isEnded;
        // Of an asset whose haircuts are the whole of it nothing counts: all the rest is 0.
        if (terms.isAsset && market.maintenanceFraction == Numbers.FRACTION_SCALE) return terms;
        terms.funding = terms.isAsset ? int256(0) : funding;
        terms.value = int256(price) - terms.funding;
        terms.bucket = market.bucket;
        terms.clip = terms.isAsset ? 0 : premiumClip(price, market);
        terms.impactNotional = market.impactNotional;
        terms.openInterestCap = market.openInterestCap;
        if (terms.isAsset || !isEnded) _setAsked(terms, market);
        if (terms.isAsset && (isStopped || isEnded)) terms.initial = price;
        _setSides(terms);
    }

    /// Whether the market is over and a perpetual's, so that positions become cash.
    function isSettled(MarketTerms memory terms) internal pure returns (bool) {
        return terms.isEnded && !terms.isAsset;
    }

    /// Whether a lot counts for nothing.
    function isIdle(MarketTerms memory terms) internal pure returns (bool) {
        return terms.bucket == 0;
    }

    /// What a lot held adds to the excess over initial margin.
    function longInitial(MarketTerms memory terms) internal pure returns (int256) {
        return terms.value - int256(terms.initial);
    }

    /// The same of a lot owed; nobody owes an asset.
    function shortInitial(MarketTerms memory terms) internal pure returns (int256) {
        return terms.isAsset ? int256(0) : -terms.value - int256(terms.initial);
    }

    /// The least price at which an order buys lots of a liquidated account: a quarter of the
    /// liquidation fee below the oracle's, rounded in favour of the backstop.
    function leastBid(MarketTerms memory terms) internal pure returns (uint256) {
        return terms.price - terms.liquidationFee / 4;
    }

    /// The highest at which one sells them.
    function mostAsked(MarketTerms memory terms) internal pure returns (uint256) {
        return terms.price + terms.liquidationFee / 4;
    }

    /// A fraction of FRACTION_SCALE of a price in whole ticks, rounded up: for the venue.
    function fractionUp(uint256 price, uint256 fraction) internal pure returns (uint256) {
        return Rounding.up(price * fraction, Numbers.FRACTION_SCALE);
    }

    /// How many ticks of a fill's distance from the oracle price count, rounded down.
    function premiumClip(uint256 price, Market memory market) internal pure returns (uint256) {
        uint256 fees = market.takerFee + market.makerFee;
        return price * Numbers.CLIP_FEES * fees / Numbers.FEE_SCALE;
    }

    /// Lowest and highest fair fill price around an oracle price, both rounded inward.
    function priceBand(uint256 price, uint256 bandFraction)
        internal
        pure
        returns (uint256 low, uint256 high)
    {
        low = fractionUp(price, Numbers.FRACTION_SCALE - bandFraction);
        if (low < 1) low = 1;
        high = price * (Numbers.FRACTION_SCALE + bandFraction) / Numbers.FRACTION_SCALE;
        if (high > PRICE_MAX) high = PRICE_MAX;
    }

    /// What a market asks for while it lives, and an asset after that.
    function _setAsked(MarketTerms memory terms, Market memory market) private pure {
        terms.maintenance = fractionUp(terms.price, market.maintenanceFraction);
        terms.initial = fractionUp(terms.price, market.initialFraction);
        terms.liquidationFee = fractionUp(terms.price, market.liquidationFee);
        terms.leastOrder = market.leastOrder;
    }

    /// What a lot of each side adds to the excess over maintenance margin, in whole buckets, and
    /// the numbers of these.
    function _setSides(MarketTerms memory terms) private pure {
        int256 maintenance = int256(terms.maintenance);
        terms.longMaintenance = _wholeBuckets(terms, terms.value - maintenance);
        terms.numbers[0] = _number(terms, terms.longMaintenance, Numbers.LONG_BUCKET_OFFSET);
        if (terms.isAsset) return;
        terms.shortMaintenance = _wholeBuckets(terms, -terms.value - maintenance);
        terms.numbers[1] = _number(terms, terms.shortMaintenance, Numbers.SHORT_BUCKET_OFFSET);
    }

    function _wholeBuckets(MarketTerms memory terms, int256 ticks) private pure returns (int256) {
        int256 bucket = int256(terms.bucket);
        return isSettled(terms) ? ticks : Rounding.down(ticks, bucket) * bucket;
    }

    function _number(MarketTerms memory terms, int256 ticks, uint256 bias)
        private
        pure
        returns (uint256)
    {
        int256 number = Rounding.down(ticks, int256(terms.bucket)) + int256(bias);
        if (number < 0 || number >= NUMBERS_END) revert Reverted(Reverts.PROOF);
        return uint256(number);
    }
}
