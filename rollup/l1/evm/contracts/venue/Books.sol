// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BookCodec} from "venue/BookCodec.sol";
import {Ended} from "venue/Ended.sol";
import {Funding} from "venue/Funding.sol";
import {Numbers} from "venue/Numbers.sol";
import {Pricing} from "venue/Pricing.sol";
import {MarketKinds} from "venue/Reasons.sol";
import {Reverted} from "venue/Reasons.sol";
import {Reverts} from "venue/Reasons.sol";
import {Said} from "venue/Reports.sol";
import {Book} from "venue/Types.sol";
import {BookEntry} from "venue/Types.sol";
import {Feed} from "venue/Types.sol";
import {Governance} from "venue/Types.sol";
import {Market} from "venue/Types.sol";
import {PublicInput} from "venue/Types.sol";

/// The market book of a batch and the one that it leaves: rollup.protocol.market_book, and
/// require_moving of rollup.protocol.steps. Spec: docs/spec/14-funding.md.
library Books {
    /// The book of the batch, of which its terms are, and the digest of the book that it leaves.
    /// `totalBefore` is the USDC under custody before it, in quanta; `changes` are by how many lots
    /// the custody of each market grows, within the bounds of custody. Reverted unless its prices
    /// are what its reports give, and for a batch that holds an old step open without progress.
    function follow(PublicInput memory batch, uint256 totalBefore, int256[] memory changes)
        internal
        pure
        returns (Book memory book, bytes32 left)
    {
        Said[] memory said = Pricing.requirePriced(batch);
        book = bookOf(batch, said, totalBefore);
        Book memory next = leaves(book, batch, changes);
        requireMoving(next);
        left = next.digest;
    }

    /// The book with the batch's prices and funding, before it is asked what else it leaves; its
    /// digest is nobody's and 0. `said` is what the reports say of each market.
    function bookOf(PublicInput memory batch, Said[] memory said, uint256 totalBefore)
        internal
        pure
        returns (Book memory book)
    {
        Book memory before = batch.bookBefore;
        bool isDue = isHourDue(before, batch.time);
        book.governance = batch.governance.digest;
        book.hour = isDue ? Funding.hour(batch.time) : before.hour;
        book.openSince = before.openSince;
        book.stalled = before.stalled;
        book.debtStop = isDebtStopped(batch, totalBefore);
        book.markets = new BookEntry[](batch.governance.markets.length);
        for (uint256 market = 0; market < book.markets.length; ++market) {
            BookEntry memory entry = book.markets[market];
            _setTerms(entry, batch, market);
            _setFlags(entry, batch, market, said[market]);
            if (market >= before.markets.length) continue;
            BookEntry memory last = before.markets[market];
            (entry.custody, entry.ended) = (last.custody, last.ended);
            (entry.funding, entry.carry) = (last.funding, last.carry);
            if (isDue && said[market].count != 0 && !last.ended) {
                _charge(entry, last, batch, market);
            }
        }
    }

    /// The book that a batch leaves whose own this is, with its digest: stepped, with the markets
    /// that end, and with what it keeps of assets.
    function leaves(Book memory book, PublicInput memory batch, int256[] memory changes)
        internal
        pure
        returns (Book memory next)
    {
        next.governance = book.governance;
        next.hour = book.hour;
        next.debtStop = book.debtStop;
        (next.openSince, next.stalled) = stepped(book, batch);
        next.markets = new BookEntry[](book.markets.length);
        for (uint256 market = 0; market < next.markets.length; ++market) {
            BookEntry memory entry = book.markets[market];
            bool isEnding = batch.closed && _isEnding(batch.governance, entry, market);
            next.markets[market] = BookEntry({
                price: entry.price,
                funding: entry.funding,
                carry: entry.carry,
                step: entry.step,
                fundingCap: entry.fundingCap,
                custody: uint256(int256(entry.custody) + changes[market]),
                clamped: entry.clamped,
                missing: entry.missing,
                ended: entry.ended || isEnding
            });
        }
        next.digest = BookCodec.digestOf(next);
    }

    /// Since when the step is open after a batch, 0 if it closes it, and for how many batches it
    /// stalls.
    function stepped(Book memory book, PublicInput memory batch)
        internal
        pure
        returns (uint256 openSince, uint256 stalled)
    {
        if (batch.closed) return (0, 0);
        openSince = book.openSince == 0 ? batch.time : book.openSince;
        if (batch.progress) return (openSince, 0);
        bool isOld = batch.time > openSince + Numbers.STEP_PATIENCE_MS;
        stalled = book.stalled + (isOld ? 1 : 0);
    }

    /// A step that has been open for long is not held open: of its batches only so many in a row
    /// make no progress.
    function requireMoving(Book memory next) internal pure {
        if (next.stalled > Numbers.STALLED_MAX) revert Reverted(Reverts.STEP_STALLED);
    }

    /// Whether a batch of this time is the first of a later hour that begins a step: then funding
    /// is charged, and what is counted of an hour starts again.
    function isHourDue(Book memory before, uint256 time) internal pure returns (bool) {
        return before.openSince == 0 && Funding.hour(time) > before.hour;
    }

    /// Whether nobody takes new debt against assets in the step of a batch: what they count for
    /// over maintenance margin, all that are under custody before the step at its prices, is more
    /// than 1 / DEBT_STOP_PART of the USDC that is. It stands while the step is open.
    function isDebtStopped(PublicInput memory batch, uint256 totalBefore)
        internal
        pure
        returns (bool)
    {
        Book memory before = batch.bookBefore;
        Market[] memory markets = batch.governance.markets;
        if (before.openSince != 0) return before.debtStop;
        uint256 counted = 0;
        for (uint256 market = 0; market < markets.length; ++market) {
            if (market == before.markets.length) break;
            if (markets[market].kind != MarketKinds.ASSET) continue;
            uint256 part = Numbers.FRACTION_SCALE - markets[market].maintenanceFraction;
            uint256 worth = batch.prices[market] * part / Numbers.FRACTION_SCALE;
            counted += before.markets[market].custody * worth;
        }
        return Numbers.DEBT_STOP_PART * counted > totalBefore;
    }

    function _setTerms(BookEntry memory entry, PublicInput memory batch, uint256 market)
        private
        pure
    {
        entry.price = batch.prices[market];
        entry.step = batch.governance.oracle.feeds[market].step;
        entry.fundingCap = batch.governance.markets[market].fundingCap;
    }

    /// How a market came by its price: by its reports, or where a step is open by those of its
    /// first batch; one that has ended by none.
    function _setFlags(
        BookEntry memory entry,
        PublicInput memory batch,
        uint256 market,
        Said memory said
    ) private pure {
        Book memory before = batch.bookBefore;
        if (market < before.markets.length) {
            BookEntry memory last = before.markets[market];
            if (last.ended) return;
            if (before.openSince != 0) {
                (entry.clamped, entry.missing) = (last.clamped, last.missing);
                return;
            }
        }
        if (said.count == 0) {
            entry.missing = true;
            return;
        }
        Feed memory feed = batch.governance.oracle.feeds[market];
        uint256 decimals = batch.governance.markets[market].priceDecimals;
        entry.clamped = entry.price != Pricing.ticks(said.median, feed.decimals, decimals);
    }

    /// The funding of an hour, within the smaller of the caps of now and of the last batch.
    function _charge(
        BookEntry memory entry,
        BookEntry memory last,
        PublicInput memory batch,
        uint256 market
    ) private pure {
        uint256 cap = entry.fundingCap < last.fundingCap ? entry.fundingCap : last.fundingCap;
        uint256 interest = batch.governance.markets[market].interest;
        int256 rate = Funding.rate(batch.premiumRates[market], interest, cap);
        (entry.funding, entry.carry) =
            Funding.charged(last.funding, last.carry, rate, entry.price);
    }

    function _isEnding(Governance memory governance, BookEntry memory entry, uint256 market)
        private
        pure
        returns (bool)
    {
        return Ended.isEnding(governance.markets[market], governance.oracle.feeds[market], entry);
    }
}
