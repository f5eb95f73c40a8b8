// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {Tags} from "venue/Numbers.sol";
import {Book} from "venue/Types.sol";
import {BookEntry} from "venue/Types.sol";
import {Malformed} from "venue/Types.sol";

/// The market book from and to its canonical bytes: rollup.protocol.market_book and its codec.
/// Tag and digest of governance, five numbers, then nine of each market, of 8 bytes each.
library BookCodec {
    uint256 private constant GOVERNANCE_AT = 14;
    uint256 private constant HEAD_BYTES = GOVERNANCE_AT + 32 + 5 * 8;
    uint256 private constant ENTRY_BYTES = 9 * 8;
    uint256 private constant HOUR_MOST = (1 << Numbers.TIME_BITS) / Numbers.HOUR_MS;

    /// The book whose bytes these are, its digest with it. Malformed for any others, and for
    /// numbers that no book has.
    function read(bytes calldata data) internal pure returns (Book memory book) {
        if (data.length < HEAD_BYTES + ENTRY_BYTES) revert Malformed();
        uint256 count = (data.length - HEAD_BYTES) / ENTRY_BYTES;
        uint256 offset = GOVERNANCE_AT + 32;
        bool isBook = bytes14(data[:GOVERNANCE_AT]) == Tags.BOOK
            && data.length == HEAD_BYTES + count * ENTRY_BYTES && count <= Numbers.MARKETS_MAX
            && _number(data, offset + 32) == count;
        if (!isBook) revert Malformed();
        book.digest = keccak256(data);
        book.governance = bytes32(data[GOVERNANCE_AT:offset]);
        book.hour = _atMost(_number(data, offset), HOUR_MOST);
        book.openSince = _atMost(_number(data, offset + 8), (1 << Numbers.TIME_BITS) - 1);
        book.stalled = _atMost(_number(data, offset + 16), (1 << Numbers.NUMBER_BITS) - 1);
        book.debtStop = _flag(_number(data, offset + 24));
        book.markets = new BookEntry[](count);
        for (uint256 market = 0; market < count; ++market) {
            _readEntry(data, HEAD_BYTES + market * ENTRY_BYTES, book.markets[market]);
        }
    }

    /// How many markets the book in these bytes has, which are those of a book.
    function marketsOf(bytes calldata data) internal pure returns (uint256) {
        return (data.length - HEAD_BYTES) / ENTRY_BYTES;
    }

    /// Price and F in ticks of one of them.
    function priceOf(bytes calldata data, uint256 market)
        internal
        pure
        returns (uint256 price, int256 funding)
    {
        uint256 offset = HEAD_BYTES + market * ENTRY_BYTES;
        return (_number(data, offset), int64(uint64(_number(data, offset + 8))));
    }

    /// The canonical bytes of a book.
    function encode(Book memory book) internal pure returns (bytes memory data) {
        uint256 count = book.markets.length;
        uint256 length = HEAD_BYTES + count * ENTRY_BYTES;
        // A number is written as a whole word, whose rest the next one covers: the last one's rest
        // needs room behind the end.
        data = new bytes(length + 24);
        assembly ("memory-safe") {
            mstore(data, length)
        }
        uint256 offset = _putHead(data, book);
        for (uint256 market = 0; market < count; ++market) {
            offset = _putEntry(offset, book.markets[market]);
        }
    }

    /// What L1 holds of a book: the Keccak-256 of its bytes.
    function digestOf(Book memory book) internal pure returns (bytes32) {
        return keccak256(encode(book));
    }

    function _readEntry(bytes calldata data, uint256 offset, BookEntry memory entry) private pure {
        entry.price = _between(_number(data, offset), 1, (1 << Numbers.ORACLE_PRICE_BITS) - 1);
        entry.funding = _funding(_number(data, offset + 8));
        entry.carry = _atMost(_number(data, offset + 16), Numbers.RATE_SCALE - 1);
        entry.step = _between(_number(data, offset + 24), 1, Numbers.STEP_MAX);
        entry.fundingCap = _atMost(_number(data, offset + 32), Numbers.FUNDING_CAP_MAX);
        entry.custody = _atMost(_number(data, offset + 40), (1 << Numbers.CUSTODY_BITS) - 1);
        entry.clamped = _flag(_number(data, offset + 48));
        entry.missing = _flag(_number(data, offset + 56));
        entry.ended = _flag(_number(data, offset + 64));
    }

    /// 8 bytes of the data, which has them.
    function _number(bytes calldata data, uint256 offset) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(add(data.offset, offset)))
        }
    }

    function _funding(uint256 number) private pure returns (int256 funding) {
        funding = int64(uint64(number));
        int256 most = int256(1 << Numbers.FUNDING_BITS);
        if (funding < -most || funding > most) revert Malformed();
    }

    /// Numbers below zero are above every bound, read without their sign.
    function _between(uint256 number, uint256 least, uint256 most) private pure returns (uint256) {
        if (number < least || number > most) revert Malformed();
        return number;
    }

    function _atMost(uint256 number, uint256 most) private pure returns (uint256) {
        return _between(number, 0, most);
    }

    function _flag(uint256 number) private pure returns (bool) {
        return _atMost(number, 1) == 1;
    }

    function _putHead(bytes memory data, Book memory book) private pure returns (uint256 offset) {
        bytes32 tag = Tags.BOOK;
        bytes32 governance = book.governance;
        assembly ("memory-safe") {
            offset := add(data, 32)
            mstore(offset, tag)
            offset := add(offset, GOVERNANCE_AT)
            mstore(offset, governance)
            offset := add(offset, 32)
        }
        offset = _put(offset, book.hour);
        offset = _put(offset, book.openSince);
        offset = _put(offset, book.stalled);
        offset = _put(offset, book.debtStop ? 1 : 0);
        offset = _put(offset, book.markets.length);
    }

    function _putEntry(uint256 offset, BookEntry memory entry) private pure returns (uint256) {
        offset = _put(offset, entry.price);
        offset = _put(offset, uint256(entry.funding));
        offset = _put(offset, entry.carry);
        offset = _put(offset, entry.step);
        offset = _put(offset, entry.fundingCap);
        offset = _put(offset, entry.custody);
        offset = _put(offset, entry.clamped ? 1 : 0);
        offset = _put(offset, entry.missing ? 1 : 0);
        return _put(offset, entry.ended ? 1 : 0);
    }

    /// Write the low 8 bytes of a number there, and say where the next one goes.
    function _put(uint256 offset, uint256 value) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(offset, shl(192, value))
            next := add(offset, 8)
        }
    }
}
