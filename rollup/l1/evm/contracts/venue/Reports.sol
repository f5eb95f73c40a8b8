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
    uint256 private constant SIZES_BITS = 8 * (Packages.SIZE_BYTES + Packages.COUNT_BYTES);
    /// Size of a value and count of points, side by side, of a package of one point.
    uint256 private constant SIZES = Packages.VALUE_BYTES << 8 * Packages.COUNT_BYTES | 1;

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
            _readReport(data, offset, reports[place]);
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
        uint256 listed = oracle.feeds.length;
        uint256[] memory markets = marketsOf(oracle, reports);
        uint256[][] memory values = new uint256[][](listed);
        // One place more is for reports of no market.
        uint256[] memory counts = new uint256[](listed + 1);
        for (uint256 place = 0; place < markets.length; ++place) ++counts[markets[place]];
        for (uint256 market = 0; market < listed; ++market) {
            values[market] = new uint256[](counts[market]);
        }
        for (uint256 place = markets.length; place > 0; --place) {
            uint256 market = markets[place - 1];
            if (market < listed) values[market][--counts[market]] = reports[place - 1].value;
        }
        found = new Said[](listed);
        for (uint256 market = 0; market < listed; ++market) {
            uint256 count = values[market].length;
            if (count == 0) continue;
            found[market] = Said({count: count, median: lowerMedian(values[market])});
        }
    }

    /// The market of each report, as many as are listed where its feed is none's.
    function marketsOf(Oracle memory oracle, Report[] memory reports)
        internal
        pure
        returns (uint256[] memory markets)
    {
        uint256 near = 0;
        markets = new uint256[](reports.length);
        for (uint256 place = 0; place < reports.length; ++place) {
            near = _marketOf(oracle.feeds, reports[place].feed, near);
            markets[place] = near;
        }
    }

    /// The middle one of at least one value; of two middle ones the lower. Sorts them in place.
    function lowerMedian(uint256[] memory values) internal pure returns (uint256) {
        for (uint256 next = 1; next < values.length; ++next) {
            uint256 value = values[next];
            uint256 place = next;
            while (place > 0) {
                uint256 before = values[place - 1];
                if (before <= value) break;
                values[place--] = before;
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
        return _word(data, offset) >> (256 - 8 * Packages.LENGTH_BYTES);
    }

    /// The report in the REPORT_BYTES from there: feed, value, then at the head of one word time,
    /// size of a value and count of points; and the signature.
    function _readReport(bytes calldata data, uint256 offset, Report memory report)
        private
        pure
    {
        uint256 tail = _word(data, offset + Packages.POINT_BYTES);
        uint256 sizes = tail >> (256 - 8 * Packages.TAIL_BYTES);
        if (uint56(sizes) != SIZES) revert Malformed();
        report.feed = bytes32(_word(data, offset));
        report.value = _word(data, offset + Packages.FEED_BYTES);
        report.time = sizes >> SIZES_BITS;
        offset += Packages.POINT_BYTES + Packages.TAIL_BYTES;
        report.signature = data[offset:offset + Packages.SIGNATURE_BYTES];
    }

    /// 32 bytes of the data; behind its end there are other bytes, or zeros.
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
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
                uint56(SIZES)
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
}
