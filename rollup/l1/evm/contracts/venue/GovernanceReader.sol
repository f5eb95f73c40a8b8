// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DataContract} from "venue/DataContract.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {MarketKinds} from "venue/Reasons.sol";
import {Committee, Feed, Governance, Malformed, Market, Oracle} from "venue/Types.sol";

/// The layout of `Governance.encode` (rollup.protocol.market), read without asking for bounds of
/// values: of bytes whose digest is that of parameters that were announced these were asked then
/// (venue/GovernanceCodec.sol). Numbers are 8 bytes, big-endian:
///
///     tag (20) || count || market (144) ... || 5 numbers || oracle || committee
///     oracle = count || signer (20) ... || quorum || slot ms || lag ms || count || feed (56) ...
///     committee = count || key (96) ... || threshold
library GovernanceReader {
    uint256 internal constant NUMBER_BYTES = 8;
    uint256 internal constant COUNT_AT = 20;
    uint256 internal constant MARKETS_AT = COUNT_AT + NUMBER_BYTES;
    uint256 internal constant MARKET_NUMBERS = 16;
    uint256 internal constant MARKET_BYTES =
        Numbers.SYMBOL_LENGTH_MAX + MARKET_NUMBERS * NUMBER_BYTES;
    uint256 internal constant TAIL_BYTES = 5 * NUMBER_BYTES;
    uint256 internal constant FEED_NUMBERS = 3;
    uint256 internal constant FEED_BYTES = Numbers.FEED_BYTES + FEED_NUMBERS * NUMBER_BYTES;

    /// Places of numbers of a market and of the numbers behind the markets.
    uint256 private constant MAINTENANCE = 3;
    uint256 private constant KIND = 13;
    uint256 private constant DELISTED = 15;
    uint256 private constant CLOCK_BEHIND = 2;

    /// The parameters in these bytes, and whether they have the layout: the tag, counts in bounds,
    /// flags of 0 or 1, and no byte too few or too many.
    function read(bytes memory data) internal pure returns (bool fits, Governance memory found) {
        if (data.length < MARKETS_AT || bytes20(_word(data, 0)) != Tags.GOVERNANCE) {
            return (false, found);
        }
        uint256 count = number(data, COUNT_AT);
        if (count == 0 || count > Numbers.MARKETS_MAX) return (false, found);
        uint256 place = MARKETS_AT + count * MARKET_BYTES;
        if (data.length < place + TAIL_BYTES) return (false, found);
        found.digest = keccak256(data);
        (fits, found.markets) = _markets(data, count);
        found.feeAccount = number(data, place);
        found.backstopAccount = number(data, place + NUMBER_BYTES);
        (found.clockBehindMs, found.clockAheadMs) = clockAt(data, place);
        found.refreshFee = number(data, place + 4 * NUMBER_BYTES);
        bool rest;
        (rest, found.oracle, place) = readOracle(data, place + TAIL_BYTES);
        if (!fits || !rest) return (false, found);
        (fits, found.committee) = readCommittee(data, place);
    }

    /// The committee alone, of bytes that were read before. Malformed for others.
    function committee(bytes memory data) internal pure returns (Committee memory found) {
        uint256 place = MARKETS_AT + number(data, COUNT_AT) * MARKET_BYTES + TAIL_BYTES;
        place += 4 * NUMBER_BYTES + number(data, place) * Numbers.OWNER_BYTES;
        place += NUMBER_BYTES + number(data, place) * FEED_BYTES;
        bool fits;
        (fits, found) = readCommittee(data, place);
        if (!fits) revert Malformed();
    }

    /// The parameters in bytes that must have the layout. Malformed if they do not.
    function required(bytes memory data) internal pure returns (Governance memory found) {
        bool fits;
        (fits, found) = read(data);
        if (!fits) revert Malformed();
    }

    /// The clock bounds, behind and ahead, of bytes that may be anything; whether they are there.
    function clock(bytes memory data) internal pure returns (bool isThere, uint256, uint256) {
        uint256 count = data.length < MARKETS_AT ? type(uint256).max : number(data, COUNT_AT);
        if (count > data.length) return (false, 0, 0);
        uint256 place = MARKETS_AT + count * MARKET_BYTES;
        if (data.length < place + TAIL_BYTES) return (false, 0, 0);
        (uint256 behind, uint256 ahead) = clockAt(data, place);
        return (true, behind, ahead);
    }

    /// The clock bounds where the numbers behind the markets start.
    function clockAt(bytes memory data, uint256 place)
        private
        pure
        returns (uint256 behind, uint256 ahead)
    {
        behind = number(data, place + CLOCK_BEHIND * NUMBER_BYTES);
        ahead = number(data, place + (CLOCK_BEHIND + 1) * NUMBER_BYTES);
    }

    /// The oracle's terms, which start at a place, and where they end.
    function readOracle(bytes memory data, uint256 place)
        internal
        pure
        returns (bool fits, Oracle memory found, uint256 next)
    {
        if (data.length < place + NUMBER_BYTES) return (false, found, 0);
        uint256 count = number(data, place);
        if (count == 0 || count > Numbers.SIGNERS_MAX) return (false, found, 0);
        place += NUMBER_BYTES;
        next = place + count * Numbers.OWNER_BYTES;
        if (data.length < next + 4 * NUMBER_BYTES) return (false, found, 0);
        found.signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            found.signers[i] = address(bytes20(_word(data, place + i * Numbers.OWNER_BYTES)));
        }
        found.quorum = number(data, next);
        found.slotMs = number(data, next + NUMBER_BYTES);
        found.lagMs = number(data, next + 2 * NUMBER_BYTES);
        count = number(data, next + 3 * NUMBER_BYTES);
        next += 4 * NUMBER_BYTES;
        if (count == 0 || count > Numbers.MARKETS_MAX) return (false, found, 0);
        if (data.length < next + count * FEED_BYTES) return (false, found, 0);
        found.feeds = _feeds(data, next, count);
        return (true, found, next + count * FEED_BYTES);
    }

    /// The committee, which starts at a place and ends with the bytes.
    function readCommittee(bytes memory data, uint256 place)
        internal
        pure
        returns (bool fits, Committee memory found)
    {
        if (data.length < place + NUMBER_BYTES) return (false, found);
        uint256 count = number(data, place);
        if (count > Numbers.MEMBERS_MAX) return (false, found);
        place += NUMBER_BYTES;
        uint256 next = place + count * Numbers.MEMBER_KEY_BYTES;
        if (data.length != next + NUMBER_BYTES) return (false, found);
        found.keys = DataContract.slice(data, place, next - place);
        found.threshold = number(data, next);
        fits = true;
    }

    /// All parameters that a data contract has, whose bytes were held to every bound.
    function load(address held) internal view returns (Governance memory) {
        return required(DataContract.read(held));
    }

    /// The oracle's terms alone; what is read behind them is the committee.
    function loadOracle(address held) internal view returns (Oracle memory found) {
        uint256 start = _oracleAt(held);
        bytes memory data = DataContract.read(held, start, held.code.length - 1 - start);
        (, found,) = readOracle(data, 0);
    }

    /// Of the asset that a mark names (rollup.protocol.assets): whether it is listed, whether
    /// delisted, and its listing price in quanta a lot. Not asked of USDC, whose mark is 0.
    function loadAsset(address held, uint256 mark)
        internal
        view
        returns (bool isListed, bool isDelisted, uint256 listingPrice)
    {
        uint256 count = number(DataContract.read(held, COUNT_AT, NUMBER_BYTES), 0);
        if (mark == 0 || mark > count) return (false, false, 0);
        uint256 place = MARKETS_AT + (mark - 1) * MARKET_BYTES + Numbers.SYMBOL_LENGTH_MAX;
        bytes memory data = DataContract.read(held, place, MARKET_NUMBERS * NUMBER_BYTES);
        isListed = number(data, KIND * NUMBER_BYTES) == MarketKinds.ASSET;
        isDelisted = number(data, DELISTED * NUMBER_BYTES) != 0;
        place = _feedsAt(held, count) + (mark - 1) * FEED_BYTES;
        place += Numbers.FEED_BYTES + (FEED_NUMBERS - 1) * NUMBER_BYTES;
        listingPrice = number(DataContract.read(held, place, NUMBER_BYTES), 0);
    }

    /// Whether a mark is of an asset that is listed.
    function isAsset(address held, uint256 mark) internal view returns (bool) {
        uint256 count = number(DataContract.read(held, COUNT_AT, NUMBER_BYTES), 0);
        if (mark == 0 || mark > count) return false;
        return _ofMarket(held, mark - 1, KIND) == MarketKinds.ASSET;
    }

    /// Whether lots of a listed asset count: its haircut over maintenance margin is not the whole
    /// of it (`Market.is_idle`).
    function counts(address held, uint256 mark) internal view returns (bool) {
        return _ofMarket(held, mark - 1, MAINTENANCE) != Numbers.FRACTION_SCALE;
    }

    /// The number of 8 bytes at a place.
    function number(bytes memory data, uint256 place) internal pure returns (uint256) {
        return uint256(_word(data, place)) >> 192;
    }

    function _ofMarket(address held, uint256 market, uint256 member)
        private
        view
        returns (uint256)
    {
        uint256 place = MARKETS_AT + market * MARKET_BYTES + Numbers.SYMBOL_LENGTH_MAX;
        return number(DataContract.read(held, place + member * NUMBER_BYTES, NUMBER_BYTES), 0);
    }

    function _oracleAt(address held) private view returns (uint256) {
        uint256 count = number(DataContract.read(held, COUNT_AT, NUMBER_BYTES), 0);
        return MARKETS_AT + count * MARKET_BYTES + TAIL_BYTES;
    }

    /// Where the feeds start, of so many markets: behind the signers and four numbers.
    function _feedsAt(address held, uint256 count) private view returns (uint256) {
        uint256 place = MARKETS_AT + count * MARKET_BYTES + TAIL_BYTES;
        uint256 signers = number(DataContract.read(held, place, NUMBER_BYTES), 0);
        return place + 5 * NUMBER_BYTES + signers * Numbers.OWNER_BYTES;
    }

    /// Markets, and whether `delisted` of each is 0 or 1. A struct in memory is its members, a word
    /// each, so numbers are written one after the other behind the symbol.
    function _markets(bytes memory data, uint256 count)
        private
        pure
        returns (bool fits, Market[] memory found)
    {
        found = new Market[](count);
        fits = true;
        for (uint256 i = 0; i < count; ++i) {
            uint256 place = MARKETS_AT + i * MARKET_BYTES;
            Market memory market = found[i];
            market.symbol = bytes16(_word(data, place));
            place += Numbers.SYMBOL_LENGTH_MAX;
            uint256 flag = number(data, place + DELISTED * NUMBER_BYTES);
            if (flag > 1) return (false, found);
            assembly ("memory-safe") {
                let from := add(add(data, 32), place)
                let to := add(market, 32)
                for { let k := 0 } lt(k, MARKET_NUMBERS) { k := add(k, 1) } {
                    mstore(add(to, shl(5, k)), shr(192, mload(add(from, shl(3, k)))))
                }
            }
        }
    }

    function _feeds(bytes memory data, uint256 place, uint256 count)
        private
        pure
        returns (Feed[] memory found)
    {
        found = new Feed[](count);
        for (uint256 i = 0; i < count; ++i) {
            Feed memory feed = found[i];
            feed.feed = _word(data, place);
            feed.decimals = number(data, place + Numbers.FEED_BYTES);
            feed.step = number(data, place + Numbers.FEED_BYTES + NUMBER_BYTES);
            feed.listingPrice = number(data, place + Numbers.FEED_BYTES + 2 * NUMBER_BYTES);
            place += FEED_BYTES;
        }
    }

    function _word(bytes memory data, uint256 place) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), place))
        }
    }
}
