// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Books} from "venue/Books.sol";
import {Ended} from "venue/Ended.sol";
import {Funding} from "venue/Funding.sol";
import {Reports} from "venue/Reports.sol";
import {Book} from "venue/Types.sol";
import {BookEntry} from "venue/Types.sol";
import {Feed} from "venue/Types.sol";
import {Market} from "venue/Types.sol";
import {PublicInput} from "venue/Types.sol";

/// Books, Funding and Ended as tests call them.
contract BooksProbe {
    function rate(int256 premiumRate, uint256 interest, uint256 cap)
        external
        pure
        returns (int256)
    {
        return Funding.rate(premiumRate, interest, cap);
    }

    function charged(int256 before, uint256 carry, int256 hourRate, uint256 price)
        external
        pure
        returns (int256, uint256)
    {
        return Funding.charged(before, carry, hourRate, price);
    }

    function isEnding(Market memory market, Feed memory feed, BookEntry memory entry)
        external
        pure
        returns (bool)
    {
        return Ended.isEnding(market, feed, entry);
    }

    /// The book of the batch and the one that it leaves, of reports that nobody judges.
    function booksOf(PublicInput memory batch, uint256 totalBefore, int256[] memory changes)
        external
        pure
        returns (Book memory book, Book memory next)
    {
        book = Books.bookOf(
            batch, Reports.said(batch.governance.oracle, batch.reports), totalBefore
        );
        next = Books.leaves(book, batch, changes);
    }

    function follow(PublicInput memory batch, uint256 totalBefore, int256[] memory changes)
        external
        pure
        returns (Book memory book, bytes32 left)
    {
        return Books.follow(batch, totalBefore, changes);
    }
}
