// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BookCodec} from "venue/BookCodec.sol";
import {Books} from "venue/Books.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {HeaderCodec} from "venue/HeaderCodec.sol";
import {Lists} from "venue/Lists.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {Reports} from "venue/Reports.sol";
import {Totals} from "venue/Totals.sol";
import {Malformed, PublicInput} from "venue/Types.sol";

/// The public input of a batch from its canonical bytes: PublicInput.encode of
/// rollup.protocol.public, and beside it the bytes whose digests it holds. Numbers are 8 bytes,
/// big-endian:
///
///     tag (17) || class (8) || version || chain || venue || number || time || governance (32)
///     || old root (32) || new root (32) || data commitment (32) || receipts (32)
///     || book before (32) || reports (32)
///     || count || price ... || count || premium rate ... || redo || closed || progress
///     || total || deposits before || count || deposit (156) ... || count || withdrawal (36) ...
///     || count || taken by the estate (16) ...
library PublicCodec {
    uint256 private constant NUMBER_BYTES = 8;
    uint256 private constant CLASS_AT = 17;
    uint256 private constant NUMBERS_AT = CLASS_AT + 8;
    uint256 private constant DIGESTS_AT = NUMBERS_AT + 5 * NUMBER_BYTES;
    uint256 private constant LISTS_AT = DIGESTS_AT + 7 * 32;

    /// The batch that these bytes say, whose `governance`, `book` (before it) and `reports` are
    /// those that it names by their digests. Malformed for bytes that are not canonical, and for
    /// numbers that PublicInput does not take; bounds of governance itself are not asked here, but
    /// when it is announced (venue/GovernanceCodec.sol), and L1 holds its digest since then.
    function read(
        bytes calldata data,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports
    ) internal pure returns (PublicInput memory batch) {
        // Behind its end calldata has other bytes, or zeros: they are read as if they were there,
        // and refused at last, since what was read must end where the bytes end.
        batch.digest = keccak256(data);
        _readNumbers(data, batch);
        _readDigests(data, batch);
        _readNamed(batch, governance, book, reports);
        uint256 offset = _readPrices(data, LISTS_AT, batch);
        offset = _readState(data, offset, batch);
        (batch.deposits, offset) = Lists.deposits(data, offset, batch.depositsBefore);
        (batch.withdrawals, offset) = Lists.withdrawals(data, offset, batch.governance);
        (batch.estate, offset) = Lists.estate(data, offset, batch.governance);
        if (offset != data.length) revert Malformed();
        _requireTotals(batch);
    }

    function _readNumbers(bytes calldata data, PublicInput memory batch) private pure {
        _require(bytes17(Lists.word(data, 0)) == Tags.PUBLIC);
        batch.shapeClass = bytes8(Lists.word(data, CLASS_AT));
        _require(_isClassName(batch.shapeClass));
        uint256 offset = NUMBERS_AT;
        batch.version = Lists.number(data, offset);
        batch.chain = Lists.number(data, offset + NUMBER_BYTES);
        batch.venue = Lists.number(data, offset + 2 * NUMBER_BYTES);
        batch.number = Lists.number(data, offset + 3 * NUMBER_BYTES);
        batch.time = Lists.number(data, offset + 4 * NUMBER_BYTES);
        _require(batch.version == Numbers.PROTOCOL_VERSION);
        _require(batch.chain < 1 << Numbers.CHAIN_BITS && batch.venue < 1 << Numbers.CHAIN_BITS);
        _require(0 < batch.number && batch.number < 1 << Numbers.NUMBER_BITS);
        _require(batch.time < 1 << Numbers.TIME_BITS);
    }

    /// 1 to 8 letters of ASCII, then zeros.
    function _isClassName(bytes8 name) private pure returns (bool) {
        if (name[0] == 0) return false;
        bool isOver = false;
        for (uint256 i = 0; i < NUMBER_BYTES; ++i) {
            bytes1 c = name[i] & ~bytes1(0x20);
            isOver = isOver || name[i] == 0;
            if (isOver ? name[i] != 0 : (c < "A" || c > "Z")) return false;
        }
        return true;
    }

    function _readDigests(bytes calldata data, PublicInput memory batch) private pure {
        batch.governance.digest = Lists.word(data, DIGESTS_AT);
        batch.oldRoot = Lists.word(data, DIGESTS_AT + 32);
        batch.newRoot = Lists.word(data, DIGESTS_AT + 2 * 32);
        batch.dataCommitment = Lists.word(data, DIGESTS_AT + 3 * 32);
        batch.receipts = Lists.word(data, DIGESTS_AT + 4 * 32);
        batch.bookBefore.digest = Lists.word(data, DIGESTS_AT + 5 * 32);
        batch.reportsDigest = Lists.word(data, DIGESTS_AT + 6 * 32);
        // Lie: a second name of a root, since two words that differ by p are one element.
        _require(HeaderCodec.isRoot(batch.oldRoot) && HeaderCodec.isRoot(batch.newRoot));
        _require(HeaderCodec.isRoot(batch.dataCommitment));
    }

    /// What the batch names by its digest, from the bytes that have it.
    function _readNamed(
        PublicInput memory batch,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports
    ) private pure {
        // Lie: parameters, a book or reports that are not those of the batch.
        _require(keccak256(governance) == batch.governance.digest);
        _require(keccak256(book) == batch.bookBefore.digest);
        _require(keccak256(reports) == batch.reportsDigest);
        batch.governance = GovernanceReader.required(governance);
        batch.bookBefore = BookCodec.read(book);
        bool fits;
        (batch.reports, fits) = Reports.read(reports);
        _require(fits);
    }

    /// A price for each market; a premium rate for each where an hour is due, else none.
    function _readPrices(bytes calldata data, uint256 offset, PublicInput memory batch)
        private
        pure
        returns (uint256)
    {
        uint256 count = batch.governance.markets.length;
        _require(Lists.number(data, offset) == count);
        offset += NUMBER_BYTES;
        batch.prices = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 price = Lists.number(data, offset);
            _require(0 < price && price < 1 << Numbers.ORACLE_PRICE_BITS);
            batch.prices[i] = price;
            offset += NUMBER_BYTES;
        }
        if (!Books.isHourDue(batch.bookBefore, batch.time)) count = 0;
        _require(Lists.number(data, offset) == count);
        offset += NUMBER_BYTES;
        batch.premiumRates = new int256[](count);
        int256 most = int256(1 << Numbers.PREMIUM_RATE_BITS);
        for (uint256 i = 0; i < count; ++i) {
            int256 rate = int64(uint64(Lists.number(data, offset)));
            _require(-most < rate && rate < most);
            batch.premiumRates[i] = rate;
            offset += NUMBER_BYTES;
        }
        return offset;
    }

    function _readState(bytes calldata data, uint256 offset, PublicInput memory batch)
        private
        pure
        returns (uint256)
    {
        batch.redo = _flag(Lists.number(data, offset));
        batch.closed = _flag(Lists.number(data, offset + NUMBER_BYTES));
        batch.progress = _flag(Lists.number(data, offset + 2 * NUMBER_BYTES));
        batch.total = Lists.number(data, offset + 3 * NUMBER_BYTES);
        batch.depositsBefore = Lists.number(data, offset + 4 * NUMBER_BYTES);
        return offset + 5 * NUMBER_BYTES;
    }

    /// What was under custody before the batch, of USDC and after it of each asset, can be.
    function _requireTotals(PublicInput memory batch) private pure {
        int256 before = Totals.before(batch);
        _require(0 <= before && before < int256(1 << Numbers.CASH_BITS));
        int256[] memory changes = Totals.custodyChanges(batch);
        uint256 known = batch.bookBefore.markets.length;
        for (uint256 i = 0; i < changes.length; ++i) {
            if (!Totals.isAsset(batch.governance, i + 1)) continue;
            uint256 custody = i < known ? batch.bookBefore.markets[i].custody : 0;
            int256 left = int256(custody) + changes[i];
            _require(0 <= left && left < int256(1 << Numbers.CUSTODY_BITS));
        }
    }

    function _flag(uint256 number) private pure returns (bool) {
        _require(number < 2);
        return number == 1;
    }

    function _require(bool holds) private pure {
        if (!holds) revert Malformed();
    }
}
