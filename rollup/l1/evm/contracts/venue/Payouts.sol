// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BookCodec} from "venue/BookCodec.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {Leaf, Position} from "venue/LeafCodec.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";

/// What an opened account is worth to its owner (`payout` of rollup.l1.escape).
library Payouts {
    /// Lots of one asset: for the owner, and kept for what the account owes, each worth `price`.
    struct Asset {
        uint256 mark;
        uint256 lots;
        uint256 kept;
        uint256 price;
    }

    /// `amount` quanta and lots; `covered` is what all lots that are kept are worth.
    struct Payout {
        uint256 amount;
        uint256 covered;
        Asset[] assets;
    }

    /// What an account is paid at the prices of a book whose digest was compared, under the
    /// parameters in a data contract. WRONG_LEAF where a position is of a market without a price,
    /// or an asset is owed: no account of a root that was proved.
    function payout(Leaf memory leaf, bytes calldata book, address parameters)
        internal
        view
        returns (Payout memory paid)
    {
        int256 equity;
        (equity, paid.assets) = valued(leaf, book, parameters);
        uint256 owing = equity < 0 ? uint256(-equity) : 0;
        for (uint256 k = 0; k < paid.assets.length && owing > paid.covered; ++k) {
            Asset memory asset = paid.assets[k];
            if (!GovernanceReader.counts(parameters, asset.mark)) continue;
            uint256 wanted = (owing - paid.covered + asset.price - 1) / asset.price;
            asset.kept = wanted < asset.lots ? wanted : asset.lots;
            asset.lots -= asset.kept;
            paid.covered += asset.kept * asset.price;
        }
        if (equity >= 0) paid.amount = uint256(equity);
        else if (paid.covered > owing) paid.amount = paid.covered - owing;
    }

    /// Cash and perpetuals in quanta, and the assets with all their lots.
    function valued(Leaf memory leaf, bytes calldata book, address parameters)
        private
        view
        returns (int256 equity, Asset[] memory assets)
    {
        uint256 count = leaf.positions.length;
        uint256 markets = BookCodec.marketsOf(book);
        uint256 found = 0;
        assets = new Asset[](count);
        equity = leaf.cash;
        for (uint256 k = 0; k < count; ++k) {
            Position memory held = leaf.positions[k];
            if (held.market >= markets) revert Reverted(Reverts.WRONG_LEAF);
            (uint256 price, int256 funding) = BookCodec.priceOf(book, held.market);
            if (!GovernanceReader.isAsset(parameters, held.market + 1)) {
                equity += held.size * (int256(price) - funding);
                continue;
            }
            if (held.size < 0) revert Reverted(Reverts.WRONG_LEAF);
            assets[found] = Asset(held.market + 1, uint256(held.size), 0, price);
            ++found;
        }
        assembly ("memory-safe") {
            mstore(assets, found)
        }
    }
}
