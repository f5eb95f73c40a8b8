// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {MarketKinds} from "venue/Reasons.sol";
import {Rounding} from "venue/Rounding.sol";
import {BookEntry} from "venue/Types.sol";
import {Feed} from "venue/Types.sol";
import {Market} from "venue/Types.sol";

/// When a market is over: rollup.protocol.ended. Spec: docs/spec/18-ended.md.
library Ended {
    uint256 private constant SCALES = Numbers.FEE_SCALE / Numbers.FRACTION_SCALE;
    int256 private constant NUMBER_MOST = int256((1 << Numbers.BUCKET_NUMBER_BITS) - 1);

    /// Whether a live market is over: it is delisted; or its price is held at an end of what a
    /// price can be; or one of its sides, of an asset that of who holds it, may leave the range of
    /// bucket numbers within two steps.
    function isEnding(Market memory market, Feed memory feed, BookEntry memory entry)
        internal
        pure
        returns (bool)
    {
        uint256 price = entry.price;
        bool isAtEnd = price == Numbers.PRICE_LEAST || price == Numbers.PRICE_MOST;
        bool isHeld = entry.clamped && isAtEnd;
        if (market.delisted || isHeld || price < Numbers.PRICE_LEAST) return true;
        bool isAsset = market.kind == MarketKinds.ASSET;
        if (isAsset && market.maintenanceFraction == Numbers.FRACTION_SCALE) return false;
        int256 room = 2 * int256(stepBuckets(market, feed, price));
        int256 value = int256(price) - (isAsset ? int256(0) : entry.funding);
        uint256 part = market.maintenanceFraction;
        int256 asked = int256(Rounding.up(price * part, Numbers.FRACTION_SCALE));
        int256 bucket = int256(market.bucket);
        int256 held = Rounding.down(value - asked, bucket) + int256(Numbers.LONG_BUCKET_OFFSET);
        if (_isNearEnd(held, room)) return true;
        if (isAsset) return false;
        int256 owed = Rounding.down(-value - asked, bucket) + int256(Numbers.SHORT_BUCKET_OFFSET);
        return _isNearEnd(owed, room);
    }

    /// By how many buckets a step moves a side's value at most: its price and its maintenance
    /// margin by the bound of a step each, and its F by the cap of an hour; and two for what is
    /// rounded.
    function stepBuckets(Market memory market, Feed memory feed, uint256 price)
        internal
        pure
        returns (uint256)
    {
        uint256 moved = price * (2 * feed.step * SCALES + market.fundingCap);
        return Rounding.up(moved, Numbers.FEE_SCALE * market.bucket) + 2;
    }

    /// Whether the number of a bucket is nearer to an end of the range than so many; one outside of
    /// it is.
    function _isNearEnd(int256 number, int256 room) private pure returns (bool) {
        return number < room || NUMBER_MOST - number < room;
    }
}
