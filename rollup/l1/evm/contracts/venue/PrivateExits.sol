// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BookCodec} from "venue/BookCodec.sol";
import {Elements} from "venue/Elements.sol";
import {Exits} from "venue/Exits.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {IFacts} from "venue/IFacts.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Layout} from "venue/Layout.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {Payouts} from "venue/Payouts.sol";
import {Pinned} from "venue/Pinned.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Statement} from "venue/Statement.sol";
import {PinnedFacts, Venue} from "venue/Venue.sol";

/// An escape by a proof that does not say which account it is of (rollup.l1.private_exit,
/// `escape_privately` of rollup.l1.exits). The contract makes the statement itself.
library PrivateExits {
    using Elements for uint256;

    /// What the contract is of, the data contract of the last header's parameters, and
    /// rollup.l1.private_exit.PrivateExit.
    struct Asked {
        uint256 chain;
        uint256 venue;
        address parameters;
        bytes32 nullifier;
        uint256 amount;
        address recipient;
    }

    uint256 private constant USDC = 0;
    uint256 private constant HEAD = 4;
    uint256 private constant DIGEST_BYTES = 32;
    uint256 private constant WORD_BITS = 32;

    /// Give the recipient what the proof says, once. Anybody brings it.
    function escape(Venue storage venue, Asked calldata asked, bytes calldata book) external {
        Exits.requireFrozen(venue.exits);
        requireCanonical(asked);
        Exits.requireUnspent(venue.exits, asked.nullifier);
        if (keccak256(book) != venue.book) revert Reverted(Reverts.BOOK_BEFORE);
        PinnedFacts memory pinned = Pinned.ofExits(venue.classes);
        bytes32 root = venue.headers.held[venue.headers.proved].root;
        bytes32 fact = Statement.fact(
            pinned.circuit, pinned.parameters, pinned.fixedRoot, encode(asked, root, book)
        );
        if (!IFacts(pinned.facts).isValid(fact)) revert Reverted(Reverts.PROOF);
        Payouts.Payout memory paid;
        paid.amount = asked.amount;
        Exits.settle(
            venue.exits,
            venue.money.vault.ledgers[USDC],
            paid,
            asked.recipient,
            asked.nullifier
        );
        emit IRollupEvents.EscapedPrivately(asked.nullifier, asked.recipient, asked.amount);
    }

    /// `require_wanted_exit`: BAD_ADDRESS for nobody, BAD_AMOUNT for what no account is worth,
    /// BAD_WORDS for a nullifier of another name.
    function requireCanonical(Asked calldata asked) private pure {
        // Lie: a recipient that a wallet left out. Nobody withdraws there, and the account has
        // escaped.
        if (asked.recipient == address(0)) revert Reverted(Reverts.BAD_ADDRESS);
        if (asked.amount >> Layout.EXIT_AMOUNT_BITS != 0) revert Reverted(Reverts.BAD_AMOUNT);
        uint256 digest = uint256(asked.nullifier);
        for (uint256 k = 0; k < Numbers.DIGEST_LENGTH; ++k) {
            // Lie: the same nullifier with p more in a word, to spend it once more.
            uint256 element = (digest & 0xff) << 24 | (digest >> 8 & 0xff) << 16
                | (digest >> 16 & 0xff) << 8 | (digest >> 24 & 0xff);
            if (element >= Numbers.FIELD_ORDER) revert Reverted(Reverts.BAD_WORDS);
            digest >>= WORD_BITS;
        }
    }

    /// The statement, in the bytes that a verifier absorbs (circuits.exit.inputs):
    ///
    ///     digest || count || root, nullifier, limbs of the amount || count || price ...
    function encode(Asked calldata asked, bytes32 root, bytes calldata book)
        internal
        view
        returns (bytes memory data)
    {
        uint256 markets = BookCodec.marketsOf(book);
        uint256 count = perpetualsOf(asked.parameters, markets);
        uint256 elements = 2 + Layout.EXIT_PUBLICS_WIDTH + count * (HEAD + Layout.PRICE_WIDTH);
        uint256 size = DIGEST_BYTES + elements * Elements.BYTES;
        data = new bytes(size + Elements.SLACK);
        bytes32 digest = digestOf(asked, root, keccak256(book));
        uint256 offset;
        assembly ("memory-safe") {
            mstore(data, size)
            mstore(add(data, 32), digest)
            offset := add(data, 64)
        }
        offset = offset.put(Layout.EXIT_PUBLICS_WIDTH).putDigest(root);
        offset = offset.putDigest(asked.nullifier);
        offset = offset.putLimbs(asked.amount, Layout.EXIT_AMOUNT_BITS).put(count);
        putPrices(offset, asked.parameters, book, markets);
    }

    /// How many of the first markets are of perpetuals.
    function perpetualsOf(address parameters, uint256 markets)
        private
        view
        returns (uint256 count)
    {
        for (uint256 market = 0; market < markets; ++market) {
            if (!GovernanceReader.isAsset(parameters, market + 1)) ++count;
        }
    }

    /// What a lot of each perpetual is worth.
    function putPrices(
        uint256 offset,
        address parameters,
        bytes calldata book,
        uint256 markets
    ) private view {
        for (uint256 market = 0; market < markets; ++market) {
            if (GovernanceReader.isAsset(parameters, market + 1)) continue;
            (uint256 price, int256 funding) = BookCodec.priceOf(book, market);
            offset = offset.put(Layout.PRICE_BUS).put(1).put(1).put(Layout.PRICE_WIDTH);
            offset = offset.put(market).putBalanced(int256(price) - funding, Layout.DIGITS);
        }
    }

    /// `ExitStatement.digest`.
    function digestOf(Asked calldata asked, bytes32 root, bytes32 book)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encodePacked(
                Tags.EXIT,
                uint64(asked.chain),
                uint64(asked.venue),
                root,
                book,
                asked.nullifier,
                uint128(asked.amount),
                asked.recipient
            )
        );
    }
}
