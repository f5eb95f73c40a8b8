// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {DepositOutcomes, EntryKinds} from "venue/Reasons.sol";
import {Totals} from "venue/Totals.sol";
import {Deposit, Entry, EstateTaken, Governance, Malformed, Withdrawal} from "venue/Types.sol";

/// The lists of a public input: entries consumed, withdrawals, and what the estate takes, each
/// after its count. Each function reads from `offset` on and says where the next list begins.
/// Malformed for numbers that rollup.protocol.public and rollup.protocol.deposit do not take.
library Lists {
    uint256 private constant NUMBER_BYTES = 8;
    uint256 private constant WORD_BYTES = 4;
    uint256 private constant WORDS = 22;
    uint256 private constant OWNER_AT = 5 * NUMBER_BYTES;
    uint256 private constant WORDS_AT = OWNER_AT + Numbers.OWNER_BYTES;
    uint256 private constant ENTRY_BYTES = WORDS_AT + WORDS * WORD_BYTES;
    uint256 private constant DEPOSIT_BYTES = ENTRY_BYTES + NUMBER_BYTES;
    uint256 private constant WITHDRAWAL_BYTES = Numbers.OWNER_BYTES + 2 * NUMBER_BYTES;
    uint256 private constant TAKEN_BYTES = 2 * NUMBER_BYTES;

    /// Entries that follow each other from the index `first` on, with their outcomes.
    function deposits(bytes calldata data, uint256 offset, uint256 first)
        internal
        pure
        returns (Deposit[] memory found, uint256 next)
    {
        uint256 count = number(data, offset);
        _require(count <= Numbers.DEPOSITS_MAX);
        _require(first < (1 << Numbers.QUEUE_BITS) - count);
        next = offset + NUMBER_BYTES;
        found = new Deposit[](count);
        for (uint256 i = 0; i < count; ++i) {
            Deposit memory each = found[i];
            _readEntry(data, next, each.entry);
            _require(each.entry.index == first + i);
            each.outcome = number(data, next + ENTRY_BYTES);
            _require(each.outcome <= DepositOutcomes.EXIT_BARRED);
            next += DEPOSIT_BYTES;
        }
    }

    /// Amounts of USDC or of listed assets.
    function withdrawals(bytes calldata data, uint256 offset, Governance memory governance)
        internal
        pure
        returns (Withdrawal[] memory found, uint256 next)
    {
        uint256 count = number(data, offset);
        _require(count <= Numbers.OUTFLOWS_MAX);
        next = offset + NUMBER_BYTES;
        found = new Withdrawal[](count);
        for (uint256 i = 0; i < count; ++i) {
            Withdrawal memory each = found[i];
            each.owner = address(bytes20(word(data, next)));
            each.asset = number(data, next + Numbers.OWNER_BYTES);
            each.amount = number(data, next + Numbers.OWNER_BYTES + NUMBER_BYTES);
            _require(0 < each.amount && each.amount < 1 << Numbers.OUTFLOW_BITS);
            _require(Totals.isKnown(governance, each.asset));
            next += WITHDRAWAL_BYTES;
        }
    }

    /// Lots of listed assets, which rise, so that each comes once.
    function estate(bytes calldata data, uint256 offset, Governance memory governance)
        internal
        pure
        returns (EstateTaken[] memory found, uint256 next)
    {
        uint256 count = number(data, offset);
        _require(count <= governance.markets.length);
        next = offset + NUMBER_BYTES;
        found = new EstateTaken[](count);
        uint256 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 asset = number(data, next);
            _require(last < asset && Totals.isAsset(governance, asset));
            uint256 lots = number(data, next + NUMBER_BYTES);
            _require(0 < lots && lots < 1 << Numbers.ESTATE_BITS);
            (found[i].asset, found[i].lots) = (asset, lots);
            last = asset;
            next += TAKEN_BYTES;
        }
    }

    /// The 8 bytes at a place, as a number.
    function number(bytes calldata data, uint256 offset) internal pure returns (uint256) {
        return uint256(word(data, offset)) >> 192;
    }

    /// The 32 bytes at a place, whatever is there.
    function word(bytes calldata data, uint256 offset) internal pure returns (bytes32 found) {
        assembly ("memory-safe") {
            found := calldataload(add(data.offset, offset))
        }
    }

    function _readEntry(bytes calldata data, uint256 offset, Entry memory entry) private pure {
        entry.index = number(data, offset);
        entry.kind = number(data, offset + NUMBER_BYTES);
        entry.account = number(data, offset + 2 * NUMBER_BYTES);
        entry.asset = number(data, offset + 3 * NUMBER_BYTES);
        entry.amount = number(data, offset + 4 * NUMBER_BYTES);
        entry.owner = address(bytes20(word(data, offset + OWNER_AT)));
        _require(entry.kind <= EntryKinds.EXIT);
        _require(entry.account < 1 << Numbers.ACCOUNT_BITS);
        _require(entry.asset < 1 << Numbers.MARKET_BITS);
        bool isUsdc = entry.asset == Totals.USDC;
        bool areZero = _readWords(data, offset + WORDS_AT, entry);
        bool bringsKey = entry.kind == EntryKinds.REGISTER || entry.kind == EntryKinds.ROTATE;
        _require(bringsKey || areZero);
        if (entry.kind == EntryKinds.EXIT) {
            // Lie: an exit of an asset, of nothing, or of more than can be granted.
            _require(isUsdc && 0 < entry.amount && entry.amount < 1 << Numbers.OUTFLOW_BITS);
        } else {
            _require(entry.kind != EntryKinds.ROTATE || isUsdc);
            _require(entry.amount < 1 << (isUsdc ? Numbers.AMOUNT_BITS : Numbers.SIZE_BITS));
        }
    }

    /// The words of an entry, and whether all are zero.
    function _readWords(bytes calldata data, uint256 offset, Entry memory entry)
        private
        pure
        returns (bool)
    {
        uint256 all = 0;
        uint32[WORDS] memory words = entry.words;
        uint256 size = WORDS * WORD_BYTES;
        assembly ("memory-safe") {
            let start := add(data.offset, offset)
            for { let k := 0 } lt(k, size) { k := add(k, 4) } {
                let each := shr(224, calldataload(add(start, k)))
                mstore(add(words, shl(3, k)), each)
                all := or(all, each)
            }
        }
        return all == 0;
    }

    function _require(bool holds) private pure {
        if (!holds) revert Malformed();
    }
}
