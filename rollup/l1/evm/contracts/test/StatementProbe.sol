// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Books} from "venue/Books.sol";
import {HeaderOf} from "venue/HeaderOf.sol";
import {PublicCodec} from "venue/PublicCodec.sol";
import {Reports} from "venue/Reports.sol";
import {Statement} from "venue/Statement.sol";
import {Terms} from "venue/Terms.sol";
import {Totals} from "venue/Totals.sol";
import {Book, Market, MarketTerms, PublicInput} from "venue/Types.sol";

/// PublicCodec, Totals, Terms, Statement and HeaderOf as tests call them.
contract StatementProbe {
    function read(
        bytes calldata data,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports
    ) external pure returns (PublicInput memory) {
        return PublicCodec.read(data, governance, book, reports);
    }

    /// The bytes that are read, and nothing said of them.
    function take(
        bytes calldata data,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports
    ) external pure returns (bytes32) {
        return PublicCodec.read(data, governance, book, reports).digest;
    }

    function statement(
        bytes calldata data,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports
    ) external pure returns (bytes memory) {
        return _statement(PublicCodec.read(data, governance, book, reports));
    }

    function fact(
        bytes32 circuit,
        bytes32 parameters,
        bytes32 fixedRoot,
        bytes calldata statementBytes
    ) external pure returns (bytes32) {
        return Statement.fact(circuit, parameters, fixedRoot, statementBytes);
    }

    function headerDigest(
        bytes calldata data,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports,
        bytes32 queueHead
    ) external pure returns (bytes32) {
        return HeaderOf.digest(PublicCodec.read(data, governance, book, reports), queueHead);
    }

    function marketTerms(
        Market memory market,
        uint256 price,
        int256 funding,
        bool isEnded,
        bool isStopped
    ) external pure returns (MarketTerms memory terms, int256[2] memory, uint256[2] memory) {
        terms = Terms.marketTerms(market, price, funding, isEnded, isStopped);
        int256[2] memory initial = [Terms.longInitial(terms), Terms.shortInitial(terms)];
        return (terms, initial, [Terms.leastBid(terms), Terms.mostAsked(terms)]);
    }

    function _statement(PublicInput memory batch) private pure returns (bytes memory) {
        uint256 total = uint256(Totals.before(batch));
        Book memory book = Books.bookOf(
            batch, Reports.said(batch.governance.oracle, batch.reports), total
        );
        return Statement.encode(batch, book);
    }
}
