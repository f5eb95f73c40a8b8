// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Books} from "venue/Books.sol";
import {Committees} from "venue/Committees.sol";
import {HeaderOf} from "venue/HeaderOf.sol";
import {Headers} from "venue/Headers.sol";
import {IFacts} from "venue/IFacts.sol";
import {Pinned} from "venue/Pinned.sol";
import {PublicCodec} from "venue/PublicCodec.sol";
import {Queue} from "venue/Queue.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Settlement} from "venue/Settlement.sol";
import {Statement} from "venue/Statement.sol";
import {Book, PublicInput} from "venue/Types.sol";
import {PinnedFacts, Venue} from "venue/Venue.sol";

/// `post_batch` of rollup.l1.mock: everything about a batch is asked, its proof last; then the root
/// advances.
library Posting {
    using Headers for Headers.Store;
    using Queue for Queue.Store;

    /// What the contract is of, L1's time, and the stake of an exit.
    struct Rules {
        uint256 chain;
        uint256 venue;
        uint256 time;
        uint256 stake;
    }

    /// Advance by the batch of these bytes, the canonical ones of its public input, its parameters,
    /// the book before it and its reports, with the word of its committee, if it has one. Its prices
    /// go on from the book that is proved, by the reports, and so does its step. The caller has
    /// asked who sends.
    function post(
        Venue storage venue,
        Rules calldata rules,
        bytes calldata publicInput,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports,
        bytes calldata attestation
    ) external {
        PublicInput memory batch = PublicCodec.read(publicInput, governance, book, reports);
        PinnedFacts memory pinned = Pinned.required(venue.classes, batch.shapeClass);
        requireHeader(venue, batch);
        if (batch.chain != rules.chain || batch.venue != rules.venue) {
            revert Reverted(Reverts.WRONG_VENUE);
        }
        requireDeposits(venue.money.queue, batch);
        (uint256 custody, int256[] memory changes) = Settlement.requireCovered(venue.money, batch);
        if (batch.bookBefore.digest != venue.book) revert Reverted(Reverts.BOOK_BEFORE);
        (Book memory own, bytes32 left) = Books.follow(batch, custody, changes);
        requireProved(batch, own, pinned, attestation);
        venue.book = left;
        venue.headers.prove();
        Settlement.settle(venue.money, batch, rules.stake, rules.time);
    }

    /// The batch is the oldest of the tail, and is what its header said, whole. The queue's own
    /// chain stands for the header's: it was held to it when it was taken.
    function requireHeader(Venue storage venue, PublicInput memory batch) private view {
        if (batch.number != uint256(venue.headers.proved) + 1) {
            revert Reverted(Reverts.WRONG_NUMBER);
        }
        (bool waits, Headers.Held storage held) = venue.headers.oldest();
        if (!waits) revert Reverted(Reverts.NO_HEADER);
        bytes32 queueHead = venue.money.queue.head(held.deposits);
        if (HeaderOf.digest(batch, queueHead) != held.digest) {
            revert Reverted(Reverts.HEADER_DIFFERS);
        }
    }

    /// The entries are those of the queue: they lead from its head before them to that behind them.
    function requireDeposits(Queue.Store storage queue, PublicInput memory batch) private view {
        bytes32 head = queue.head(batch.depositsBefore);
        for (uint256 place = 0; place < batch.deposits.length; ++place) {
            head = Queue.extended(head, batch.deposits[place].entry);
        }
        if (head != queue.head(batch.depositsBefore + batch.deposits.length)) {
            revert Reverted(Reverts.DEPOSIT_NOT_QUEUED);
        }
    }

    /// The committee, where there is one, holds what was published; and a verifier that is pinned
    /// knows a proof of what then was to be shown: `own` is the batch's book.
    function requireProved(
        PublicInput memory batch,
        Book memory own,
        PinnedFacts memory pinned,
        bytes calldata attestation
    ) private view {
        if (batch.governance.committee.keys.length != 0) {
            Committees.requireAttested(batch.governance.committee, batch.digest, attestation);
        }
        bytes32 fact = Statement.fact(
            pinned.circuit,
            pinned.parameters,
            pinned.fixedRoot,
            Statement.encode(batch, own)
        );
        if (!IFacts(pinned.facts).isValid(fact)) revert Reverted(Reverts.PROOF);
    }
}
