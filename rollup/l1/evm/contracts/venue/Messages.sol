// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Books} from "venue/Books.sol";
import {Elements} from "venue/Elements.sol";
import {Ended} from "venue/Ended.sol";
import {Layout} from "venue/Layout.sol";
import {Numbers} from "venue/Numbers.sol";
import {Terms} from "venue/Terms.sol";
import {Totals} from "venue/Totals.sol";
import {Book, BookEntry, Deposit, Entry, Market, MarketTerms} from "venue/Types.sol";
import {PublicInput, Withdrawal} from "venue/Types.sol";

/// What the verifier puts on the buses itself (circuits.statement.inputs, whose order this is):
/// every consumed queue entry with its outcome, the terms of every listed market, every withdrawal.
/// A message is its bus, its sign, how often it is said, its width, and so many elements.
library Messages {
    using Elements for uint256;
    using Terms for MarketTerms;

    uint256 private constant HEAD = 4;

    /// Elements that all messages of a batch take.
    function length(PublicInput memory batch) internal pure returns (uint256) {
        return batch.deposits.length * (HEAD + Layout.DEPOSIT_WIDTH)
            + batch.governance.markets.length * (HEAD + Layout.MARKET_WIDTH)
            + batch.withdrawals.length * (HEAD + Layout.PAYOUT_WIDTH);
    }

    /// All of them, of a batch whose own book is `book`: that with its prices and funding, before
    /// it is asked what else it leaves.
    function put(uint256 offset, PublicInput memory batch, Book memory book)
        internal
        pure
        returns (uint256)
    {
        for (uint256 i = 0; i < batch.deposits.length; ++i) {
            offset = _putDeposit(offset, batch, batch.deposits[i]);
        }
        uint256[] memory taken = Totals.taken(batch);
        for (uint256 market = 0; market < book.markets.length; ++market) {
            offset = _putMarket(offset, batch, book, market, taken[market]);
        }
        for (uint256 i = 0; i < batch.withdrawals.length; ++i) {
            offset = _putPayout(offset, batch.withdrawals[i]);
        }
        return offset;
    }

    function _putHead(uint256 offset, uint256 bus, uint256 width) private pure returns (uint256) {
        return offset.put(bus).put(1).put(1).put(width);
    }

    /// A queue entry: its words reduced, whether what it is of is listed and has not ended, and
    /// whether its words were elements, which nobody asks of one that is not.
    function _putDeposit(uint256 offset, PublicInput memory batch, Deposit memory deposit)
        private
        pure
        returns (uint256)
    {
        Entry memory entry = deposit.entry;
        bool isKnown = _isTaken(batch, entry.asset);
        bool isCanonical;
        offset = _putHead(offset, Layout.DEPOSIT_BUS, Layout.DEPOSIT_WIDTH);
        offset = offset.put(entry.index).put(entry.kind).put(entry.account).put(entry.asset);
        offset = offset.putFlag(entry.asset != Totals.USDC);
        offset = offset.putPacked(entry.amount, Numbers.AMOUNT_BITS).putOwner(entry.owner);
        (offset, isCanonical) = offset.putWords(entry.words);
        offset = offset.putFlag(isKnown).putFlag(isCanonical || !isKnown);
        return offset.put(deposit.outcome);
    }

    /// Whether the venue takes more of what a mark is of: not of an asset that has ended.
    function _isTaken(PublicInput memory batch, uint256 mark) private pure returns (bool) {
        if (mark == Totals.USDC) return true;
        return Totals.isAsset(batch.governance, mark) && !_isEnded(batch, mark - 1);
    }

    /// Whether a market was over before the batch.
    function _isEnded(PublicInput memory batch, uint256 market) private pure returns (bool) {
        BookEntry[] memory before = batch.bookBefore.markets;
        return market < before.length && before[market].ended;
    }

    /// A market's terms, how it came by its price, whether it is over or will be with the step, how
    /// many lots of it the estate takes, and what its hour asks.
    function _putMarket(
        uint256 offset,
        PublicInput memory batch,
        Book memory book,
        uint256 market,
        uint256 taken
    ) private pure returns (uint256) {
        BookEntry memory entry = book.markets[market];
        MarketTerms memory terms = Terms.inBook(batch.governance.markets[market], book, entry);
        offset = _putHead(offset, Layout.MARKET_BUS, Layout.MARKET_WIDTH).put(market);
        offset = _putTrade(_putRisk(offset, terms), terms);
        offset = offset.putLimbs(terms.liquidationFee, Numbers.PRICE_BITS);
        offset = _putFlags(offset, batch, entry, terms, market);
        offset = offset.putLimbs(taken, Numbers.ESTATE_BITS);
        offset = offset.putPacked(terms.leastOrder, Numbers.SIZE_BITS);
        return _putHour(offset, batch, entry, terms, market);
    }

    /// What a lot adds to an account's sums, and the buckets that the sides are in.
    function _putRisk(uint256 offset, MarketTerms memory terms) private pure returns (uint256) {
        offset = offset.putBalanced(terms.longMaintenance, Layout.DIGITS);
        offset = offset.putBalanced(terms.shortMaintenance, Layout.DIGITS);
        offset = offset.putBalanced(terms.longInitial(), Layout.DIGITS);
        offset = offset.putBalanced(terms.shortInitial(), Layout.DIGITS);
        offset = offset.putBalanced(int256(terms.bucket), Layout.BUCKET_DIGITS);
        offset = offset.putBalanced(terms.value, Layout.DIGITS);
        return offset.put(terms.numbers[0]).put(terms.numbers[1]);
    }

    /// Band, fees, funding, the oracle price; what is other where an order takes lots of a
    /// liquidated account; and the lowest and highest price that count whole towards the premium.
    function _putTrade(uint256 offset, MarketTerms memory terms) private pure returns (uint256) {
        uint256 bits = Numbers.PRICE_BITS;
        offset = offset.putPacked(terms.bandLow, bits).putPacked(terms.bandHigh, bits);
        offset = offset.put(terms.takerFee).put(terms.makerFee);
        offset = offset.putBalanced(terms.funding, Layout.DIGITS).putPacked(terms.price, bits);
        offset = offset.putPacked(terms.leastBid(), bits).putPacked(terms.mostAsked(), bits);
        offset = offset.putLimbs(terms.price - terms.liquidationFee, bits);
        offset = offset.putLimbs(terms.price + terms.liquidationFee, bits);
        return offset.put(terms.price - terms.clip).put(terms.price + terms.clip);
    }

    /// Whether the price is fresh and unclamped; whether no order trades whatever else holds;
    /// whether an asset, idle, settled; and whether the market ends with the step.
    function _putFlags(
        uint256 offset,
        PublicInput memory batch,
        BookEntry memory entry,
        MarketTerms memory terms,
        uint256 market
    ) private pure returns (uint256) {
        bool ends = batch.closed && !entry.ended && _isEnding(batch, entry, market);
        offset = offset.putFlag(!entry.clamped && !entry.missing);
        offset = offset.putFlag(entry.missing || (terms.isEnded && terms.isAsset));
        offset = offset.putFlag(terms.isAsset).putFlag(terms.isIdle());
        return offset.putFlag(terms.isSettled()).putFlag(ends);
    }

    function _isEnding(PublicInput memory batch, BookEntry memory entry, uint256 market)
        private
        pure
        returns (bool)
    {
        Market memory listed = batch.governance.markets[market];
        return Ended.isEnding(listed, batch.governance.oracle.feeds[market], entry);
    }

    /// What concerns a market's tally: price, clip, impact notional and cap; whether it starts
    /// again, which that of an ended one never does; whether a premium rate is proved, and which
    /// one is said.
    function _putHour(
        uint256 offset,
        PublicInput memory batch,
        BookEntry memory entry,
        MarketTerms memory terms,
        uint256 market
    ) private pure returns (uint256) {
        Book memory before = batch.bookBefore;
        bool isDue = Books.isHourDue(before, batch.time) && !_isEnded(batch, market);
        bool isRated = isDue && !terms.isAsset && market < before.markets.length
            && !entry.clamped && !entry.missing;
        int256 rate = batch.premiumRates.length == 0 ? int256(0) : batch.premiumRates[market];
        offset = offset.putLimbs(terms.price, Numbers.ORACLE_PRICE_BITS);
        offset = offset.putLimbs(terms.clip, Numbers.CLIP_BITS);
        offset = offset.putLimbs(terms.impactNotional, Numbers.IMPACT_BITS);
        offset = offset.putLimbs(terms.openInterestCap, Numbers.OPEN_INTEREST_BITS);
        offset = offset.putFlag(isDue).putFlag(isRated);
        return offset.putBalanced(rate, Layout.RATE_DIGITS);
    }

    /// A withdrawal: its owner, its asset, and its amount as an order's size and highest fee.
    function _putPayout(uint256 offset, Withdrawal memory withdrawal)
        private
        pure
        returns (uint256)
    {
        offset = _putHead(offset, Layout.PAYOUT_BUS, Layout.PAYOUT_WIDTH);
        offset = offset.putOwner(withdrawal.owner).put(withdrawal.asset);
        uint256 low = withdrawal.amount % (1 << Numbers.SIZE_BITS);
        offset = offset.putPacked(low, Numbers.SIZE_BITS);
        return offset.put(withdrawal.amount >> Numbers.SIZE_BITS);
    }
}
