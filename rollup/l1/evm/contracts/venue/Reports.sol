// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {Packages} from "venue/Numbers.sol";
import {Reverted} from "venue/Reasons.sol";
import {Reverts} from "venue/Reasons.sol";
import {Rounding} from "venue/Rounding.sol";
import {Feed} from "venue/Types.sol";
import {Governance} from "venue/Types.sol";
import {Malformed} from "venue/Types.sol";
import {Oracle} from "venue/Types.sol";
import {Report} from "venue/Types.sol";

/// What all reports of a market say together: how many there are, and their lower median, which is
/// 0 where there is none.
struct Said {
    uint256 count;
    uint256 median;
}

/// Signed reports: rollup.oracle.package of one point, and who signed them, as
/// rollup.protocol.pricing judges it. Spec: docs/spec/12-prices.md.
library Reports {
    /// The reports in the bytes of packages_to_bytes. `fits` says whether there are no more than a
    /// batch can have and each is of one feed; where it does not hold nothing is read. Malformed
    /// for bytes that are no such list.
    function read(bytes calldata data)
        internal
        pure
        returns (Report[] memory reports, bool fits)
    {
        uint256 count = _length(data, 0);
        if (count > Numbers.REPORTS_MAX) return (reports, false);
        if (!_areOfOneFeed(data, count)) return (reports, false);
        reports = new Report[](count);
        uint256 offset = Packages.LENGTH_BYTES;
        for (uint256 place = 0; place < count; ++place) {
            offset += Packages.LENGTH_BYTES;
            _readReport(data[offset:offset + Packages.REPORT_BYTES], reports[place]);
            offset += Packages.REPORT_BYTES;
        }
        fits = true;
    }

    /// The market and the signer of each report of a slot: rising, each once, and of a market a
    /// quorum of signers or nobody. Reverted with a REPORT reason for a report that counts for
    /// nothing, one too many, or too few.
    function judgedTogether(Governance memory governance, int256 slot, Report[] memory reports)
        internal
        pure
        returns (uint256[] memory markets, address[] memory signers)
    {
        uint256 count = reports.length;
        markets = new uint256[](count);
        signers = new address[](count);
        for (uint256 place = 0; place < count; ++place) {
            uint256 near = place == 0 ? 0 : markets[place - 1];
            (markets[place], signers[place]) =
                _judged(governance.oracle, slot, reports[place], near);
            if (place > 0) _requireNext(markets, signers, place);
        }
        _requireQuorums(markets, governance.oracle.quorum);
    }

    /// The slot of a batch of this time: below 0 there is none.
    function slotOf(Oracle memory oracle, uint256 time) internal pure returns (int256) {
        int256 length = int256(oracle.slotMs);
        return Rounding.down(int256(time) - int256(oracle.lagMs), length) * length;
    }

    /// What the reports say of each market, whether they count for anything or not; those of no
    /// market's feed say nothing.
    function said(Oracle memory oracle, Report[] memory reports)
        internal
        pure
        returns (Said[] memory found)
    {
        found = new Said[](oracle.feeds.length);
        uint256[][] memory values = _valuesByMarket(oracle, reports);
        for (uint256 market = 0; market < found.length; ++market) {
            uint256 count = values[market].length;
            if (count == 0) continue;
            found[market] = Said({count: count, median: lowerMedian(values[market])});
        }
    }

    /// The middle one of at least one value; of two middle ones the lower. Sorts them in place.
    function lowerMedian(uint256[] memory values) internal pure returns (uint256) {
        for (uint256 next = 1; next < values.length; ++next) {
            uint256 value = values[next];
            uint256 place = next;
            for (; place > 0 && values[place - 1] > value; --place) {
                values[place] = values[place - 1];
            }
            values[place] = value;
        }
        return values[(values.length - 1) / 2];
    }

    /// Whether all packages are as long as one of a single feed. Malformed unless they fill the
    /// bytes, each after its length.
    function _areOfOneFeed(bytes calldata data, uint256 count) private pure returns (bool) {
        bool areAll = true;
        uint256 offset = Packages.LENGTH_BYTES;
        for (uint256 place = 0; place < count; ++place) {
            uint256 length = _length(data, offset);
            areAll = areAll && length == Packages.REPORT_BYTES;
            offset += Packages.LENGTH_BYTES + length;
        }
        if (offset != data.length) revert Malformed();
        return areAll;
    }

    function _length(bytes calldata data, uint256 offset) private pure returns (uint256) {
        if (data.length < offset + Packages.LENGTH_BYTES) revert Malformed();
        return uint32(bytes4(data[offset:offset + Packages.LENGTH_BYTES]));
    }

    /// The report in REPORT_BYTES: feed, value, time, size of a value, count of points, signature.
    function _readReport(bytes calldata data, Report memory report) private pure {
        uint256 offset = Packages.POINT_BYTES;
        report.feed = bytes32(data[:Packages.FEED_BYTES]);
        report.value = uint256(bytes32(data[Packages.FEED_BYTES:offset]));
        report.time = uint48(bytes6(data[offset:offset + Packages.TIME_BYTES]));
        offset += Packages.TIME_BYTES;
        uint256 size = uint32(bytes4(data[offset:offset + Packages.SIZE_BYTES]));
        offset += Packages.SIZE_BYTES;
        uint256 points = uint24(bytes3(data[offset:offset + Packages.COUNT_BYTES]));
        if (size != Packages.VALUE_BYTES || points != 1) revert Malformed();
        report.signature = data[offset + Packages.COUNT_BYTES:];
    }

    /// The market that a report is for, and who signed it; the search begins with the market
    /// `near`.
    function _judged(Oracle memory oracle, int256 slot, Report memory report, uint256 near)
        private
        pure
        returns (uint256 market, address signer)
    {
        if (int256(report.time) != slot) revert Reverted(Reverts.REPORT_SLOT);
        market = _marketOf(oracle.feeds, report.feed, near);
        if (market == oracle.feeds.length) revert Reverted(Reverts.REPORT_FEED);
        signer = _signerOf(digestOf(report), report.signature);
        if (signer == address(0)) revert Reverted(Reverts.REPORT_SIGNATURE);
        if (!_isAmong(oracle.signers, signer)) revert Reverted(Reverts.REPORT_SIGNER);
    }

    /// What is signed of a report.
    function digestOf(Report memory report) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                report.feed,
                report.value,
                uint48(report.time),
                uint32(Packages.VALUE_BYTES),
                uint24(1)
            )
        );
    }

    /// The place of a feed, found soonest from `near` on; as many as there are if it has none.
    function _marketOf(Feed[] memory feeds, bytes32 feed, uint256 near)
        private
        pure
        returns (uint256)
    {
        uint256 count = feeds.length;
        for (uint256 market = near; market < count; ++market) {
            if (feeds[market].feed == feed) return market;
        }
        for (uint256 market = 0; market < near; ++market) {
            if (feeds[market].feed == feed) return market;
        }
        return count;
    }

    /// Whose key signed a digest, in the one form that a signature has; nobody's is address 0.
    function _signerOf(bytes32 digest, bytes memory signature) private pure returns (address) {
        bytes32 r;
        uint256 s;
        uint256 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
        // The precompile refuses r and s of 0, or not below the order, and other last bytes than
        // these; it takes an s of the upper half, with which anybody makes a second signature.
        if (s > Packages.ORDER / 2) return address(0);
        return ecrecover(digest, uint8(v), r, bytes32(s));
    }

    function _isAmong(address[] memory signers, address signer) private pure returns (bool) {
        for (uint256 place = 0; place < signers.length; ++place) {
            if (signers[place] == signer) return true;
        }
        return false;
    }

    /// The report of this place comes after the one before it, which came after all others.
    function _requireNext(uint256[] memory markets, address[] memory signers, uint256 place)
        private
        pure
    {
        uint256 found = _key(markets, signers, place);
        if (found > _key(markets, signers, place - 1)) return;
        for (uint256 before = 0; before < place; ++before) {
            if (_key(markets, signers, before) == found) {
                revert Reverted(Reverts.REPORT_REPEATED);
            }
        }
        revert Reverted(Reverts.REPORT_ORDER);
    }

    /// Orders reports by market, then by signer.
    function _key(uint256[] memory markets, address[] memory signers, uint256 place)
        private
        pure
        returns (uint256)
    {
        return markets[place] << 160 | uint160(signers[place]);
    }

    /// Of markets that rise, each has a quorum of places.
    function _requireQuorums(uint256[] memory markets, uint256 quorum) private pure {
        uint256 first = 0;
        for (uint256 place = 1; place <= markets.length; ++place) {
            if (place < markets.length && markets[place] == markets[first]) continue;
            if (place - first < quorum) revert Reverted(Reverts.REPORT_QUORUM);
            first = place;
        }
    }

    /// The values of each market, in the order of the reports.
    function _valuesByMarket(Oracle memory oracle, Report[] memory reports)
        private
        pure
        returns (uint256[][] memory values)
    {
        uint256 listed = oracle.feeds.length;
        uint256[] memory counts = new uint256[](listed + 1);
        uint256[] memory markets = new uint256[](reports.length);
        uint256 market = 0;
        for (uint256 place = 0; place < reports.length; ++place) {
            market = _marketOf(oracle.feeds, reports[place].feed, market % listed);
            markets[place] = market;
            ++counts[market];
        }
        values = new uint256[][](listed + 1);
        for (uint256 each = 0; each <= listed; ++each) values[each] = new uint256[](counts[each]);
        for (uint256 place = reports.length; place > 0; --place) {
            market = markets[place - 1];
            values[market][--counts[market]] = reports[place - 1].value;
        }
    }
}
