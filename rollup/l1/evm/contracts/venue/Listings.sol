// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Numbers} from "venue/Numbers.sol";
import {Governance, Market} from "venue/Types.sol";

/// What deposits ask of the parameters in force: which assets are listed (rollup.protocol.assets),
/// whether they are delisted, and at which first price. Kept by the digest of the parameters, so
/// that nobody need bring these to make a deposit.
library Listings {
    struct Listing {
        bool isListed;
        bool isDelisted;
        uint64 price;
    }

    struct Store {
        mapping(bytes32 governance => mapping(uint256 mark => Listing)) listings;
    }

    uint256 private constant USDC = 0;

    /// Keep what parameters say of their assets.
    function keep(Store storage store, Governance memory governance) internal {
        for (uint256 market = 0; market < governance.markets.length; market++) {
            if (governance.markets[market].kind != MarketKinds.ASSET) continue;
            bool isDelisted = governance.markets[market].delisted;
            uint64 price = uint64(governance.oracle.feeds[market].listingPrice);
            store.listings[governance.digest][market + 1] = Listing(true, isDelisted, price);
        }
    }

    /// Revert unless it is the mark of USDC or of an asset that is listed.
    function requireKnown(Store storage store, bytes32 governance, uint256 mark) internal view {
        if (mark != USDC && !store.listings[governance][mark].isListed) {
            revert Reverted(Reverts.UNKNOWN_ASSET);
        }
    }

    /// Revert unless a deposit of so much may be asked for: its asset is listed and not delisted,
    /// the amount fits its word, and is worth a place in the queue.
    function requireDeposit(
        Store storage store,
        bytes32 governance,
        uint256 mark,
        uint256 amount,
        uint256 least
    ) internal view {
        requireKnown(store, governance, mark);
        if (mark != USDC) {
            Listing memory listing = store.listings[governance][mark];
            if (listing.isDelisted) revert Reverted(Reverts.DELISTED_ASSET);
            least = (least + listing.price - 1) / listing.price;
        }
        requireAmount(mark, amount);
        if (amount < least) revert Reverted(Reverts.AMOUNT_TOO_SMALL);
    }

    /// Revert unless it is from 1 to 2^62 - 1 quanta, or 2^40 - 1 lots of an asset.
    function requireAmount(uint256 mark, uint256 amount) internal pure {
        uint256 bits = mark == USDC ? Numbers.AMOUNT_BITS : Numbers.SIZE_BITS;
        if (amount == 0 || amount >> bits != 0) revert Reverted(Reverts.BAD_AMOUNT);
    }
}
