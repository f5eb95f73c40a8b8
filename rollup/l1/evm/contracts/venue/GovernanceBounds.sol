// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {MarketKinds} from "venue/Reasons.sol";
import {Committee, Feed, Governance, Market, Oracle} from "venue/Types.sol";

/// Every bound of rollup.protocol.market, rollup.protocol.oracle and rollup.protocol.committee,
/// theorem T's inequalities among them. Each function says whether all of its bounds are kept.
library GovernanceBounds {
    function areKept(Governance memory governance) internal pure returns (bool) {
        if (!_tailIsSafe(governance) || !_oracleIsSafe(governance.oracle)) return false;
        if (!committeeIsSafe(governance.committee)) return false;
        Market[] memory markets = governance.markets;
        Feed[] memory feeds = governance.oracle.feeds;
        if (markets.length == 0 || markets.length > Numbers.MARKETS_MAX) return false;
        if (feeds.length != markets.length || !_areDistinct(markets, feeds)) return false;
        for (uint256 i = 0; i < markets.length; ++i) {
            if (!_marketIsSafe(markets[i]) || !_feedIsSafe(feeds[i])) return false;
            if (!_stepIsSafe(markets[i], feeds[i])) return false;
            if (!_bucketsReach(markets[i], feeds[i])) return false;
        }
        return true;
    }

    /// Whether lots count for nothing: an asset whose haircuts are the whole of it.
    function isIdle(Market memory market) internal pure returns (bool) {
        return isAsset(market) && market.maintenanceFraction == Numbers.FRACTION_SCALE;
    }

    function isAsset(Market memory market) internal pure returns (bool) {
        return market.kind == MarketKinds.ASSET;
    }

    function _tailIsSafe(Governance memory governance) private pure returns (bool) {
        return governance.feeAccount < 1 << Numbers.ACCOUNT_BITS
            && governance.backstopAccount < 1 << Numbers.ACCOUNT_BITS
            && governance.feeAccount != governance.backstopAccount
            && governance.clockBehindMs < 1 << Numbers.TIME_BITS
            && governance.clockAheadMs < 1 << Numbers.TIME_BITS
            && governance.refreshFee < 1 << Numbers.REFRESH_FEE_BITS;
    }

    function _oracleIsSafe(Oracle memory oracle) private pure returns (bool) {
        uint256 count = oracle.signers.length;
        if (count == 0 || count > Numbers.SIGNERS_MAX) return false;
        for (uint256 i = 1; i < count; ++i) {
            if (oracle.signers[i - 1] >= oracle.signers[i]) return false;
        }
        return count / 2 < oracle.quorum && oracle.quorum <= count && 0 < oracle.slotMs
            && oracle.slotMs <= Numbers.SLOT_MS_MAX && oracle.lagMs <= Numbers.LAG_MS_MAX;
    }

    /// Keys rise, so that none stands twice; two sets of `threshold` members have one in common.
    function committeeIsSafe(Committee memory committee) internal pure returns (bool) {
        uint256 count = committee.keys.length / Numbers.MEMBER_KEY_BYTES;
        if (count == 0) return committee.threshold == 0;
        for (uint256 i = 1; i < count; ++i) {
            if (!_rises(committee.keys, i)) return false;
        }
        return count / 2 < committee.threshold && committee.threshold <= count;
    }

    /// Whether a key is above the one before it, as bytes: three words each.
    function _rises(bytes memory keys, uint256 key) private pure returns (bool) {
        for (uint256 place = 0; place < Numbers.MEMBER_KEY_BYTES; place += 32) {
            bytes32 before;
            bytes32 next;
            uint256 from = key * Numbers.MEMBER_KEY_BYTES + place;
            assembly ("memory-safe") {
                next := mload(add(add(keys, 32), from))
                before := mload(sub(add(add(keys, 32), from), 96))
            }
            if (before != next) return before < next;
        }
        return false;
    }

    /// No two symbols and no two feeds are the same.
    function _areDistinct(Market[] memory markets, Feed[] memory feeds)
        private
        pure
        returns (bool)
    {
        for (uint256 i = 1; i < markets.length; ++i) {
            (bytes16 symbol, bytes32 feed) = (markets[i].symbol, feeds[i].feed);
            for (uint256 k = 0; k < i; ++k) {
                if (markets[k].symbol == symbol || feeds[k].feed == feed) return false;
            }
        }
        return true;
    }

    function _feedIsSafe(Feed memory feed) private pure returns (bool) {
        return feed.feed != 0 && feed.decimals <= Numbers.FEED_DECIMALS_MAX && 0 < feed.step
            && feed.step <= Numbers.STEP_MAX && Numbers.PRICE_LEAST <= feed.listingPrice
            && feed.listingPrice <= Numbers.PRICE_MOST;
    }

    function _marketIsSafe(Market memory market) private pure returns (bool) {
        if (market.kind > MarketKinds.ASSET || !_isSymbol(market.symbol)) return false;
        if (!_scaleIsSafe(market) || !_ratesAreSafe(market)) return false;
        return isAsset(market) ? _assetIsSafe(market) : _perpIsSafe(market);
    }

    /// 1 to 16 of A-Z, 0-9 and '-', then zeros.
    function _isSymbol(bytes16 symbol) private pure returns (bool) {
        if (symbol[0] == 0) return false;
        bool isOver = false;
        for (uint256 i = 0; i < Numbers.SYMBOL_LENGTH_MAX; ++i) {
            bytes1 c = symbol[i];
            bool isLetter = (c >= "A" && c <= "Z") || (c >= "0" && c <= "9") || c == "-";
            isOver = isOver || c == 0;
            if (isOver ? c != 0 : !isLetter) return false;
        }
        return true;
    }

    function _scaleIsSafe(Market memory market) private pure returns (bool) {
        return market.priceDecimals <= Numbers.COLLATERAL_DECIMALS
            && market.sizeDecimals <= Numbers.COLLATERAL_DECIMALS
            && market.priceDecimals + market.sizeDecimals == Numbers.COLLATERAL_DECIMALS;
    }

    function _ratesAreSafe(Market memory market) private pure returns (bool) {
        return _isFraction(market.initialFraction) && _isFraction(market.maintenanceFraction)
            && _isFraction(market.bandFraction) && market.takerFee < 1 << Numbers.FEE_RATE_BITS
            && market.makerFee < 1 << Numbers.FEE_RATE_BITS;
    }

    function _isFraction(uint256 fraction) private pure returns (bool) {
        return 0 < fraction && fraction <= Numbers.FRACTION_SCALE;
    }

    /// Nothing to fund, no cap on what people bring; where the haircuts are the whole nothing to
    /// liquidate and no buckets either, else margins as a long's.
    function _assetIsSafe(Market memory market) private pure returns (bool) {
        if (market.fundingCap != 0 || market.interest != 0 || market.impactNotional != 0) {
            return false;
        }
        if (market.openInterestCap != 0 || market.leastOrder != 0) return false;
        if (isIdle(market)) {
            return market.liquidationFee == 0 && market.bucket == 0
                && market.initialFraction == Numbers.FRACTION_SCALE;
        }
        return _marginsAreSafe(market);
    }

    function _perpIsSafe(Market memory market) private pure returns (bool) {
        return _marginsAreSafe(market) && market.leastOrder < 1 << Numbers.SIZE_BITS
            && _fundingIsSafe(market) && 0 < market.impactNotional
            && market.impactNotional < 1 << Numbers.IMPACT_BITS && 0 < market.openInterestCap
            && market.openInterestCap < 1 << Numbers.OPEN_INTEREST_BITS;
    }

    /// A bucket in bounds; maintenance <= initial, and the band narrower than their difference; and
    /// a fee that leaves more than a tick of the maintenance margin that pays it (theorem T).
    function _marginsAreSafe(Market memory market) private pure returns (bool) {
        uint256 maintenance = market.maintenanceFraction;
        return 0 < market.bucket && market.bucket < 1 << Numbers.BUCKET_BITS
            && maintenance <= market.initialFraction
            && market.bandFraction < market.initialFraction - maintenance
            && market.liquidationFee + Numbers.TICK_ALLOWANCE < maintenance;
    }

    /// The cap is at most twice the least fee, and the interest a rate within the cap.
    function _fundingIsSafe(Market memory market) private pure returns (bool) {
        uint256 least = market.takerFee < market.makerFee ? market.takerFee : market.makerFee;
        return market.fundingCap <= 2 * least && market.fundingCap <= Numbers.FUNDING_CAP_MAX
            && market.interest <= Numbers.INTEREST_HOURS * market.fundingCap;
    }

    /// Theorem T's first inequality: what one step moves a lot's value, funding and roundings with
    /// it, stays below its maintenance margin. A delisted perpetual moves once more by no more than
    /// its last terms allowed, which kept this.
    function _stepIsSafe(Market memory market, Feed memory feed) private pure returns (bool) {
        if (market.delisted && !isAsset(market)) return true;
        uint256 funding = market.fundingCap * (Numbers.FRACTION_SCALE + feed.step);
        uint256 moved = (feed.step + Numbers.TICK_ALLOWANCE) * Numbers.FEE_SCALE + funding;
        return moved < market.maintenanceFraction * Numbers.FEE_SCALE;
    }

    /// A listing price lies well inside what numbers of buckets can say, where there are any.
    function _bucketsReach(Market memory market, Feed memory feed) private pure returns (bool) {
        return
            isIdle(market) || feed.listingPrice <= market.bucket * Numbers.LISTING_BUCKETS_MAX;
    }
}
